// The tangent kernels of a wide two-layer ReLU autoencoder, between any vectors.
//
// Setting of all headers tangent_kernel*.hpp: x̂ = (Nd)^{-1/2} Σ_r a_r φ(w_r·x), φ(z) = max(z, 0),
// N neurons, samples x_i in R^d as rows of X (n×d), loss L = ½ Σ_i ‖x_i − x̂_i‖² (a sum), start
// w_r ~ N(0, I), entries of a_r of mean 0 and variance 1, all independent.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// Rates of the two factors relative to the step η: W moves by encoder·η, A by decoder·η times
/// its negative gradient. Training both alike is (1, 1), the encoder alone (1, 0) ("weak").
struct KernelRates {
  double encoder = 1.0;  ///< r_W >= 0
  double decoder = 1.0;  ///< r_A >= 0; not both 0
};
inline constexpr KernelRates kWeak{1.0, 0.0};
inline constexpr KernelRates kDecoderOnly{0.0, 1.0};
inline constexpr KernelRates kJoint{1.0, 1.0};

/// Kernels between p vectors and n vectors (p×n each), θ the angle between two of them:
///   K = (x·x')(π − θ)/2π          of the encoder, times d
///   Γ = ‖x‖‖x'‖ [sin θ + (π − θ) cos θ]/2π   of the decoder, times d; E φ(w·x)φ(w·x')
///   P = (π − θ)/2π                E 1[w·x >= 0] 1[w·x' >= 0]
/// A vector that is 0 has no angle: its rows and columns are 0 in all three.
struct TangentKernels {
  Matrix encoder;  ///< K, data²
  Matrix decoder;  ///< Γ, data²
  Matrix active;   ///< P, a probability
};

/// θ in [0, π] between two vectors of any norms: 2 atan2(‖x̂ − x̂'‖, ‖x̂ + x̂'‖), x̂ = x/‖x‖.
/// Accuracy: a few eps, relatively, near 0; the same for π − θ near π. acos would lose both.
/// @throws InvalidArgument  if lengths differ, an entry is not finite, or a vector is 0.
[[nodiscard]] double angle(const Vector& x, const Vector& y);

/// The kernels of the samples among each other; symmetric to the bit, diagonals exactly ‖x‖²/2,
/// ‖x‖²/2, ½. Cost n² d flops in tiles; bitwise the same for any pool size.
/// @throws InvalidArgument  if X is empty or an entry is not finite.
/// Accuracy: 1e-14 ‖x‖‖x'‖ for d <= 1000. Source: docs/theory/tangent_kernel.md#kernels.
[[nodiscard]] TangentKernels tangent_kernels(ThreadPool& pool, const ConstView<double>& X);

/// The kernels of queries Q (p×d) with samples X (n×d).
/// @throws InvalidArgument  as above, or if the lengths of rows differ.
[[nodiscard]] TangentKernels tangent_kernels(ThreadPool& pool, const ConstView<double>& Q,
                                             const ConstView<double>& X);

/// Km = r_W K + r_A Γ. What drives the dynamics is Θ = Km/d.
/// @throws InvalidArgument  if a rate is negative or not finite, or both are 0.
[[nodiscard]] Matrix combine(const TangentKernels& kernels, const KernelRates& rates);

}  // namespace twofold::theory
