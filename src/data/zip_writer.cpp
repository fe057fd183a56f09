#include "zip_writer.hpp"

#include <zlib.h>

#include <algorithm>
#include <bit>

namespace twofold::data {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50,
                        kEnd64 = 0x06064b50, kLocator64 = 0x07064b50;
constexpr std::uint32_t kElsewhere = 0xffffffff;    // the number stands in the Zip64 field
constexpr std::uint16_t kVersion = 45, kDate = 33;  // 1 January 1980: same rows, same bytes

template <typename... Numbers>
std::string bytes(Numbers... numbers) {
  std::string text;
  (text.append(reinterpret_cast<const char*>(&numbers), sizeof numbers), ...);
  return text;
}

constexpr std::uint16_t u16(std::size_t value) {
  return static_cast<std::uint16_t>(value);
}

}  // namespace

void ZipWriter::write(const std::string& text) {
  out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  at_ += text.size();
}

void ZipWriter::add(const std::string& name, std::uint64_t size, std::uint32_t crc,
                    const std::function<void(std::ostream&)>& produce) {
  const std::uint64_t offset = at_;
  const std::uint16_t none = 0, length = u16(name.size());
  const std::string common = bytes(kVersion, none, none, none, kDate, crc, kElsewhere, kElsewhere);
  write(bytes(kLocal) + common + bytes(length, u16(20)) + name +
        bytes(u16(1), u16(16), size, size));
  directory_ += bytes(kCentral, kVersion) + common + bytes(length, u16(28), none, none, none) +
                bytes(std::uint32_t{0}, kElsewhere) + name +
                bytes(u16(1), u16(24), size, size, offset);
  produce(out_);
  at_ += size;
  ++members_;
}

void ZipWriter::add(const std::string& name, const std::string& content) {
  const auto crc = static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size())));
  add(name, content.size(), crc, [&](std::ostream& out) {
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
  });
}

void ZipWriter::finish() {
  const std::uint64_t begin = at_, size = directory_.size(), count = members_;
  write(directory_);
  const std::uint64_t end = at_;
  const std::uint32_t disk = 0;
  write(
      bytes(kEnd64, std::uint64_t{44}, kVersion, kVersion, disk, disk, count, count, size, begin) +
      bytes(kLocator64, disk, end, std::uint32_t{1}));
  // Readers that know no Zip64 find the directory of a small archive here.
  const auto low = [](std::uint64_t value) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, kElsewhere));
  };
  const std::uint16_t none = 0;
  write(bytes(kEnd, none, none, members_, members_, low(size), low(begin), none));
}

}  // namespace twofold::data
