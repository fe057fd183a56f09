// Compressed bytes, through zlib.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace twofold::data {

/// Reads a file from its beginning to its end, gzip-compressed or plain.
class GzipReader {
 public:
  /// @throws DataError  if the file is missing, unreadable or empty.
  explicit GzipReader(const std::filesystem::path& path);

  /// Fills `out` as far as the content reaches; returns the bytes written.
  /// @throws DataError  if the compressed data are damaged or truncated.
  std::size_t read(std::span<std::uint8_t> out);

  /// What the content cannot exceed: zlib never compresses by more than 1032 to 1.
  [[nodiscard]] std::uint64_t most_bytes() const noexcept { return most_bytes_; }

 private:
  std::string name_;
  std::shared_ptr<void> file_;
  std::uint64_t most_bytes_ = 0;
};

/// Inflates raw deflate data (a zip member) of known size and checksum.
/// @throws DataError  if the data are damaged or the size or CRC-32 differs.
[[nodiscard]] std::vector<std::uint8_t> inflate_member(std::span<const std::uint8_t> packed,
                                                       std::uint64_t size, std::uint32_t crc,
                                                       const std::string& name);

}  // namespace twofold::data
