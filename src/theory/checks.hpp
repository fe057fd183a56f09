// Argument checks shared by the mean-field predictors; messages carry the offending value and
// are built only on failure, since some checks stand in loops.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::theory {

inline void require_positive(double value, std::string_view name, std::string_view where) {
  if (std::isfinite(value) && value > 0.0) return;
  throw InvalidArgument(where, fmt::format("{} must be finite and > 0, got {}", name, value));
}

inline void require_non_negative(double value, std::string_view name, std::string_view where) {
  if (std::isfinite(value) && value >= 0.0) return;
  throw InvalidArgument(where, fmt::format("{} must be finite and >= 0, got {}", name, value));
}

inline void require_momentum(double value, std::string_view where) {
  require(value >= 0.0 && value < 1.0, where,
          fmt::format("momentum must be in [0, 1), got {}", value));
}

inline void require_same_length(Index a, Index b, std::string_view what, std::string_view where) {
  require(a == b, where, fmt::format("{} must have equal lengths, got {} and {}", what, a, b));
}

}  // namespace twofold::theory
