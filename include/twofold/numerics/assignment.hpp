// The assignment problem: pair rows with columns so that the total score is largest.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::numerics {

/// partner[i] = column of row i, or -1 if unassigned; maximises Σ_i score(i, partner[i]).
///
/// min(m, n) rows are assigned, each column at most once. Hungarian algorithm (dlib), O(max(m,n)³).
/// @param score  m×n, finite, any shape, also empty. Throws InvalidArgument if not finite.
/// Accuracy: scores are rounded to max - min divided by 2^40; the total is optimal within
/// min(m, n) times that unit (assignments closer than this count as equal).
[[nodiscard]] std::vector<Index> maximal_assignment(const Matrix& score);

}  // namespace twofold::numerics
