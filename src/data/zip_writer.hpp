// Archives of uncompressed members, Zip64 throughout (APPNOTE.TXT of PKWARE).
#pragma once

#include <cstdint>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace twofold::data {

class ZipWriter {
 public:
  explicit ZipWriter(std::ostream& out) : out_(out) {}

  /// One member; `produce` writes its `size` bytes, whose CRC-32 is `crc`.
  void add(const std::string& name, std::uint64_t size, std::uint32_t crc,
           const std::function<void(std::ostream&)>& produce);
  void add(const std::string& name, const std::string& content);
  /// The directory; nothing may be added afterwards.
  void finish();

 private:
  void write(const std::string& bytes);

  std::ostream& out_;
  std::uint64_t at_ = 0;
  std::uint16_t members_ = 0;
  std::string directory_;
};

}  // namespace twofold::data
