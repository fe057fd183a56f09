// Eigenvalues of Θ = Km/d: how fast and how safely gradient descent can go.
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold::theory {

/// Eigenvalues not above this share of the largest one are 0: duplicates, scaled copies and
/// surplus antipodal pairs make Θ singular, and rounding would make them ±1e-16.
inline constexpr double kNullShare = 1e-10;

/// Θ = V diag(values) Vᵀ.
struct [[nodiscard]] TangentSpectrum {
  Vector values;  ///< n, descending, unit data²; those that are not above kNullShare are exactly 0
  Matrix vectors;                               ///< n×n, orthonormal columns
  Index rank = 0;                               ///< eigenvalues above 0
  SolveStatus status = SolveStatus::Converged;  ///< otherwise all is NaN and rank 0

  /// λ_max.
  [[nodiscard]] double largest() const { return values[0]; }
  /// The smallest eigenvalue above 0 (λ_min where Θ is regular); 0 if Θ = 0.
  [[nodiscard]] double smallest() const { return rank > 0 ? values[rank - 1] : 0.0; }
};

/// @param kernel     Km, n×n, symmetric (its lower triangle is read).
/// @param dimension  d >= 1, length of a sample.
/// @throws InvalidArgument  if the kernel is empty, not square or above 32 000 rows, or d < 1.
[[nodiscard]] TangentSpectrum tangent_spectrum(const Matrix& kernel, Index dimension);

/// Θ⁺ B, the pseudo-inverse times an n×q matrix.
/// @throws InvalidArgument  if B has another number of rows.
[[nodiscard]] Matrix pseudo_solve(const TangentSpectrum& spectrum, const ConstView<double>& B);

/// Steps η of E_{t+1} = E_t (I − ηΘ), unit 1/data².
struct TangentStepLimits {
  double stable;     ///< 2/λ_max: at and above it the linearised loss does not decrease
  double best;       ///< 2/(λ_max + λ_min): the fastest worst mode
  double practical;  ///< 1.8/λ_max
};

/// @param largest, smallest  λ_max > 0 and λ_min in [0, λ_max] of Θ, infinite width or empirical.
/// @throws InvalidArgument  otherwise. Source: docs/theory/tangent_kernel.md#step.
[[nodiscard]] TangentStepLimits tangent_step_limits(double largest, double smallest);

}  // namespace twofold::theory
