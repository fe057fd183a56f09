// How far one finite network is expected to be from the trajectory of infinite width.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/theory/tangent_kernel.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

namespace twofold::theory {

/// What is trained, by how much, and with how many independent neurons.
struct FluctuationProblem {
  KernelRates rates;
  double step = 0.0;            ///< η > 0
  std::vector<double> steps;    ///< t, whole numbers >= 0
  Index neurons = 0;            ///< N >= 1; an antisymmetric start has half of them
  bool normal_decoder = false;  ///< entries of a_r normal, not signs
};

struct FluctuationOptions {
  Index draws = 64;        ///< neurons that the means over w are taken of, >= 1
  std::uint64_t seed = 1;  ///< of RandomStream(seed, "kernel fluctuation")
};

/// √(E‖E_t − E_t^∞‖²/E‖E_0‖²) at each t: E_t of a network at finite N, E_t^∞ of Θ from the same
/// E_0. To first order in the difference between the kernel of the start and its mean,
///
///   E_t − E_t^∞ = −(1/Nd) Σ_r (Z_r − E Z_r),   Z = F_t(C) a aᵀ + F_t(P),
///   C_ij = r_W (x_i·x_j) D_i D_j,  P_ij = r_A Φ_i Φ_j,
///   F_t(M) = η Σ_{s<t} (I − ηΘ)^{t−1−s} M (I − ηΘ)^s E_0,
///
/// and the neurons are independent. That the kernel also moves is left out. Proportional to 1/√N
/// and, where the encoder is trained, to about √d. Measured networks are within 20 % of it up to
/// values of 0.5; above, it is too large to mean more than "far".
/// @param X         n×d.  @param spectrum  of Θ = (r_W K + r_A Γ)/d.
/// @param start     S = E_0 E_0ᵀ, or its mean over starts, n×n.
/// @return one value for each t. Standard error about 0.5/√draws of it (less for large n).
/// @throws InvalidArgument  if sizes disagree, the spectrum did not converge, or a number is
///                          outside its range.
/// Cost draws·(number of t)·2n³ multiplications; memory n² for each t and each thread. Bitwise the
/// same for any pool size. Source: docs/theory/tangent_kernel.md#width.
[[nodiscard]] std::vector<double> trajectory_fluctuation(
    ThreadPool& pool, const ConstView<double>& X, const TangentSpectrum& spectrum,
    const Matrix& start, const FluctuationProblem& problem, const FluctuationOptions& options = {});

}  // namespace twofold::theory
