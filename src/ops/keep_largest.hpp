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

}  // namespace twofold::ops
