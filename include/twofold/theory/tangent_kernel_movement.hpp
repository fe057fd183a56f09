// How far the weights of a wide network move, and how many neurons change side.
#pragma once

#include <cstdint>
#include <limits>

#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/tangent_kernel.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

// All through the drive M = η Σ_{s<t} E_s (n×d), of which only the Gram matrix MMᵀ is needed.
namespace twofold::theory {

/// MMᵀ = F S F, F = (I − (I − ηΘ)^t) Θ⁺, S = E_0 E_0ᵀ (tangent_kernel_trajectory.hpp). n×n.
/// Modes with λ = 0 are left out: no weight moves along them.
/// @param steps  t >= 0; infinity gives the limit M = Θ⁺ E_0.  @param step  η > 0; unused there.
/// @throws InvalidArgument  if the spectrum did not converge, S has another size, or t or η are
///                          outside their range.
[[nodiscard]] Matrix drive(const TangentSpectrum& spectrum, const Matrix& start, double step,
                           double steps = std::numeric_limits<double>::infinity());

/// Frobenius norms of the moves, both N×d; independent of N, so one neuron moves by 1/√N of it.
struct WeightMovement {
  double encoder;  ///< ‖ΔW‖ = r_W √(tr(K MMᵀ)/d)
  double decoder;  ///< ‖ΔA‖ = r_A √(tr(Γ MMᵀ)/d)
};

/// Source: docs/theory/tangent_kernel.md#movement.
/// @throws InvalidArgument  if sizes disagree, a rate is invalid or dimension < 1.
[[nodiscard]] WeightMovement weight_movement(const TangentKernels& kernels,
                                             const KernelRates& rates, const Matrix& drive,
                                             Index dimension);

/// Bound on max_r ‖w_r(t) − w_r(0)‖ along the actual path, for any N: √(‖X‖₂²/N) S with
/// S = η Σ ‖E_t‖. For a decoder of norm √d per neuron, as signs have; r_W = 1.
[[nodiscard]] double neuron_movement_bound(double largest_gram, Index neurons, double path);

/// Fraction of the N·n pairs (neuron, sample) for which w_r·x_i changes sign, to first order:
///   (1/n) Σ_i s_i/(π ρ_i),  s_i² = (r_W²/Nd) Σ_jl (MMᵀ)_jl P_jl (x_i·x_j)(x_i·x_l).
/// Takes the shift of w_r·x_i for independent of where the boundary is, which costs up to 10 % on
/// random samples (flip_fraction_on_boundaries does not). Rows of zeros do not count.
/// @param X  n×d.  @param neurons  N >= 1.  Source: docs/theory/tangent_kernel.md#flips.
[[nodiscard]] double flip_fraction(const ConstView<double>& X, const TangentKernels& kernels,
                                   const KernelRates& rates, const Matrix& drive, Index neurons);

struct BoundaryOptions {
  Index draws = 256;       ///< neurons drawn on each hyperplane, >= 2
  Index samples = 256;     ///< at most so many samples, evenly spaced, stand for all; >= 1
  std::uint64_t seed = 1;  ///< of RandomStream(seed, "flip boundaries")
};

/// The same for neurons that lie on the boundary w·x_i = 0, where alone flips happen:
///   (1/n) Σ_i (r_W/(π ρ_i √(Nd))) E ‖Σ_j (x_i·x_j) 1[w·x_j >= 0] M_j‖,  w ~ N(0, I − x̂_i x̂_iᵀ),
/// 1[w·x_i >= 0] being a fair coin. Exact as N → ∞ for a decoder of normal entries; signs, whose
/// rows have norm √d exactly, flip more by √d/E χ_d = 1 + 1/4d where M_j is in general position.
/// Mean with its standard error over the draws. Source: docs/theory/tangent_kernel.md#flips.
[[nodiscard]] numerics::MeanAndError flip_fraction_on_boundaries(
    ThreadPool& pool, const ConstView<double>& X, const KernelRates& rates, const Matrix& drive,
    Index neurons, const BoundaryOptions& options = {});

}  // namespace twofold::theory
