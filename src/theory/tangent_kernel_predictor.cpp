#include "twofold/theory/tangent_kernel_predictor.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "checks.hpp"
#include "tangent_geometry.hpp"
#include "twofold/linalg/svd.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A sample whose share in the null space is above this has a kernel function that the others span.
// A true share is at least one over the size of a group of copies; rounding gives about 1e-12.
constexpr double kSpannedByOthers = 1e-7;

Matrix span_of(const Matrix& X) {
  const Svd decomposition = svd(X);
  const double cut = kNullShare * decomposition.values[0];
  const Index rank = (decomposition.values.array() > cut).count();
  return decomposition.v.leftCols(rank);
}

}  // namespace

SpectralFilter SpectralFilter::interpolation() {
  return {0.0, kInfinity, 0.0};
}

SpectralFilter SpectralFilter::gradient_descent(double step, double steps) {
  constexpr auto where = "theory::SpectralFilter::gradient_descent";
  require_positive(step, "step", where);
  require_non_negative(steps, "steps", where);
  return {step, steps, 0.0};
}

SpectralFilter SpectralFilter::ridge(double penalty) {
  require_non_negative(penalty, "penalty", "theory::SpectralFilter::ridge");
  return {0.0, kInfinity, penalty};
}

double SpectralFilter::value(double eigenvalue) const {
  if (std::isinf(steps_)) return 1.0 / (eigenvalue + penalty_);
  return (1.0 - std::pow(1.0 - step_ * eigenvalue, steps_)) / eigenvalue;
}

TangentPredictor::TangentPredictor(ThreadPool& pool, const ConstView<double>& X,
                                   const KernelRates& rates)
    : samples_(X),
      rates_(rates),
      kernels_(tangent_kernels(pool, X)),
      spectrum_(tangent_spectrum(combine(kernels_, rates), X.cols())),
      span_(span_of(samples_)) {}

Matrix TangentPredictor::filtered(const Matrix& cross, const SpectralFilter& filter) const {
  const auto basis = spectrum_.vectors.leftCols(spectrum_.rank);
  const Vector factors = spectrum_.values.head(spectrum_.rank).unaryExpr([&](double value) {
    return filter.value(value);
  });
  Matrix modes = cross * basis;
  modes *= (factors / static_cast<double>(samples_.cols())).eval().asDiagonal();
  return modes * basis.transpose();
}

Matrix TangentPredictor::weights(ThreadPool& pool, const ConstView<double>& Q,
                                 const SpectralFilter& filter) const {
  return filtered(combine(tangent_kernels(pool, Q, samples_), rates_), filter);
}

Matrix TangentPredictor::predict(ThreadPool& pool, const ConstView<double>& Q,
                                 const SpectralFilter& filter) const {
  return weights(pool, Q, filter) * samples_;
}

Vector TangentPredictor::start_variance(ThreadPool& pool, const ConstView<double>& Q,
                                        const SpectralFilter& filter) const {
  const TangentKernels cross = tangent_kernels(pool, Q, samples_);
  const Matrix weights = filtered(combine(cross, rates_), filter);
  const Matrix through = weights * kernels_.decoder - 2.0 * cross.decoder;
  const Vector own = 0.5 * Q.rowwise().squaredNorm();
  const Vector variance = own + weights.cwiseProduct(through).rowwise().sum();
  return variance.cwiseMax(0.0) / static_cast<double>(samples_.cols());
}

Vector TangentPredictor::off_span(const ConstView<double>& Q) const {
  constexpr auto where = "theory::TangentPredictor::off_span";
  const UnitRows unit = unit_rows(Q, where);
  require(Q.cols() == samples_.cols(), where,
          fmt::format("queries have dimension {}, samples {}", Q.cols(), samples_.cols()));
  const Matrix inside = unit.rows * span_;
  return (unit.rows - inside * span_.transpose()).rowwise().norm();
}

Matrix TangentPredictor::leave_one_out(double penalty) const {
  require_non_negative(penalty, "penalty", "theory::TangentPredictor::leave_one_out");
  const auto basis = spectrum_.vectors.leftCols(spectrum_.rank);
  const Matrix& all = spectrum_.vectors;
  const Index n = samples_.rows();
  Matrix solved, modes = all.transpose() * samples_;
  Vector diagonal, spanned = Vector::Zero(n);
  if (penalty > 0.0) {
    const Vector factors = (spectrum_.values.array() + penalty).inverse();
    modes = factors.asDiagonal() * Matrix(modes);
    solved = all * modes;
    diagonal = all.cwiseAbs2() * factors;
  } else {
    const Vector factors = spectrum_.values.head(spectrum_.rank).cwiseInverse();
    modes = factors.asDiagonal() * Matrix(modes.topRows(spectrum_.rank));
    solved = basis * modes;
    diagonal = basis.cwiseAbs2() * factors;
    spanned = all.rightCols(n - spectrum_.rank).rowwise().squaredNorm();
  }
  Matrix residuals(n, samples_.cols());
  for (Index i = 0; i < n; ++i) {
    if (spanned[i] > kSpannedByOthers) {
      residuals.row(i) = samples_.row(i) - basis.row(i) * (basis.transpose() * samples_);
    } else {
      residuals.row(i) = solved.row(i) / diagonal[i];
    }
  }
  return residuals;
}

}  // namespace twofold::theory
