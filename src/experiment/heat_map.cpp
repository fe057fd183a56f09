#include "experiment/heat_map.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/png.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kWidth = 512;
constexpr std::array<double, 3> kDark{8.0, 48.0, 107.0};  // colour of 1; 0 is white

std::vector<std::uint8_t> pixels(const Matrix& values, Index square) {
  std::vector<std::uint8_t> rgb;
  for (Index y = 0; y < values.rows() * square; ++y) {
    for (Index x = 0; x < values.cols() * square; ++x) {
      const double share = std::clamp(values(y / square, x / square), 0.0, 1.0);
      for (const double dark : kDark) {
        rgb.push_back(static_cast<std::uint8_t>(255.0 + share * (dark - 255.0)));
      }
    }
  }
  return rgb;
}

}  // namespace

void write_heat_map(const std::filesystem::path& file, const Matrix& values) {
  require(values.size() > 0, "experiment::write_heat_map", "the matrix is empty");
  const Index square = std::max<Index>(1, kWidth / values.cols());
  write_png(file, values.cols() * square, values.rows() * square, pixels(values, square));
}

}  // namespace twofold::experiment
