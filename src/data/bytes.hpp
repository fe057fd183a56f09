// Contents of files as bytes: mapped, or inflated into memory.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

namespace twofold::data {

/// Read-only bytes and what keeps them alive.
struct Bytes {
  std::shared_ptr<const void> owner;
  std::span<const std::uint8_t> data;
};

/// The whole file mapped into memory; nothing is read before it is touched.
/// @throws DataError  if it is missing, unreadable, a folder or empty.
[[nodiscard]] Bytes map_file(const std::filesystem::path& path);

/// Takes over bytes that were made in memory.
[[nodiscard]] Bytes own_bytes(std::vector<std::uint8_t> bytes);

/// The number at `from`; nothing is assumed about alignment.
template <typename T>
[[nodiscard]] T load(const std::uint8_t* from, bool big_endian) noexcept {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if (sizeof(T) > 1 && big_endian != (std::endian::native == std::endian::big)) {
    std::uint8_t raw[sizeof(T)];
    for (std::size_t k = 0; k < sizeof(T); ++k) raw[k] = from[sizeof(T) - 1 - k];
    std::memcpy(&value, raw, sizeof(T));
  }
  return value;
}

}  // namespace twofold::data
