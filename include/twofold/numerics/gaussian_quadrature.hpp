// Expectations over a standard normal variable, by Gauss-Hermite and by the trapezoid rule.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "twofold/core/error.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::numerics {

/// E f(g) ≈ Σ_i weights[i] f(nodes[i]), g ~ N(0,1).
struct GaussianRule {
  Vector nodes;    ///< ascending, exactly symmetric about 0.
  Vector weights;  ///< positive, sum 1.
};

/// The n-point Gauss-Hermite rule: exact for polynomials of degree 2n - 1.
///
/// Nodes are the eigenvalues of the Jacobi matrix (Golub and Welsch, Math. Comp. 23 (1969) 221),
/// polished by a Newton step; weights are 1 / Σ_{k<n} h_k(x)^2 with orthonormal Hermite
/// polynomials h_k, which keeps the far tail accurate relatively.
/// @param points  n in [1, 256]. Throws InvalidArgument otherwise.
/// Accuracy: about n eps, relative, for nodes and weights.
[[nodiscard]] GaussianRule gauss_hermite(Index points);

/// Σ_i weights[i] f(nodes[i]).
template <typename F>
[[nodiscard]] double expectation(const GaussianRule& rule, F&& f) {
  double sum = 0.0;
  for (Index i = 0; i < rule.nodes.size(); ++i) sum += rule.weights[i] * f(rule.nodes[i]);
  return sum;
}

/// E f(√q g), g ~ N(0,1), by the trapezoid rule.
///
///   h / √(2π) Σ_k f(√q k h) exp(-(k h)²/2),  h = min(1/4, 1/(4√q)),  |k h| <= min(9.5, 22/√q)
///
/// @param q  variance, finite and >= 0 (q = 0 gives f(0)). Throws InvalidArgument otherwise.
/// @param f  analytic in a strip of half width 1.5 or so about the real axis (erf, tanh, sigmoid
/// and
///           their slopes). For q > 5.3 the sum ends at |√q g| = 22, so there f must decay as
///           fast as exp(-2|u|); for smaller q it may grow like a polynomial.
/// Accuracy: 5e-15 relative for f = sech², q in [1e-8, 1e6]; 77 to 179 nodes.
/// Source: docs/theory/mean_field.md.
template <typename F>
[[nodiscard]] double gaussian_mean_trapezoid(double q, F&& f) {
  if (!(q >= 0.0 && std::isfinite(q))) {
    throw InvalidArgument("numerics::gaussian_mean_trapezoid",
                          "variance q must be finite and >= 0, got " + std::to_string(q));
  }
  if (q == 0.0) return f(0.0);
  const double scale = std::sqrt(q);
  const double step = std::min(0.25, 0.25 / scale);
  const int last = static_cast<int>(std::min(9.5, 22.0 / scale) / step);
  double sum = 0.0;
  for (int k = last; k > 0; --k) {  // small terms first
    const double g = k * step;
    sum += (f(scale * g) + f(-scale * g)) * std::exp(-0.5 * g * g);
  }
  return (sum + f(0.0)) * step * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}

}  // namespace twofold::numerics
