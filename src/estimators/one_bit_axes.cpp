#include "one_bit_axes.hpp"

#include <fmt/format.h>

#include "one_bit_pipeline.hpp"
#include "rows.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/moments.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::fit_one_bit_codec";
constexpr double kLeastVariance = 1e-60, kMostVariance = 1e60;
constexpr double kNegligible = 1e-12;  // of the largest variance
constexpr Index kFewest = 8;           // coordinates below which nothing is tied

/// Σ t, Σ t², Σ t³, Σ t⁴, element by element.
struct PowerSums {
  Vector first, second, third, fourth;
  PowerSums& operator+=(const PowerSums& other) {
    first += other.first;
    second += other.second;
    third += other.third;
    fourth += other.fourth;
    return *this;
  }
};

/// Of t = T (x − origin), origin the first row.
struct TransformedMoments {
  Vector origin, mean, variance;
  double kurtosis = 3.0;  // mean of E(t − E t)⁴ over the squared mean of variances
};

PowerSums power_sums(const OrthonormalTransform& transform, const ConstView<double>& X,
                     const Vector& origin, std::uint64_t first_row) {
  MatrixF U(X.rows(), X.cols()), T(X.rows(), transform.output());
  std::vector<int> exponents(static_cast<std::size_t>(X.rows()));
  const Index bad = center_rows<double>(X, origin, U, exponents);
  if (bad < X.rows()) {
    throw DataError(kWhere, fmt::format("row {} (counted from 0) holds a NaN or an infinity; "
                                        "remove the row or replace the value",
                                        first_row + static_cast<std::uint64_t>(bad)));
  }
  transform.forward(U, T);
  const Vector zero = Vector::Zero(T.cols());
  PowerSums sums{zero, zero, zero, zero};
  for (Index i = 0; i < T.rows(); ++i) {
    const double scale = std::ldexp(1.0, exponents[static_cast<std::size_t>(i)]);
    const Eigen::ArrayXd t = T.row(i).transpose().cast<double>().array() * scale;
    sums.first.array() += t;
    sums.second.array() += t.square();
    sums.third.array() += t.cube();
    sums.fourth.array() += t.square().square();
  }
  return sums;
}

TransformedMoments transformed_moments(const data::Source& source,
                                       const OrthonormalTransform& transform, ThreadPool& pool,
                                       Observer& observer) {
  TransformedMoments result;
  const Vector zero = Vector::Zero(transform.output());
  PowerSums sums{zero, zero, zero, zero};
  const SpacedRows all(source.size(), source.size());
  for_each_chunk<double>(
      source, all, pool, "fit: variances", observer,
      [&](std::uint64_t first, const ConstView<double>& X) {
        if (first == 0) result.origin = X.row(0).transpose();
        sums += parallel_sum<PowerSums>(pool, X.rows(), kRowsPerTask, [&](Index begin, Index end) {
          return power_sums(transform, X.middleRows(begin, end - begin), result.origin,
                            first + static_cast<std::uint64_t>(begin));
        });
      });
  const auto n = static_cast<double>(source.size());
  result.mean = sums.first / n;
  result.variance = (sums.second / n - result.mean.cwiseAbs2()).cwiseMax(0.0);
  const double pooled = result.variance.mean();
  const auto m = result.mean.array();
  const Eigen::ArrayXd fourth = sums.fourth.array() / n - 4.0 * m * sums.third.array() / n +
                                6.0 * m.square() * sums.second.array() / n -
                                3.0 * m.square().square();
  if (pooled > 0.0) result.kurtosis = std::max(1.0, fourth.mean() / (pooled * pooled));
  return result;
}

void check_variance(const Vector& variances, const std::string& what) {
  const double total = variances.sum();
  if (total == 0.0) {
    throw DataError(kWhere, what +
                                ": all rows are equal, so there is nothing to encode; give data "
                                "that vary");
  }
  if (!(total >= kLeastVariance && total <= kMostVariance)) {
    throw DataError(kWhere, fmt::format("{}: the sum of the variances is {:.3g}, outside [{}, {}]; "
                                        "scale the data",
                                        what, total, kLeastVariance, kMostVariance));
  }
}

