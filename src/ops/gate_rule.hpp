// A Gate as plain numbers, checked: what the loops over codes need.
#pragma once

#include <cmath>
#include <limits>
#include <string_view>

#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

/// Units fire on v = z + shift:
///   Above      v > threshold                           (relu, jump_relu)
///   Magnitude  |v| >= threshold                        (hard_threshold)
///   Largest    the k largest |v|, or the k largest v > 0 if `positive`; ties to the lowest index
/// A NaN fires in all of them, so that it reaches the loss, and ranks above every number.
template <std::floating_point Scalar>
struct GateRule {
  enum class Kind { Above, Magnitude, Largest };
  Kind kind = Kind::Magnitude;
  Scalar shift = 0;
  Scalar threshold = 0;
  Index k = 0;
  bool positive = false;

  /// What Largest compares; negative: never fires.
  [[nodiscard]] Scalar rank(Scalar v) const noexcept {
    if (std::isnan(v)) return std::numeric_limits<Scalar>::infinity();
    if (!positive) return std::abs(v);
    return v > 0 ? v : Scalar{-1};
  }
};

/// @throws InvalidArgument  if the gate is outside its domain.
template <std::floating_point Scalar>
[[nodiscard]] GateRule<Scalar> gate_rule(const Gate& gate, std::string_view where);

}  // namespace twofold::ops
