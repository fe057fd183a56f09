// Products of float matrices from numbers rounded to bfloat16, with a bound on their error.
//
// Where the processor has instructions for them, two (AVX512_BF16) to ten (AMX) times as fast as in
// float. Not a result: a filter, after which the few products that matter are computed again.
#pragma once

#include <cstdint>

#include "twofold/linalg/split_product.hpp"

namespace twofold {

/// The instructions that compute: AMX, AVX512_BF16 or plain loops.
struct SplitEngine;

/// The fastest that are faster than products of float; nullptr if this machine has none.
[[nodiscard]] const SplitEngine* bf16_products() noexcept;

/// Numbers of room for `count` rows of a left operand, or columns of a right one, of d numbers. Row
/// i begins at bf16_size(i, d) for i a multiple of 2·kSplitGroup. From a multiple of 64 bytes on.
[[nodiscard]] Index bf16_size(Index count, Index d) noexcept;

/// Rows of M, rounded to nearest, as rows of a left operand or columns of a right one.
/// Numbers below 2⁻¹²⁶ may count as 0.
void pack_bf16(const SplitEngine& engine, bool left, const ConstView<float>& M, std::uint16_t* out);

/// C <- L R of packed operands, L.count rows of R.count numbers, `stride` apart.
void multiply_bf16(const SplitEngine& engine, const SplitPart& L, const SplitPart& R, float* C,
                   Index stride);

/// Lengths of a row x and of what rounding takes from it, x − x̃; infinite unless all is finite.
struct Bf16Norms {
  double norm = 0, rounding = 0;
};
[[nodiscard]] Bf16Norms bf16_norms(const float* x, Index d) noexcept;

/// Bound of |z − z̃|, z̃ from multiply_bf16 and z the scalar product in float in any order:
/// |⟨x − x̃, w⟩ + ⟨x̃, w − w̃⟩| by Cauchy and Schwarz, the rounding of both sums, and numbers below
/// the least normal one taken as 0: those of x and w, and of 2d products and sums. Infinite if a
/// norm is not finite or a number may overflow.
[[nodiscard]] double bf16_error(const Bf16Norms& x, const Bf16Norms& w, Index d) noexcept;

}  // namespace twofold
