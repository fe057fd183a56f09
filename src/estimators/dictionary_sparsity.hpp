// How many atoms a row has: short trials, judged on rows they did not see.
#pragma once

#include <vector>

#include "dictionary_training.hpp"

namespace twofold::estimators {

struct SparsityChoice {
  Index sparsity = 1;
  std::vector<SparsityTrial> trials;  ///< by sparsity
  bool peak = false;                  ///< explained variance falls again beyond it
};

/// Tries k = 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, ... up to a quarter of the smaller of m and d, on
/// four fifths of the pilot, and compares explained variance on the others.
///
/// Codes are z = W x, not least squares: an atom that is not in a row adds cross-talk and takes
/// more away than it explains, so that the explained variance has a peak at the true k. Past the
/// peak two trials are made, then the gap around it is filled. Without a peak the rows have no
/// such k: then where the curve bends most (the largest distance from its chord).
[[nodiscard]] SparsityChoice choose_sparsity(const MatrixF& pilot, Index atoms, bool positive,
                                             std::uint64_t seed, ThreadPool& pool,
                                             DeadlineObserver& observer);

}  // namespace twofold::estimators
