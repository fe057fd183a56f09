// Packed codes to ±1, a byte at a time.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace twofold::decode {

/// ops::unpack_signs, from a table of the 256 bytes.
template <typename Scalar>
void expand_signs(std::span<const std::uint8_t> code, std::span<Scalar> y) {
  static constexpr auto signs = [] {
    std::array<std::array<Scalar, 8>, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
      for (unsigned j = 0; j < 8; ++j) table[byte][j] = ((byte >> j) & 1) != 0 ? 1 : -1;
    }
    return table;
  }();
  const std::size_t whole = y.size() / 8;
  for (std::size_t b = 0; b < whole; ++b) std::copy_n(signs[code[b]].data(), 8, &y[8 * b]);
  if (whole < code.size()) {
    std::copy_n(signs[code[whole]].data(), y.size() - 8 * whole, y.data() + 8 * whole);
  }
}

}  // namespace twofold::decode
