// IEEE half precision, to and from its 16 bits.
#pragma once

#include <Eigen/Core>
#include <cstdint>

namespace twofold::estimators {

inline constexpr double kLargestHalf = 65504.0;

/// Rounded to the nearest, ties to even.
[[nodiscard]] inline std::uint16_t to_half(double value) {
  return Eigen::numext::bit_cast<std::uint16_t>(Eigen::half(static_cast<float>(value)));
}

[[nodiscard]] inline double from_half(std::uint16_t bits) {
  return static_cast<double>(static_cast<float>(Eigen::numext::bit_cast<Eigen::half>(bits)));
}

}  // namespace twofold::estimators
