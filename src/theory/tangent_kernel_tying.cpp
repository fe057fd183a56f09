#include "twofold/theory/tangent_kernel_tying.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "checks.hpp"
#include "tangent_geometry.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

namespace twofold::theory {
namespace {

using Direction = Eigen::RowVectorXd;

// E[1_i 1_j w wᵀ]; the term whose vector vanishes has sin θ = 0.
Matrix both_active_moment(const Direction& x, const Direction& y) {
  const Index d = x.size();
  const PairAngle angle = pair_angle(x.data(), y.data(), d);
  constexpr double over_two_pi = 0.5 / std::numbers::pi;
  Matrix q = angle.supplement * over_two_pi * Matrix::Identity(d, d);
  const Direction along = x + y, across = x - y;
  const double weight = angle.sine * over_two_pi;
  if (weight > 0.0) {
    q += weight * (along.transpose() * along / along.squaredNorm() -
                   across.transpose() * across / across.squaredNorm());
  }
  return q;
}

}  // namespace

TiedStart tied_start(const TiedScaling& scaling) {
  constexpr auto where = "theory::tied_start";
  require(scaling.neurons >= 1 && scaling.dimension >= 1, where,
          fmt::format("neurons and dimension must be >= 1, got {} and {}", scaling.neurons,
                      scaling.dimension));
  require_positive(scaling.divisor, "divisor", where);
  require_positive(scaling.variance, "variance", where);
  const auto neurons = static_cast<double>(scaling.neurons);
  const double gain = scaling.variance / scaling.divisor;
  const double slope = 0.5 * neurons * gain;
  const double spread =
      neurons * gain * gain * (2.0 * static_cast<double>(scaling.dimension) + 3.0) / 4.0;
  return {slope, spread, 0.5 * ((slope - 1.0) * (slope - 1.0) + spread)};
}

Matrix tied_kernel(const ConstView<double>& X, double allowed_bytes) {
  constexpr auto where = "theory::tied_kernel";
  const UnitRows unit = unit_rows(X, where);
  const Index n = X.rows(), d = X.cols();
  const double size = static_cast<double>(n) * static_cast<double>(d);
  require(
      8.0 * size * size <= allowed_bytes, where,
      fmt::format("the kernel of {} samples of dimension {} needs {:.3g} GB, allowed are {:.3g}", n,
                  d, 8e-9 * size * size, 1e-9 * allowed_bytes));
  Matrix kernel = Matrix::Zero(n * d, n * d);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      if (unit.norms[i] == 0.0 || unit.norms[j] == 0.0) continue;
      const Matrix q = both_active_moment(unit.rows.row(i), unit.rows.row(j));
      const Matrix outer = X.row(j).transpose() * X.row(i);
      const double diagonal = X.row(i) * q * X.row(j).transpose();
      auto block = kernel.block(i * d, j * d, d, d);
      block =
          (diagonal * Matrix::Identity(d, d) + outer * q + q * outer + X.row(i).dot(X.row(j)) * q) /
          static_cast<double>(d);
      if (j < i) kernel.block(j * d, i * d, d, d) = block.transpose();
    }
  }
  return kernel;
}

double tied_relative_movement(const ConstView<double>& X, const TiedScaling& scaling,
                              double allowed_bytes) {
  constexpr auto where = "theory::tied_relative_movement";
  const TiedStart start = tied_start(scaling);
  require(X.cols() == scaling.dimension, where,
          fmt::format("samples have dimension {}, the scaling {}", X.cols(), scaling.dimension));
  // tied_kernel is divided by d already.
  const TangentSpectrum spectrum = tangent_spectrum(tied_kernel(X, allowed_bytes), 1);
  const Matrix samples = X;
  const Eigen::Map<const Matrix> stacked(samples.data(), samples.size(), 1);
  const double q = stacked.col(0).dot(pseudo_solve(spectrum, stacked).col(0));
  return std::abs(1.0 - start.slope) * scaling.divisor * std::sqrt(q) /
         (scaling.variance * static_cast<double>(scaling.neurons) *
          static_cast<double>(scaling.dimension));
}

}  // namespace twofold::theory
