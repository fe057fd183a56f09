#include "twofold/theory/tangent_kernel_spectrum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "twofold/core/error.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::theory {

TangentSpectrum tangent_spectrum(const Matrix& kernel, Index dimension) {
  constexpr auto where = "theory::tangent_spectrum";
  require(
      kernel.rows() >= 1 && kernel.rows() == kernel.cols(), where,
      fmt::format("kernel must be square and not empty, got {}x{}", kernel.rows(), kernel.cols()));
  require(dimension >= 1, where, fmt::format("dimension must be >= 1, got {}", dimension));
  SymmetricEigen eigen = symmetric_eigen(kernel / static_cast<double>(dimension));
  TangentSpectrum spectrum{std::move(eigen.values), std::move(eigen.vectors), 0, eigen.status};
  if (spectrum.status != SolveStatus::Converged) return spectrum;
  const double cut = kNullShare * std::max(spectrum.values[0], 0.0);
  const auto above = [cut](double value) { return value > cut; };
  spectrum.rank = std::count_if(spectrum.values.begin(), spectrum.values.end(), above);
  spectrum.values.tail(spectrum.values.size() - spectrum.rank).setZero();
  return spectrum;
}

Matrix pseudo_solve(const TangentSpectrum& spectrum, const ConstView<double>& B) {
  require(B.rows() == spectrum.values.size(), "theory::pseudo_solve",
          fmt::format("expected {} rows, got {}", spectrum.values.size(), B.rows()));
  const auto basis = spectrum.vectors.leftCols(spectrum.rank);
  const Vector inverse = spectrum.values.head(spectrum.rank).cwiseInverse();
  const Matrix modes = inverse.asDiagonal() * (basis.transpose() * B);
  return basis * modes;
}

TangentStepLimits tangent_step_limits(double largest, double smallest) {
  const bool valid =
      std::isfinite(largest) && largest > 0.0 && smallest >= 0.0 && smallest <= largest;
  require(valid, "theory::tangent_step_limits",
          fmt::format("need 0 <= smallest <= largest and largest > 0, got {} and {}", smallest,
                      largest));
  return {2.0 / largest, 2.0 / (largest + smallest), 1.8 / largest};
}

}  // namespace twofold::theory
