#include "twofold/theory/tangent_kernel_movement.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "checks.hpp"
#include "tangent_geometry.hpp"

namespace twofold::theory {
namespace {

void check_square(const Matrix& matrix, Index n, std::string_view name, std::string_view where) {
  if (matrix.rows() == n && matrix.cols() == n) return;
  throw InvalidArgument(
      where, fmt::format("{} must be {}x{}, got {}x{}", name, n, n, matrix.rows(), matrix.cols()));
}

double squared_norm(const Matrix& kernel, const Matrix& drive, Index dimension) {
  return std::max(kernel.cwiseProduct(drive).sum() / static_cast<double>(dimension), 0.0);
}

}  // namespace

Matrix drive(const TangentSpectrum& spectrum, const Matrix& start, double step, double steps) {
  constexpr auto where = "theory::drive";
  require(spectrum.status == SolveStatus::Converged, where, "the spectrum did not converge");
  check_square(start, spectrum.values.size(), "start", where);
  require_positive(step, "step", where);
  require(steps >= 0.0, where, fmt::format("steps must be >= 0, got {}", steps));
  const auto filter = [&](double value) {
    return (1.0 - (std::isinf(steps) ? 0.0 : std::pow(1.0 - step * value, steps))) / value;
  };
  const auto basis = spectrum.vectors.leftCols(spectrum.rank);
  const Vector factors = spectrum.values.head(spectrum.rank).unaryExpr(filter);
  const Matrix filtered = basis * factors.asDiagonal();
  const Matrix modes = basis.transpose() * start * basis;
  return filtered * modes * filtered.transpose();
}

WeightMovement weight_movement(const TangentKernels& kernels, const KernelRates& rates,
                               const Matrix& drive, Index dimension) {
  constexpr auto where = "theory::weight_movement";
  check_rates(rates, where);
  check_square(drive, kernels.encoder.rows(), "drive", where);
  require(dimension >= 1, where, fmt::format("dimension must be >= 1, got {}", dimension));
  return {rates.encoder * std::sqrt(squared_norm(kernels.encoder, drive, dimension)),
          rates.decoder * std::sqrt(squared_norm(kernels.decoder, drive, dimension))};
}

double neuron_movement_bound(double largest_gram, Index neurons, double path) {
  constexpr auto where = "theory::neuron_movement_bound";
  require_non_negative(largest_gram, "largest_gram", where);
  require_non_negative(path, "path", where);
  require(neurons >= 1, where, fmt::format("neurons must be >= 1, got {}", neurons));
  return std::sqrt(largest_gram / static_cast<double>(neurons)) * path;
}

double flip_fraction(const ConstView<double>& X, const TangentKernels& kernels,
                     const KernelRates& rates, const Matrix& drive, Index neurons) {
  constexpr auto where = "theory::flip_fraction";
  const Index n = X.rows();
  check_rates(rates, where);
  check_square(drive, n, "drive", where);
  check_square(kernels.active, n, "the kernels", where);
  require(neurons >= 1, where, fmt::format("neurons must be >= 1, got {}", neurons));
  const Matrix gram = X * X.transpose();
  const Matrix images = gram * drive.cwiseProduct(kernels.active);
  double sum = 0.0;
  Index counted = 0;
  for (Index i = 0; i < n; ++i) {
    if (gram(i, i) == 0.0) continue;
    sum += std::sqrt(std::max(images.row(i).dot(gram.row(i)), 0.0) / gram(i, i));
    ++counted;
  }
  const double scale = static_cast<double>(neurons) * static_cast<double>(X.cols());
  return counted == 0 ? 0.0
                      : rates.encoder * sum /
                            (std::numbers::pi * std::sqrt(scale) * static_cast<double>(counted));
}

}  // namespace twofold::theory
