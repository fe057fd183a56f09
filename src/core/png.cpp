#include "twofold/core/png.hpp"

#include <zlib.h>

#include <limits>
#include <string>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold {
namespace {

constexpr auto kWhere = "core::write_png";

void append_big_endian(std::string& text, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xFFU);
}

// Length, type, data, CRC of type and data (PNG specification, section 5.3).
void append_chunk(std::string& png, std::string_view type, std::string_view data) {
  append_big_endian(png, static_cast<std::uint32_t>(data.size()));
  const std::size_t begin = png.size();
  png += type;
  png += data;
  const auto* bytes = reinterpret_cast<const Bytef*>(png.data() + begin);
  append_big_endian(png, static_cast<std::uint32_t>(
                             crc32(0, bytes, static_cast<uInt>(type.size() + data.size()))));
}

std::string deflated(const std::string& data) {
  uLongf size = compressBound(static_cast<uLong>(data.size()));
  std::string out(size, '\0');
  const int status =
      compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(data.data()), static_cast<uLong>(data.size()), 9);
  require(status == Z_OK, kWhere, "out of memory");
  out.resize(size);
  return out;
}

}  // namespace

void write_png(const std::filesystem::path& file, std::int64_t width, std::int64_t height,
               std::span<const std::uint8_t> rgb) {
  constexpr std::int64_t most = std::numeric_limits<std::int32_t>::max();
  require(width >= 1 && height >= 1 && width <= most && height <= most, kWhere,
          "a picture of " + std::to_string(width) + " x " + std::to_string(height) + " pixels");
  const auto line = static_cast<std::size_t>(3 * width);
  require(rgb.size() == line * static_cast<std::size_t>(height), kWhere,
          std::to_string(rgb.size()) + " bytes do not fit " + std::to_string(width) + " x " +
              std::to_string(height) + " pixels");
  std::string lines;  // each behind a byte that says "no filter"
  for (std::size_t at = 0; at < rgb.size(); at += line) {
    lines += '\0';
    lines.append(reinterpret_cast<const char*>(rgb.data() + at), line);
  }
  std::string header;
  append_big_endian(header, static_cast<std::uint32_t>(width));
  append_big_endian(header, static_cast<std::uint32_t>(height));
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, no interlace
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", deflated(lines));
  append_chunk(png, "IEND", "");
  write_file(file, png);
}

}  // namespace twofold
