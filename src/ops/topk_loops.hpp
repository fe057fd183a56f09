// The element-wise loops of a k-sparse step, compiled for the vector registers of this machine.
// No product is fused into a sum, so that all versions give the same bits.
#pragma once

#include <cstdint>

#include "topk_rule.hpp"

namespace twofold::ops {

/// What bounds |u − ũ| of unit j on a sample, ũ from an approximate product z̃_j:
///   ũ_j = z̃_j + bias_j,    |u_j − ũ_j| <= slack_j + direct · norm_j + length · rest_j.
/// Arrays over the units. A bound that is NaN or infinite excludes nothing.
template <typename Scalar>
struct TopKBounds {
  const Scalar *bias, *slack, *norm, *rest;
};

/// The factors of one sample.
template <typename Scalar>
struct SampleBounds {
  Scalar slack;  ///< 0 for a sample that is 0, else 1
  Scalar direct, length;
};

/// Appends (j, ũ_j), first <= j < first + count, unless the bound says u_j < limit; returns how
/// many. `z`, `index` and `value` have room for 64 entries more.
template <typename Scalar>
Index keep_possible(const Scalar* z, const TopKBounds<Scalar>& bounds,
                    const SampleBounds<Scalar>& sample, Index first, Index count, Scalar limit,
                    std::int32_t* index, Scalar* value) noexcept;

/// A number that k of the `count` >= k numbers >= 0 reach, close below the k-th largest: by
/// halving, which no branch is guessed wrong in.
template <typename Scalar>
[[nodiscard]] Scalar reached_by(const Scalar* numbers, Index count, Index k) noexcept;

/// Moves n numbers w with gradient g by sgd or adam with moments p and q.
template <typename Scalar>
void move_weights(const TopKRates<Scalar>& rates, const Scalar* g, Scalar* p, Scalar* q, Scalar* w,
                  Index n) noexcept;

/// g <- g − ⟨g, w⟩ w, and w <- w/‖w‖ unless w is 0 or not finite; the sums in double.
template <typename Scalar>
void remove_along(const Scalar* w, Scalar* g, Index n) noexcept;
template <typename Scalar>
void normalise(Scalar* w, Index n) noexcept;

}  // namespace twofold::ops
