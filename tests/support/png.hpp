// Reads the kind of PNG that heat maps are: 8-bit RGB, no filter, one IDAT chunk.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "twofold/core/file.hpp"

namespace twofold {

struct Png {
  std::size_t width = 0, height = 0;
  std::string lines;  ///< a filter byte and 3 bytes a pixel, line by line

  [[nodiscard]] std::array<int, 3> pixel(std::size_t x, std::size_t y) const {
    const std::size_t at = y * (1 + 3 * width) + 1 + 3 * x;
    const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(lines.at(at + k)); };
    return {byte(0), byte(1), byte(2)};
  }
};

inline std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t k = 0; k < 4; ++k) {
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + k));
  }
  return value;
}

/// Every checksum, length and header field is checked on the way.
inline Png read_png(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  EXPECT_EQ(bytes.substr(0, 8), "\x89PNG\r\n\x1a\n");
  Png png;
  std::string order;
  for (std::size_t at = 8; at < bytes.size();) {
    const std::size_t size = big_endian(bytes, at);
    const std::string type = bytes.substr(at + 4, 4), data = bytes.substr(at + 8, size);
    const auto* checked = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
    EXPECT_EQ(big_endian(bytes, at + 8 + size), crc32(0, checked, static_cast<uInt>(4 + size)));
    order += type;
    if (type == "IHDR") {
      png.width = big_endian(data, 0);
      png.height = big_endian(data, 4);
      EXPECT_EQ(data.substr(8), std::string("\x08\x02\x00\x00\x00", 5));
    } else if (type == "IDAT") {
      png.lines.resize(png.height * (1 + 3 * png.width));
      auto length = static_cast<uLongf>(png.lines.size());
      EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(png.lines.data()), &length,
                           reinterpret_cast<const Bytef*>(data.data()), static_cast<uLong>(size)),
                Z_OK);
      EXPECT_EQ(length, png.lines.size());
    }
    at += 12 + size;
  }
  EXPECT_EQ(order, "IHDRIDATIEND");
  for (std::size_t y = 0; y < png.height; ++y) EXPECT_EQ(png.lines[y * (1 + 3 * png.width)], '\0');
  return png;
}

}  // namespace twofold
