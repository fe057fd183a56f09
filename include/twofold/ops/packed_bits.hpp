// One bit per number: signs packed into bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Bytes of a code of n bits: ceil(n/8).
[[nodiscard]] constexpr Index code_bytes(Index n) noexcept {
  return (n + 7) / 8;
}

/// Bit j of byte j>>3, position j&7, is 1 where z[j] >= 0 (so sign(±0) = +1; NaN gives 0). The
/// unused bits of the last byte are 0.
/// @param bytes  code_bytes(z.size()) of them; InvalidArgument otherwise.
template <std::floating_point Scalar>
void pack_signs(std::span<const Scalar> z, std::span<std::uint8_t> bytes);

/// y[j] = +1 where bit j is 1, else -1. Unused bits are ignored.
/// @param bytes  code_bytes(y.size()) of them; InvalidArgument otherwise.
template <std::floating_point Scalar>
void unpack_signs(std::span<const std::uint8_t> bytes, std::span<Scalar> y);

}  // namespace twofold::ops
