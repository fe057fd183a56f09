// A normal variable that is known to be positive: what one bit says about it.
#pragma once

namespace twofold::numerics {

/// Moments of k + g given k + g > 0, g ~ N(0,1), with φ and Φ the normal density and distribution.
struct PositiveNormal {
  double hazard;    ///< λ(k) = φ(k)/Φ(k)
  double mean;      ///< E[k + g | k + g > 0] = k + λ(k), > 0
  double variance;  ///< Var(g | k + g > 0) = 1 − λ(k)(λ(k) + k), in [0, 1]
};

/// For every finite k, without overflow or cancellation in either tail.
/// Accuracy: relative 1e-14 each. For z ~ N(m, v) and y = sign(z): k = y m/√v, E[z|y] = y √v mean,
/// Var(z|y) = v variance.
/// Source  docs/theory/one_bit.md#priors; continued fraction DLMF 7.9.1 for k < −3.
[[nodiscard]] PositiveNormal positive_normal(double k) noexcept;

/// ln Φ(k), relative accuracy 1e-14.
[[nodiscard]] double log_normal_cdf(double k) noexcept;

/// ln erfcx(x) = ln(e^{x²} erfc(x)); for negative x it grows as x².
[[nodiscard]] double log_scaled_erfc(double x) noexcept;

}  // namespace twofold::numerics
