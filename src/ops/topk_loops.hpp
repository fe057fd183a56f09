// The element-wise loops of a k-sparse step, compiled for the vector registers of this machine.
// No product is fused into a sum, so that all versions give the same bits.
#pragma once

#include "topk_rule.hpp"

namespace twofold::ops {

/// z_i += b_i, i < n.
template <typename Scalar>
void add_numbers(const Scalar* b, Scalar* z, Index n) noexcept;

/// A number that k of the `count` >= k numbers >= 0 reach, close below the k-th largest: by
/// halving, which no branch is guessed wrong in.
template <typename Scalar>
[[nodiscard]] Scalar reached_by(const Scalar* numbers, Index count, Index k) noexcept;

/// sums_i += v_i, i < n.
template <typename Scalar>
void add_to_sums(const Scalar* v, double* sums, Index n) noexcept;

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
