// How a numerical computation ended.
#pragma once

#include <string_view>

namespace twofold {

/// Outcome of an iterative or factorising computation.
enum class SolveStatus {
  Converged,      ///< the result meets its documented accuracy.
  MaxIterations,  ///< stopped at the limit; the result is the last iterate, of unknown quality.
  Diverged,       ///< the iteration runs away; the result is of no use but for diagnosis.
  NonFinite,      ///< NaN or infinity in the input or on the way; the result is of no use.
};

[[nodiscard]] constexpr std::string_view to_string(SolveStatus status) noexcept {
  switch (status) {
    case SolveStatus::Converged:
      return "converged";
    case SolveStatus::MaxIterations:
      return "max iterations";
    case SolveStatus::Diverged:
      return "diverged";
    case SolveStatus::NonFinite:
      return "non-finite";
  }
  return "unknown";
}

}  // namespace twofold
