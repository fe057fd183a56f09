// Numbers to and from little-endian bytes, with bounds and a checksum.
#pragma once

#include <fmt/format.h>

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "twofold/core/error.hpp"

namespace twofold::estimators {

static_assert(std::endian::native == std::endian::little, "files are written as memory is");

template <typename T>
concept Number = std::is_arithmetic_v<T>;

template <Number T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <Number T>
void append(std::string& bytes, std::span<const T> values) {
  bytes.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

/// Takes numbers from the front of bytes; beyond the end throws DataError.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, const std::string& name) : rest_(bytes), name_(name) {}

  template <Number T>
  [[nodiscard]] T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  template <Number T>
  void numbers(std::span<T> values) {
    const std::string_view bytes = take(values.size_bytes());
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  }
  [[nodiscard]] std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) fail("ends before its last number");
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  /// Throws unless `count` items of `size` bytes may still come, so that memory is not asked for
  /// on the word of a damaged file.
  void require_room(std::uint64_t count, std::uint64_t size) const {
    if (count > rest_.size() / size) fail("claims more numbers than it has");
  }
  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[noreturn]] void fail(std::string_view problem) const {
    throw DataError("estimators::one_bit_file",
                    fmt::format("{}: {}; it is damaged, make or copy it again", name_, problem));
  }

 private:
  std::string_view rest_;
  const std::string& name_;
};

/// CRC-32 as of zlib and PNG, continued from `crc` (0 at the start).
[[nodiscard]] std::uint32_t crc32_of(std::string_view bytes, std::uint32_t crc = 0);

}  // namespace twofold::estimators
