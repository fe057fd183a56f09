// What every baseline asks of its samples and its start.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::train {

/// X: N×d with N >= 1; start: m×d with m >= 1; both finite; iterations >= 0.
inline void check_baseline(const ConstView<double>& X, const Matrix& start, std::int64_t iterations,
                           std::string_view where) {
  require(X.size() > 0, where, fmt::format("there are no samples: {} x {}", X.rows(), X.cols()));
  require(
      start.rows() >= 1 && start.cols() == X.cols(), where,
      fmt::format("the start must be m x {}, got {} x {}", X.cols(), start.rows(), start.cols()));
  require(X.allFinite(), where, "a sample has a number that is not finite");
  require(start.allFinite(), where, "the start has a number that is not finite");
  require(iterations >= 0, where, fmt::format("iterations must be >= 0, got {}", iterations));
}

}  // namespace twofold::train
