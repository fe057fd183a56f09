// Products of float matrices in three products of bfloat16.
#pragma once

#include <cstdint>
#include <string_view>

#include "twofold/core/large_memory.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold {

/// How products of float matrices are computed: by the BLAS, or as below.
enum class FloatProducts { Float, SplitBf16 };

/// Parts of a packed operand begin at a multiple of kSplitGroup rows or columns, and of
/// kSplitInner inner numbers.
inline constexpr Index kSplitGroup = 16, kSplitInner = 32;

/// Rows, columns or inner numbers that a packed operand keeps for `size` of them.
[[nodiscard]] constexpr Index split_room(Index size) noexcept {
  return num_blocks(size, kSplitInner) * kSplitInner;
}

/// Part of a packed operand: `count` rows of a left one, columns of a right one.
struct SplitPart {
  const std::uint16_t* tiles;
  Index count, inner;
};

/// One operand of a product of float matrices, each number x as the sum of two of bfloat16,
///
///   x ≈ x₁ + x₂,   x₁ = bf16(x),   x₂ = bf16(x − x₁),   |x − x₁ − x₂| <= 2⁻¹⁶ |x|,
///
/// rounded to nearest, in tiles that the instructions want. Numbers below 2⁻¹²⁶ in size count as 0;
/// numbers above 3.38e38, and infinite ones, as NaN.
class SplitOperand {
 public:
  /// Room for `count` rows of a left operand, or columns of a right one, of `inner` numbers; or for
  /// `inner` of `count` numbers: 4 split_room(count) split_room(inner) bytes.
  SplitOperand(Index count, Index inner);
  SplitOperand(SplitOperand&&) noexcept = default;
  SplitOperand& operator=(SplitOperand&&) noexcept = default;

  /// From now on it has these sizes; no more than there is room for. Allocates nothing.
  void reshape(Index count, Index inner);

  /// Rows first, first + 1, ... of a left operand <- factor op(M), which has columns
  /// inner_first, inner_first + 1, ... of them.
  /// @param first        a multiple of kSplitGroup
  /// @param inner_first  a multiple of kSplitInner; different parts may be packed at once.
  void pack_left(Trans trans, const ConstView<float>& M, float factor = 1, Index first = 0,
                 Index inner_first = 0);
  /// Columns first, first + 1, ... of a right operand <- factor op(M), which has rows inner_first,
  /// inner_first + 1, ... of them.
  void pack_right(Trans trans, const ConstView<float>& M, float factor = 1, Index first = 0,
                  Index inner_first = 0);

  /// @pre begin is a multiple of kSplitGroup, and begin + count <= the operand's count.
  [[nodiscard]] SplitPart part(Index begin, Index count) const noexcept;
  [[nodiscard]] SplitPart all() const noexcept { return part(0, count_); }

 private:
  void pack(bool left, bool along, const ConstView<float>& M, float factor, Index first,
            Index inner_first);
  [[nodiscard]] Index start() const noexcept;

  Index count_, inner_;
  LargeVector<std::uint16_t> memory_;  // tiles from the first multiple of 64 bytes on
};

/// C <- L R, or C + L R, on the calling thread, as L₁R₁ + L₁R₂ + L₂R₁ with sums in float.
///
/// Allocates nothing. NaN stay in their row or column.
/// Accuracy: |error| <= split_error(inner) ‖l_i‖ ‖r_j‖, entry by entry, besides the rounding of
/// C + L R. Bitwise the same for the same operands on the same kind of processor; each C_ij depends
/// on row i of L and column j of R only.
/// @throws InvalidArgument  if the shapes disagree.
void split_multiply(const SplitPart& L, const SplitPart& R, bool add, View<float> C);

/// 3·2⁻¹⁶ (1 + 2⁻⁷) for what the three products leave out, and 3·inner·2⁻²⁴ (1 + 2⁻⁶) for the
/// rounding of their sum, whatever its order.
[[nodiscard]] double split_error(Index inner) noexcept;

/// The instructions that serve here: "amx_bf16", "avx512_bf16" or "portable". The first computes
/// about three times as fast as float, the others slower than float.
[[nodiscard]] std::string_view split_product_instructions() noexcept;

}  // namespace twofold
