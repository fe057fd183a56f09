// What one bit per projection can keep with a linear decoder: Gaussian limits, and how to share the
// bits among coordinates of unequal variance.
#pragma once

#include "twofold/linalg/matrix.hpp"

// y = sign(Bx) ∈ {−1, +1}^n, unit-norm rows of B, x̂ = A y; loss R = E‖x − x̂‖²/d for E x_i² = 1.
// Rate r = n/d > 0, finite; otherwise InvalidArgument.
namespace twofold::theory {

/// c = π/2 − 1, the noise of a sign against its linear part: y = √(2/π) (z + √c e).
inline constexpr double kSignNoise = 0.57079632679489661923;

/// Least loss of any B with the best linear A, for Gaussian x:
///   R_Gauss(r) = 1 − 2r/π (r <= 1),  c/(r + c) (r >= 1).
/// Source  docs/theory/one_bit.md#gaussian-limit.
[[nodiscard]] double gaussian_limit(double rate);

/// The same with random B (rows uniform on the sphere, d → ∞) and the best linear A:
///   R = c m,  m = (−(c + r − 1) + √((c + r − 1)² + 4c))/(2c).
/// The loss before the encoder is trained. Source  docs/theory/one_bit.md#gaussian-limit.
[[nodiscard]] double random_encoder_limit(double rate);

/// Random B and the best multiple of Bᵀ as decoder: t/(1 + t), t = π/(2r).
[[nodiscard]] double matched_filter_limit(double rate);

/// Noise of the scalar channel x_i + √τ g that Bᵀy is equivalent to, for orthogonal B:
///   τ_1 = π/(2r) − 1 (r <= 1),  (π/2 − 1)/r (r >= 1);  R_Gauss = τ_1/(1 + τ_1).
/// Source  docs/theory/one_bit.md#gaussian-limit.
[[nodiscard]] double channel_noise(double rate);

/// The same for random B: π/(2r).
[[nodiscard]] double random_channel_noise(double rate);

/// R at finite d, r <= 1, orthonormal rows:
///   1 − (2r/π)(1 − k4 s/24)²,  k4 = E x⁴ − 3,  s = mean over rows of Σ_j B_ij⁴.
/// s is 3/(d + 2) for Haar rows, 1/d for a Hadamard matrix. First order in k4 s, which should be
/// well below 1.
/// @param fourth_moment  E x⁴ >= 1.  @param row_fourth  s in (0, 1].
/// Source  docs/theory/one_bit.md#gaussian-limit.
[[nodiscard]] double finite_dimension_limit(double rate, double fourth_moment, double row_fourth);

/// How n bits are shared among independent coordinates of unequal variance.
struct BitSharing {
  Vector share;  ///< bits per coordinate; >= 0, sum n
  double loss;   ///< Σ_i s_i² (relative loss of i) / Σ_i s_i²
};

/// The best scaling of Gaussian coordinates before a rotation-like B, with linear decoding:
/// coordinate i enters the unit-variance projections with energy λ_i (sum n), and keeps the
/// relative loss c/(c + λ_i); the sum is least for λ_i = (√c s_i/μ − c)_+ with μ set by the sum.
/// At most n coordinates are used; so at equal variances the loss is R_Gauss(n/d) for every rate.
/// @param variances  s_i², finite, >= 0, not all 0, in any order.  @param bits  n >= 1.
/// Cost: d log d. Source  docs/theory/one_bit.md#anisotropic.
[[nodiscard]] BitSharing best_scaling(const Vector& variances, Index bits);

/// Loss Σ s_i² c/(c + λ_i)/Σ s_i² of given energies λ_i >= 0 (whitened: all n/d; raw: ∝ s_i²).
[[nodiscard]] double scaling_loss(const Vector& variances, const Vector& energies);

/// The best sharing if B may not mix coordinates of different variance: coordinate i stands for a
/// large block of its variance that is encoded apart at rate r_i, with relative loss R_Gauss(r_i).
/// Filled by largest marginal gain: 2s²/π up to r_i = 1, s²c/(r_i + c)² beyond.
/// Never better than best_scaling, since bits of weak coordinates cannot be shared.
/// @param bits  n >= 1.  Accuracy of loss: 1e-12.  Source  docs/theory/one_bit.md#anisotropic.
[[nodiscard]] BitSharing best_separate_rates(const Vector& variances, Index bits);

}  // namespace twofold::theory
