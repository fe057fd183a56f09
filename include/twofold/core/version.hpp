// The version of the library, as in CMakeLists.txt.
#pragma once

#include <string_view>

namespace twofold {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace twofold
