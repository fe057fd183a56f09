// How a batch of codes is cut: fixed blocks of rows, one task each.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::decode {

/// Enough rows to make gemm worth while, few enough for the state of a block to stay in cache.
constexpr Index kRowsPerBlock = 16;

inline void require_codes(Index columns, Index code_length, std::string_view where) {
  if (columns == code_length) return;
  throw InvalidArgument(where,
                        fmt::format("codes must have {} columns, got {}", code_length, columns));
}

inline void require_deviations(Index deviations, Index dimension, std::string_view where) {
  if (deviations == 0 || deviations == dimension) return;
  throw InvalidArgument(
      where, fmt::format("{} deviations for vectors of dimension {}", deviations, dimension));
}

}  // namespace twofold::decode