void drop_negligible(Vector& variances) {
  const double least = kNegligible * variances.maxCoeff();
  for (double& v : variances) {
    if (v < least) v = 0.0;
  }
}

void fit_principal(const data::Source& source, ThreadPool& pool, Observer& observer,
                   OneBitCodecParameters& p) {
  data::Moments moments = data::moments(source, pool, observer);
  stop_if_asked(observer);
  check_variance(moments.covariance().diagonal().cwiseMax(0.0), source.description());
  const SymmetricEigen eigen = symmetric_eigen(moments.covariance());
  if (eigen.status != SolveStatus::Converged) {
    throw DataError(kWhere, fmt::format("{}: its covariance has no principal directions ({}); "
                                        "scale the data",
                                        source.description(), to_string(eigen.status)));
  }
  p.mean = std::move(moments.mean);
  p.variances = eigen.values.cwiseMax(0.0);
  p.directions = eigen.vectors.transpose().cast<float>();
}

// The mean of x is that of t taken back: exact for the identity, else to float accuracy.
void fit_elements(const data::Source& source, ThreadPool& pool, Observer& observer,
                  OneBitCodecParameters& p) {
  const OrthonormalTransform transform = make_transform(p);
  TransformedMoments moments = transformed_moments(source, transform, pool, observer);
  p.variances = std::move(moments.variance);
  check_variance(p.variances, source.description());
  const auto n = static_cast<double>(source.size());
  const double pooled = p.variances.mean();
  const double error = (moments.kurtosis - 1.0) * pooled * pooled / n;
  if (tie(p.variances, Vector::Constant(p.variances.size(), error))) {
    observer.message(Severity::Info, "variances are equal within their errors; one for all");
  }
  if (p.transform != TransformKind::None) {
    MatrixF back(1, transform.input());
    const MatrixF mean = moments.mean.transpose().cast<float>();
    transform.backward(mean, back);
    p.mean = moments.origin + back.row(0).transpose().cast<double>();
    return;
  }
  p.mean = moments.origin + moments.mean;
  if (!tie(p.mean, p.variances / n)) return;
  const double common = p.mean[0];
  const double spread = p.variances.sum() / (n * static_cast<double>(p.mean.size()) *
                                             static_cast<double>(p.mean.size()));
  if (common * common <= 25.0 * spread) p.mean.setZero();
  observer.message(Severity::Info, fmt::format("means are equal within their errors; {:.4g} for "
                                               "all",
                                               p.mean[0]));
}

}  // namespace

bool tie(Vector& values, const Vector& squared_errors) {
  double weight = 0.0, sum = 0.0, statistic = 0.0;
  Index count = 0;
  for (Index i = 0; i < values.size(); ++i) {
    if (!(squared_errors[i] > 0.0)) return false;
    weight += 1.0 / squared_errors[i];
    sum += values[i] / squared_errors[i];
    ++count;
  }
  if (count < kFewest) return false;
  const double common = sum / weight;
  for (Index i = 0; i < values.size(); ++i) {
    statistic += (values[i] - common) * (values[i] - common) / squared_errors[i];
  }
  const auto expected = static_cast<double>(count - 1);
  if (!(statistic <= expected + 5.0 * std::sqrt(2.0 * expected))) return false;
  values.setConstant(common);
  return true;
}

void fit_axes(const data::Source& source, TransformKind kind, ThreadPool& pool, Observer& observer,
              OneBitCodecParameters& p) {
  p.transform = kind;
  p.training_rows = source.size();
  if (kind == TransformKind::Principal) {
    fit_principal(source, pool, observer, p);
  } else {
    p.mean = Vector::Zero(source.dimension());  // for make_transform, which needs d
    if (kind == TransformKind::Cosine) p.image = source.image_shape();
    fit_elements(source, pool, observer, p);
  }
  drop_negligible(p.variances);
}

}  // namespace twofold::estimators
