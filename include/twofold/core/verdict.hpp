// What becomes of a prediction once there is a measured value.
#pragma once

#include <string_view>

namespace twofold {

enum class Verdict { Holds, Fails, NotApplicable };

/// "holds", "fails" or "not applicable".
[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::Holds:
      return "holds";
    case Verdict::Fails:
      return "fails";
    case Verdict::NotApplicable:
      break;
  }
  return "not applicable";
}

}  // namespace twofold
