// Sums in double with eight fixed partial sums: fast, and the same bits everywhere.
#pragma once

#include "twofold/core/parallel.hpp"

namespace twofold::ops {

/// Σ_{k < count} term(k). Inline, so that it has the registers of its caller.
template <typename Term>
[[nodiscard]] [[gnu::always_inline]] inline double lane_sum(Index count, Term&& term) noexcept {
  constexpr Index kLanes = 8;
  double lane[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= count; k += kLanes) {
    for (Index l = 0; l < kLanes; ++l) lane[l] += term(k + l);
  }
  for (Index l = 0; k + l < count; ++l) lane[l] += term(k + l);
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/// ‖x‖² of d numbers.
template <typename Scalar>
[[nodiscard]] double sum_of_squares(const Scalar* x, Index d) noexcept {
  return lane_sum(d, [x](Index k) {
    const double value = static_cast<double>(x[k]);
    return value * value;
  });
}

}  // namespace twofold::ops
