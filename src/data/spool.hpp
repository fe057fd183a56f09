// Bytes that wait on disk until it is known how many there are.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <iosfwd>
#include <memory>

namespace twofold::data {

/// A nameless temporary file in a folder: gone with the process, whatever happens.
class Spool {
 public:
  /// @throws OutputError  with the system's reason.
  explicit Spool(const std::filesystem::path& folder);

  void append(const void* bytes, std::size_t size);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Writes all of it; nothing may be appended afterwards.
  void copy_to(std::ostream& out);
  /// CRC-32 of `before` (a CRC-32 itself) followed by all bytes.
  [[nodiscard]] std::uint32_t crc_after(std::uint32_t before);

 private:
  template <typename Visit>
  void for_each_piece(Visit&& visit);

  struct Close {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  std::filesystem::path folder_;
  std::unique_ptr<std::FILE, Close> file_;
  std::uint64_t size_ = 0;
};

}  // namespace twofold::data
