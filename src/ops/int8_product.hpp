// Products of samples and units from numbers rounded to 8 bits, with what bounds their error.
//
// Twice as fast as in bfloat16, and exact but for the rounding of the numbers: integers times one
// scale a row. A filter, as bf16_product.hpp.
#pragma once

#include <cstdint>

#include "bf16_product.hpp"

namespace twofold::ops {

/// Four neighbours of a row, each a byte; those of samples have 128 added.
using Int8Quad = std::uint32_t;

/// Quads of a row of d numbers; the last is filled up with 0.
[[nodiscard]] constexpr Index int8_quads(Index d) noexcept {
  return (d + 3) / 4;
}

/// The largest d whose sums of 255 · 127 stay in 32 bits.
inline constexpr Index kInt8MostTerms = 65536;

/// A row as scale · integers in [−127, 127].
struct Int8Row {
  float scale = 0;  ///< 0 where its inverse or the row's length is not finite: all integers are 0
  std::int32_t correction = 0;  ///< 128 Σ integers
  Bf16Norms
      norms;  ///< lengths of the row and of what rounding takes; infinite unless all is finite
};

/// Packs a row as member `member` of a group of `members`: quad q to out[q members + member].
/// @param offset  added to each integer: 128 for samples, 0 for units.
/// @pre int8_kernel() is not nullptr.
[[nodiscard]] Int8Row pack_int8(const float* x, Index d, Index member, Index members, int offset,
                                Int8Quad* out) noexcept;

/// What the products of a group of units need: kBf16Atoms of each.
struct Int8Units {
  const Int8Quad* packed;
  const float* scale;
  const std::int32_t* correction;
};

/// z̃ of a group of kBf16Samples samples and a group of units, rows `stride` apart. nullptr where
/// this machine's processor has no such product.
using Int8Kernel = void (*)(const Int8Quad* samples, const float* scale, const Int8Units& units,
                            Index quads, float* out, Index stride) noexcept;
[[nodiscard]] Int8Kernel int8_kernel() noexcept;

}  // namespace twofold::ops
