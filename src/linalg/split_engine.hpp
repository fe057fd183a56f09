// The instructions behind products of bfloat16, one or three of them.
#pragma once

#include "twofold/linalg/bf16_product.hpp"
#include "twofold/linalg/split_product.hpp"

namespace twofold {

/// A tile is 16 rows of 32 inner numbers, the leading halves x₁ and then the rest x₂, in 1 KB each;
/// or the leading halves alone. Two inner neighbours are one word of 4 bytes. A left operand's tile
/// has a row of 16 words for each of its rows, a right one's a row of 16 words for each pair of
/// inner numbers.
inline constexpr Index kSplitWords = 256;

/// Numbers of a tile.
[[nodiscard]] constexpr Index split_tile(bool rest) noexcept {
  return (rest ? 2 : 1) * kSplitGroup * kSplitInner;
}
inline constexpr Index kSplitTile = split_tile(true);

[[nodiscard]] constexpr Index split_tiles(Index inner) noexcept {
  return num_blocks(inner, kSplitInner);
}

/// What goes into a tile: up to kSplitGroup rows, or columns, of factor·M and up to kSplitInner
/// inner numbers; the rest of the tile becomes 0.
struct SplitSource {
  const float* data;
  Index stride, count, inner;
  bool along;  ///< inner numbers are neighbours; else those of different rows or columns are
  float factor;
  bool rest = true;  ///< is packed as well
};

struct SplitEngine {
  std::string_view name;
  void (*pack)(const SplitSource& source, bool left, std::uint16_t* tile) noexcept;
  void (*multiply)(const SplitPart& L, const SplitPart& R, bool add, float* C,
                   Index stride) noexcept;
  /// C <- L₁ R₁ of operands without the rest.
  void (*multiply_leading)(const SplitPart& L, const SplitPart& R, float* C, Index stride) noexcept;
};

/// nullptr where the compiler or this machine lacks the instructions.
[[nodiscard]] const SplitEngine* amx_split_engine() noexcept;
[[nodiscard]] const SplitEngine* avx512_split_engine() noexcept;
[[nodiscard]] const SplitEngine& portable_split_engine() noexcept;

/// AVX-512 packs for both of its users.
void pack_split_avx512(const SplitSource& source, bool left, std::uint16_t* tile) noexcept;

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
