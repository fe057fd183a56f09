#include "twofold/ops/packed_bits.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

void require_bytes(std::size_t bits, std::size_t bytes, std::string_view where) {
  if (bytes == (bits + 7) / 8) return;
  throw InvalidArgument(where,
                        fmt::format("{} bits need {} bytes, got {}", bits, (bits + 7) / 8, bytes));
}

}  // namespace

template <std::floating_point Scalar>
void pack_signs(std::span<const Scalar> z, std::span<std::uint8_t> bytes) {
  require_bytes(z.size(), bytes.size(), "ops::pack_signs");
  for (std::size_t byte = 0; byte < bytes.size(); ++byte) {
    const auto part = z.subspan(8 * byte, std::min<std::size_t>(8, z.size() - 8 * byte));
    unsigned value = 0;
    for (std::size_t j = 0; j < part.size(); ++j) value |= (part[j] >= 0 ? 1U : 0U) << j;
    bytes[byte] = static_cast<std::uint8_t>(value);
  }
}

template <std::floating_point Scalar>
void unpack_signs(std::span<const std::uint8_t> bytes, std::span<Scalar> y) {
  require_bytes(y.size(), bytes.size(), "ops::unpack_signs");
  for (std::size_t j = 0; j < y.size(); ++j) {
    y[j] = ((bytes[j >> 3] >> (j & 7)) & 1) != 0 ? Scalar{1} : Scalar{-1};
  }
}

template void pack_signs(std::span<const float>, std::span<std::uint8_t>);
template void pack_signs(std::span<const double>, std::span<std::uint8_t>);
template void unpack_signs(std::span<const std::uint8_t>, std::span<float>);
template void unpack_signs(std::span<const std::uint8_t>, std::span<double>);

}  // namespace twofold::ops
