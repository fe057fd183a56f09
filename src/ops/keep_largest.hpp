// The k largest of a row, by a threshold that rises as larger ones are found.
#pragma once

#include <cstdint>
#include <vector>

#include "gate_rule.hpp"

namespace twofold::ops {

/// A unit that may be among the largest.
template <std::floating_point Scalar>
struct Candidate {
  Scalar rank;
  std::int32_t index;
  [[nodiscard]] bool before(const Candidate& other) const noexcept {
    return rank > other.rank || (rank == other.rank && index < other.index);
  }
};

/// Indices and values of the entries of z[0, m) that `rule` (Largest) keeps, index ascending.
/// @return  how many, at most rule.k.
template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Candidate<Scalar>>& work, std::int32_t* index, Scalar* value);

}  // namespace twofold::ops
