// Products of samples and atoms from numbers rounded to bfloat16, with a bound on their error.
//
// Twice as fast as in float. Not a result: a filter, after which the few products that matter are
// computed again in float.
#pragma once

#include <cstdint>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Two neighbours of a row, rounded to nearest, in the lower and the upper half.
using Bf16Pair = std::uint32_t;

/// Pairs of a row of d numbers; the last is filled up with 0.
[[nodiscard]] constexpr Index bf16_pairs(Index d) noexcept {
  return (d + 1) / 2;
}

/// Samples and atoms are packed in groups, pair by pair: [group][pair][member], zeros at the end.
inline constexpr Index kBf16Samples = 6;
inline constexpr Index kBf16Atoms = 64;

/// Rows of M, at most a group, into pairs·kMembers numbers at `out`.
template <Index kMembers>
void pack_bf16(const ConstView<float>& M, Bf16Pair* out) noexcept;

/// Lengths of a row x and of what rounding takes from it, x − x̃; infinite unless all is finite.
struct Bf16Norms {
  double norm = 0, rounding = 0;
};
[[nodiscard]] Bf16Norms bf16_norms(const float* x, Index d) noexcept;

/// Bound of |z − z̃|, z̃ from here and z the scalar product in float in any order:
/// |⟨x − x̃, w⟩ + ⟨x̃, w − w̃⟩| by Cauchy and Schwarz, the rounding of both sums, and numbers below
/// the least normal one taken as 0. Infinite if a norm is not finite or a number may overflow.
[[nodiscard]] double bf16_error(const Bf16Norms& x, const Bf16Norms& w, Index d) noexcept;

/// z̃ of a group of samples and a group of atoms, kBf16Samples rows of kBf16Atoms numbers, `stride`
/// apart. nullptr where this machine's processor has no such product.
using Bf16Kernel = void (*)(const Bf16Pair* samples, const Bf16Pair* atoms, Index pairs, float* out,
                            Index stride) noexcept;
[[nodiscard]] Bf16Kernel bf16_kernel() noexcept;

}  // namespace twofold::ops
