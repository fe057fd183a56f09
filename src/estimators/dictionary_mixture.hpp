// Mixtures: centres by greedy k-means++, refined by descent.
#pragma once

#include <string>

#include "dictionary_training.hpp"

namespace twofold::estimators {

/// Centres as unit rows, found in rows with E‖x‖² = 1.
struct MixtureStart {
  MatrixF atoms;
  Vector shares;       ///< of the rows, each with the atom of largest ⟨w, x⟩; sum 1
  double norm = 1.0;   ///< median of that ⟨w, x⟩
  double alone = 0.0;  ///< share of rows on which the bias −norm/2 lets exactly one unit fire
};
[[nodiscard]] MixtureStart start_mixture(const MatrixF& pilot, Index atoms, std::uint64_t seed,
                                         ThreadPool& pool);

/// Whether the gate of the theory, relu with bias −norm/2, separates the clusters: one unit fires
/// on 98 % of the rows. Else the largest z alone fires.
[[nodiscard]] bool separated(const MixtureStart& start) noexcept;

/// Full-batch descent where the rows are in memory, else batches of 1000.
[[nodiscard]] train::DictionaryResult<float> descend_mixture(const NormalisedRows& rows,
                                                             const MixtureStart& start,
                                                             std::int64_t iterations,
                                                             std::uint64_t seed, ThreadPool& pool,
                                                             DeadlineObserver& observer);

}  // namespace twofold::estimators
