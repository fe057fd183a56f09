// Loss of a sign encoder on sparse Gaussian data without samples, and its exact gradient.
#pragma once

#include <cstdint>
#include <string_view>

#include "twofold/linalg/matrix.hpp"

namespace twofold::train {

/// Data x_i = s_i m_i g_i/√p: m_i = 1 with probability p and 0 otherwise, g_i ~ N(0, 1), all
/// independent; the variance of x_i is s_i². p = 1 is the Gaussian of covariance diag(s²).
struct PopulationProblem {
  double sparsity = 1;     ///< p in (0, 1]
  Vector deviations = {};  ///< s, d entries >= 0, not all 0; empty: all 1
  Index masks = 48;        ///< M >= 1 masks per training step; one is exact for p = 1, and is used
};

/// Rows of zeros and ones: entry j of row t is 1 with probability p, a function of (seed, split,
/// first + t, j). `split` tells masks for training from others.
/// @throws InvalidArgument  unless p ∈ (0, 1], count >= 1 and dimension >= 1.
[[nodiscard]] Matrix support_masks(double sparsity, Index count, Index dimension,
                                   std::uint64_t seed, std::string_view split = "test",
                                   std::uint64_t first = 0);

/// R of y = sign(Bx) with the best linear decoder A = C K⁻¹, averaged over the given masks:
///
///   R = 1 − tr(C K⁻¹ Cᵀ)/Σ s_i²,   Cᵀ = (c1/√p) avg U ∘ (s m),   K = (2/π) avg arcsin(U Uᵀ),
///
/// row i of U being B_i ∘ (s m) divided by its norm; given the mask Bx is Gaussian and this is
/// exact. diag K = 1; a row without support adds nothing else (its bit is a fair coin).
///
/// @param B      n×d, finite; only the directions of its rows matter.
/// @param masks  M×d of zeros and ones; problem.masks is not read.
/// @return       relative to the data's variance, 1 = nothing kept; NaN if B is not finite.
/// @throws InvalidArgument  if shapes disagree or the problem is outside its domain.
/// Accuracy: 1e-8 (K has a ridge of 1e-9, for equal rows); but an average over few masks scatters
/// about the mean over all of them with standard deviation .017 for M = 48 (d = n = 64, p = .3),
/// .008 for 200, .004 for 1000, .002 for 4000: compare encoders on the same masks.
/// Cost: 2 n² p d flops and n²/2 arcsines per mask, parallel over masks, and n³/3 + 4 n² d flops.
/// Bitwise the same for any pool size. Source  docs/theory/one_bit.md#training.
[[nodiscard]] double population_loss(const Matrix& B, const PopulationProblem& problem,
                                     const Matrix& masks, ThreadPool& pool);

/// The same with the gradient ∂R/∂B (n×d, overwritten; A moves along as the best decoder). Its rows
/// are orthogonal to those of B. Where two rows agree on a mask to 1e-6 its slope is held finite:
/// 1 − (U Uᵀ)² is at least 2e-6.
double population_loss_gradient(const Matrix& B, const PopulationProblem& problem,
                                const Matrix& masks, Matrix& gradient, ThreadPool& pool);

}  // namespace twofold::train
