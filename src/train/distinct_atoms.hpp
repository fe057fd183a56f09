// From ranked candidates to a start: the best ones that differ, then samples.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/train/dictionary_start.hpp"

namespace twofold::train {

/// Takes unit rows of `candidates` by descending score (ties: the first) while |cos| with all taken
/// before is below 0.755, m at most; fills up with sample_start(X, ..., seed).
[[nodiscard]] MomentStart distinct_atoms(const Matrix& candidates,
                                         const std::vector<double>& scores, Index m,
                                         const Matrix& X, std::uint64_t seed);

}  // namespace twofold::train
