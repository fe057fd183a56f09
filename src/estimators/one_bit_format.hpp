// What the two kinds of files have in common.
#pragma once

#include <cstdint>
#include <string_view>

namespace twofold::estimators {

inline constexpr std::string_view kCodecMagic = "TF1B-CDC", kCodesMagic = "TF1B-BIT";
inline constexpr std::uint32_t kFormatVersion = 1, kByteOrderMark = 0x01020304;
inline constexpr std::uint64_t kMostBits = 1'000'000'000;

}  // namespace twofold::estimators
