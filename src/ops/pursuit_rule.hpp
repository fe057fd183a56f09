// When a pursuit ends; shared by the plain and the fast one.
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "check_codes.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::ops {

/// What is left of an atom beside the chosen ones, relative to its square, if it depends on them.
template <std::floating_point Scalar>
inline constexpr double kDependent = 100.0 * std::numeric_limits<Scalar>::epsilon();

/// A correlation is rounding if it is at most this times ‖x‖ ‖w‖.
template <std::floating_point Scalar>
inline constexpr double kExplained = 100.0 * std::numeric_limits<Scalar>::epsilon();

template <std::floating_point Scalar>
void check_pursuit(const ConstView<Scalar>& X, const ConstView<Scalar>& W,
                   const PursuitOptions& options, std::string_view where) {
  check_atoms<Scalar>(X, W, where);
  require(options.sparsity >= 1 && options.sparsity <= W.rows(), where,
          fmt::format("sparsity k must be in [1, m], got k = {} with m = {} atoms",
                      options.sparsity, W.rows()));
  require(options.residual >= 0.0 && std::isfinite(options.residual), where,
          fmt::format("residual must be finite and >= 0, got {}", options.residual));
}

}  // namespace twofold::ops
