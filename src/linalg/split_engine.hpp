// The instructions behind split products.
#pragma once

#include "twofold/linalg/split_product.hpp"

namespace twofold {

/// A tile is 16 rows of 32 inner numbers, the leading halves x₁ and then the rest x₂, in 1 KB each.
/// Two inner neighbours are one word of 4 bytes. A left operand's tile has a row of 16 words for
/// each of its rows, a right one's a row of 16 words for each pair of inner numbers.
inline constexpr Index kSplitWords = 256;
inline constexpr Index kSplitTile = 2 * kSplitGroup * kSplitInner;  // numbers

[[nodiscard]] constexpr Index split_tiles(Index inner) noexcept {
  return num_blocks(inner, kSplitInner);
}

/// Up to kSplitGroup rows, or columns, of factor·M into the tiles of a group.
struct SplitSource {
  const float* data;
  Index stride, count, inner;
  bool along;  ///< inner numbers are neighbours; else those of different rows or columns are
  float factor;
};

struct SplitEngine {
  std::string_view name;
  void (*pack)(const SplitSource& source, bool left, std::uint16_t* tiles) noexcept;
  /// The places of an operand beyond its last row or column, up to 32, are there to be read.
  void (*multiply)(const SplitPart& L, const SplitPart& R, bool add, float* C,
                   Index stride) noexcept;
};

/// nullptr where the compiler or this machine lacks the instructions.
[[nodiscard]] const SplitEngine* amx_split_engine() noexcept;
[[nodiscard]] const SplitEngine* avx512_split_engine() noexcept;
[[nodiscard]] const SplitEngine& portable_split_engine() noexcept;

/// AVX-512 packs for both of its users.
void pack_split_avx512(const SplitSource& source, bool left, std::uint16_t* tiles) noexcept;

/// multiply(i, j, rows, columns) for the pairs of kSide×kSide of C, columns first.
template <Index kSide, typename Body>
void for_each_square(Index rows, Index columns, Body&& body) {
  for (Index j = 0; j < columns; j += kSide) {
    for (Index i = 0; i < rows; i += kSide) {
      body(i, j, std::min(kSide, rows - i), std::min(kSide, columns - j));
    }
  }
}

}  // namespace twofold
