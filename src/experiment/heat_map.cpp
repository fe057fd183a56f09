#include "experiment/heat_map.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kWidth = 512;
constexpr std::array<double, 3> kDark{8.0, 48.0, 107.0};  // colour of 1; 0 is white

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
  require(status == Z_OK, "experiment::write_heat_map", "out of memory");
  out.resize(size);
  return out;
}

// Lines of RGB pixels, each behind a byte that says "no filter".
std::string pixel_lines(const Matrix& values, Index square) {
  std::string lines;
  for (Index i = 0; i < values.rows(); ++i) {
    std::string line(1, '\0');
    for (Index j = 0; j < values.cols(); ++j) {
      const double share = std::clamp(values(i, j), 0.0, 1.0);
      std::string pixel;
      for (const double dark : kDark) {
        pixel += static_cast<char>(static_cast<unsigned char>(255.0 + share * (dark - 255.0)));
      }
      for (Index k = 0; k < square; ++k) line += pixel;
    }
    for (Index k = 0; k < square; ++k) lines += line;
  }
  return lines;
}

}  // namespace

void write_heat_map(const std::filesystem::path& file, const Matrix& values) {
  require(values.size() > 0, "experiment::write_heat_map", "the matrix is empty");
  const Index square = std::max<Index>(1, kWidth / values.cols());
  std::string header;
  append_big_endian(header, static_cast<std::uint32_t>(values.cols() * square));
  append_big_endian(header, static_cast<std::uint32_t>(values.rows() * square));
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, no interlace
  std::string png = "\x89PNG\r\n\x1a\n";
  append_chunk(png, "IHDR", header);
  append_chunk(png, "IDAT", deflated(pixel_lines(values, square)));
  append_chunk(png, "IEND", "");
  write_file(file, png);
}

}  // namespace twofold::experiment
