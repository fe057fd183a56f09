// Which rows are copies, multiples or opposites of each other.
#pragma once

#include "twofold/estimators/tangent_advice.hpp"

namespace twofold::estimators {

/// The first `most` pairs of each kind, by row numbers. Rows of zeros are left out.
/// Of more than `most` + 1 rows that all coincide, some pairs are left out. Sorted by |x̂·r| for a
/// random direction r, such rows are neighbours: n (d + log n) flops.
[[nodiscard]] std::vector<CoincidentRows> coincident_rows(const ConstView<double>& X, Index most,
                                                          std::uint64_t seed);

}  // namespace twofold::estimators
