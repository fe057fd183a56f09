#include "tangent_geometry.hpp"

#include <fmt/format.h>

#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::theory {

void check_samples(const ConstView<double>& X, std::string_view where) {
  if (X.rows() < 1 || X.cols() < 1) {
    throw InvalidArgument(where, fmt::format("no samples: got {}x{}", X.rows(), X.cols()));
  }
  for (Index i = 0; i < X.rows(); ++i) {
    if (!X.row(i).allFinite()) {
      throw InvalidArgument(where, fmt::format("row {} has an entry that is not finite", i));
    }
  }
}

// stableNorm: rows of norm 1e-200 or 1e200 have a direction too. Dividing by the largest entry
// first keeps the quotient accurate where the norm itself is subnormal.
Eigen::RowVectorXd unit_row(const ConstView<double>& X, Index i, double& norm) {
  Eigen::RowVectorXd row = X.row(i);
  norm = row.stableNorm();
  const double largest = row.cwiseAbs().maxCoeff();
  if (largest > 0.0) {
    row /= largest;
    row /= row.norm();
  }
  return row;
}

UnitRows unit_rows(const ConstView<double>& X, std::string_view where) {
  check_samples(X, where);
  UnitRows unit{Matrix(X.rows(), X.cols()), Vector(X.rows())};
  for (Index i = 0; i < X.rows(); ++i) unit.rows.row(i) = unit_row(X, i, unit.norms[i]);
  return unit;
}

PairAngle pair_angle(const double* x, const double* y, Index d) noexcept {
  double difference = 0.0, sum = 0.0;
  for (Index k = 0; k < d; ++k) {
    difference += (x[k] - y[k]) * (x[k] - y[k]);
    sum += (x[k] + y[k]) * (x[k] + y[k]);
  }
  const double a = std::sqrt(difference), b = std::sqrt(sum), both = difference + sum;
  return {2.0 * std::atan2(b, a), (sum - difference) / both, 2.0 * a * b / both};
}

PairAngle pair_angle(double cosine, const double* x, const double* y, Index d) noexcept {
  if (std::abs(cosine) > kNearlyParallel) return pair_angle(x, y, d);
  return {std::acos(-cosine), cosine, std::sqrt((1.0 - cosine) * (1.0 + cosine))};
}

void check_rates(const KernelRates& rates, std::string_view where) {
  const bool valid = std::isfinite(rates.encoder) && rates.encoder >= 0.0 &&
                     std::isfinite(rates.decoder) && rates.decoder >= 0.0 &&
                     rates.encoder + rates.decoder > 0.0;
  if (valid) return;
  throw InvalidArgument(where, fmt::format("rates must be finite, >= 0 and not both 0, got {} and "
                                           "{}",
                                           rates.encoder, rates.decoder));
}

}  // namespace twofold::theory
