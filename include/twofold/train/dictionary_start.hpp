// Starts for dictionary_descent: near the truth, or from samples alone. All return unit rows.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::train {

/// Rows at distance δ from the atoms: w_i = cos θ a_i/‖a_i‖ + sin θ u_i, ‖w_i − a_i/‖a_i‖‖ = δ,
/// u_i a random direction orthogonal to a_i.
/// @throws InvalidArgument  unless 0 <= δ <= √2 (and d >= 2 where δ > 0).
[[nodiscard]] Matrix near_start(const Matrix& atoms, double distance, std::uint64_t seed);

/// m rows of X at random without repetition, normalised; rows that are 0 are passed over.
/// @throws InvalidArgument  if X has fewer than m rows that are not 0.
[[nodiscard]] Matrix sample_start(const Matrix& X, Index m, std::uint64_t seed);

/// Greedy k-means++ (Arthur and Vassilvitskii 2007) in the top-m singular subspace of X.
///
/// The projection leaves noise of variance σ² m instead of σ² d, so that D² sampling sees the
/// clusters. Each centre is the best of `candidates` draws with probability proportional to the
/// squared distance D² from the centres so far. With m >= d nothing is projected.
/// @param unit  normalise the rows, and pass over those that are 0 (else centres keep their norms).
/// @throws InvalidArgument  if X has fewer than m such rows, or is not finite.
/// Cost N d (d + 2m) flops for the projection, 3 N m² candidates for the draws.
[[nodiscard]] Matrix kmeans_start(const Matrix& X, Index m, Index candidates, std::uint64_t seed,
                                  ThreadPool& pool, bool unit = true);

/// What a start from moments found.
struct MomentStart {
  Matrix atoms;     ///< m×d; rows from `found` on are samples
  Index found = 0;  ///< how many candidates are distinct, at most m
  /// Of the found ones, descending: |λ₁| − |λ₂| (spectral), kurtosis (fourth moment).
  std::vector<double> scores;
};

/// Spectral pairs (Arora et al. 2015): M_{uv} = (1/N) Σ ⟨x,u⟩⟨x,v⟩ x xᵀ for random pairs of rows
/// u, v; where u and v share exactly one atom its top eigenvector, by |eigenvalue|, is near it.
/// Candidates are ranked by |λ₁| − |λ₂| and taken greedily while |cos| < 0.755. u and v themselves
/// are left out of the mean. No candidate is refused for its score: the last ones taken are often
/// mixtures, which descent with backtracking survives.
///
/// Eigenvectors by 24 Lanczos steps, for 32 pairs at once and without forming M: cost per pair
/// 100 N d flops. Eigenvalues of equal size and opposite sign do no harm.
/// @param pairs  how many; 0: 6 m²/k² with `sparsity` = k, at most 20 000.
/// @throws InvalidArgument  if X has fewer than m rows that are not 0, or is not finite.
[[nodiscard]] MomentStart spectral_start(const Matrix& X, Index m, Index sparsity, Index pairs,
                                         std::uint64_t seed, ThreadPool& pool);

/// Fixed points of the fourth moment: a <- normalise((1/N) Σ ⟨a,x⟩³ x) from 6m normalised rows,
/// `sweeps` times; ranked by kurtosis E z⁴/(E z²)², z = ⟨a, x⟩, and taken greedily while
/// |cos| < 0.755. For signed codes with m not much above d.
/// @throws InvalidArgument  if X has fewer than m rows that are not 0.
/// Cost 4 N d · 6m flops a sweep.
[[nodiscard]] MomentStart fourth_moment_start(const Matrix& X, Index m, std::uint64_t seed,
                                              ThreadPool& pool, int sweeps = 8);

}  // namespace twofold::train
