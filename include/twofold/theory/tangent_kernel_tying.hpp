// What weight tying does to the start: outputs that blow up, or that are the input already.
#pragma once

#include "twofold/theory/tangent_kernel.hpp"

// Tied network u(x) = (1/c) Σ_r w_r φ(w_r·x), w_r ~ N(0, v I); c = N ("mean field") or √(Nd), which
// is right for untied networks.
namespace twofold::theory {

struct TiedScaling {
  Index neurons = 0;      ///< N >= 1
  Index dimension = 0;    ///< d >= 1
  double divisor = 0.0;   ///< c > 0
  double variance = 1.0;  ///< v > 0
};

/// The untrained tied network on any input x: u_0(x) = slope x + noise.
struct TiedStart {
  double slope;  ///< E u_0(x) = slope x, slope = vN/(2c): v/2 for c = N, √(N/d)/2 for c = √(Nd)
  double spread;  ///< E‖u_0 − slope x‖²/‖x‖² = v² N (2d + 3)/(4c²)
  double loss;    ///< ½ E‖x − u_0‖²/‖x‖² = ½ [(slope − 1)² + spread]
};

/// Exact at every N. With c = N and v = 2 the untrained network is the identity, up to a loss of
/// (2d + 3)/2N per unit sample, unseen ones included.
/// @throws InvalidArgument  if a number is outside its range.
/// Source: docs/theory/tangent_kernel.md#tying.
[[nodiscard]] TiedStart tied_start(const TiedScaling& scaling);

/// Tangent kernel of the tied network with v = 1, c = √(Nd), N → ∞: nd×nd, index i·d + coordinate,
///   Θ_ij = (1/d)[(x_iᵀQx_j) I + x_j x_iᵀ Q + Q x_j x_iᵀ + (x_i·x_j) Q],
///   Q = E[1_i 1_j w wᵀ] = (π−θ)/2π I + (sin θ/2π)(b bᵀ − c cᵀ),
/// b, c the unit vectors along x̂_i + x̂_j and x̂_i − x̂_j. Not of the form (.) ⊗ I_d. For other
/// scalings multiply by v N d/c².
/// @param allowed_bytes  upper limit of the memory of the result.
/// @throws InvalidArgument  if X is empty or not finite, or the result would need more memory (the
///                          message says how much).
[[nodiscard]] Matrix tied_kernel(const ConstView<double>& X, double allowed_bytes = 1e9);

/// ‖ΔW‖/‖W_0‖ that the linearised tied network needs to fit the samples:
///   |1 − slope| c √q/(v N d),  q = vec(X)ᵀ Θ⁺ vec(X) with Θ = tied_kernel(X).
/// It does not vanish as N → ∞ unless slope = 1: a tied network is never lazy. The true move is of
/// the same size, not equal, since the linearisation does not hold that far.
/// @throws InvalidArgument  as the two functions above, or if dimensions differ.
[[nodiscard]] double tied_relative_movement(const ConstView<double>& X, const TiedScaling& scaling,
                                            double allowed_bytes = 1e9);

}  // namespace twofold::theory
