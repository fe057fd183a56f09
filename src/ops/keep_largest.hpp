// The k largest of a row: those above a lower bound of the k-th, then the k best of these.
#pragma once

#include <cstdint>
#include <vector>

#include "gate_rule.hpp"

namespace twofold::ops {

/// Indices and values of the entries of z[0, m) that `rule` (Largest) keeps, index ascending.
///
/// @param ranks         work space.
/// @param index, value  with room for m entries and 64 bytes more.
/// @return              how many, at most rule.k.
template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Scalar>& ranks, std::int32_t* index, Scalar* value);

/// A rank that at least k entries of z[0, m) reach, or 0.
template <std::floating_point Scalar>
[[nodiscard]] Scalar lower_bound_of_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                                            std::vector<Scalar>& ranks);

/// The k-th largest rank of `count` >= k values.
template <std::floating_point Scalar>
[[nodiscard]] Scalar kth_rank(const Scalar* value, Index count, const GateRule<Scalar>& rule,
                              std::vector<Scalar>& ranks);

/// Keeps the k best of `count` values and their indices, in their order; returns how many.
template <std::floating_point Scalar>
Index keep_best(Index count, const GateRule<Scalar>& rule, std::vector<Scalar>& ranks,
                std::int32_t* index, Scalar* value);

}  // namespace twofold::ops
