// What an iterative solver returns.
#pragma once

#include "twofold/linalg/status.hpp"

namespace twofold::numerics {

using twofold::SolveStatus;
using twofold::to_string;

/// A value and how far it can be trusted; see SolveStatus.
template <typename T>
struct [[nodiscard]] Solved {
  T value{};
  SolveStatus status = SolveStatus::Converged;
  int iterations = 0;     ///< of the solver's own kind; its documentation says which.
  double residual = 0.0;  ///< at `value`; the solver's documentation says of what.
};

}  // namespace twofold::numerics
