// Argument checks shared by the predictors of dictionary recovery.
#pragma once

#include <cmath>
#include <numbers>

#include "checks.hpp"
#include "twofold/data/dictionary_model.hpp"

namespace twofold::theory {

/// Signed codes have no bias: relu would drop half of them.
inline void require_bias(const data::DictionaryModel& model, double bias, std::string_view where) {
  require(std::isfinite(bias) && bias <= 0.0, where,
          fmt::format("bias must be finite and <= 0, got {}", bias));
  require(bias == 0.0 || model.law != data::CodeLaw::Sparse, where,
          fmt::format("signed codes need bias 0, got {}; use a threshold", bias));
}

inline void require_distance(double distance, std::string_view where) {
  // Half a turn of a right angle; the slack is rounding of √2 in decimals.
  require(distance >= 0.0 && distance <= std::numbers::sqrt2 + 1e-9, where,
          fmt::format("the distance must be in [0, √2], got {}", distance));
}

}  // namespace twofold::theory
