// Units that do not do their share are moved to what the dictionary explains worst.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::train {

/// Units that fired less than `least` or more than 3 times `expected`, and of two with |cos| > 0.9
/// the one that fired less (of equals the second): increasing.
/// @param count     how often each unit fired.
/// @param expected  how often a unit should have.
template <std::floating_point Scalar>
[[nodiscard]] std::vector<Index> idle_units(const MatrixOf<Scalar>& W,
                                            std::span<const std::int64_t> count, double expected,
                                            double least, ThreadPool& pool);

/// Replaces the units by normalised rows of X of largest residual X − C W, which differ:
/// |cos| < 0.9 with those taken before. The rows themselves find no fewer atoms than their
/// residuals, which have more noise in them (200 runs of each on planted dictionaries: 200 and 199
/// complete).
/// @return  how many were replaced; fewer than asked for if X has too few different rows.
template <std::floating_point Scalar>
Index reseed(std::span<const Index> units, const MatrixOf<Scalar>& X,
             const ops::SparseCodes<Scalar>& codes, MatrixOf<Scalar>& W, ThreadPool& pool);

}  // namespace twofold::train
