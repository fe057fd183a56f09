#include "experiment/tile_sheet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/png.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kTile = 32;  // pixels of a tile, about

// The sheet's bytes; white where no tile is.
struct Sheet {
  Index width, height;
  std::vector<std::uint8_t> rgb;

  Sheet(Index w, Index h)
      : width(w), height(h), rgb(static_cast<std::size_t>(3 * w * h), std::uint8_t{255}) {}
  void set(Index y, Index x, Index channel, double value) {
    const double level = std::clamp(127.5 + 127.5 * value, 0.0, 255.0);
    rgb[static_cast<std::size_t>(3 * (y * width + x) + channel)] =
        static_cast<std::uint8_t>(std::lround(level));
  }
};

// Value of a colour at a pixel.
double colour(const Matrix& atoms, Index atom, const data::ImageShape& shape, Index pixel,
              Index channel) {
  const Index area = shape.rows * shape.cols;
  if (shape.channels == 3) return atoms(atom, channel * area + pixel);
  double sum = 0.0;
  for (Index c = 0; c < shape.channels; ++c) sum += atoms(atom, c * area + pixel);
  return sum / static_cast<double>(shape.channels);
}

}  // namespace

void write_tile_sheet(const std::filesystem::path& file, const Matrix& atoms,
                      const data::ImageShape& shape) {
  require(atoms.rows() > 0 && !shape.empty() && atoms.cols() == shape.size(),
          "experiment::write_tile_sheet",
          fmt::format("{} atoms of length {} are no images of {} x {} with {} channels",
                      atoms.rows(), atoms.cols(), shape.rows, shape.cols, shape.channels));
  const Index square = std::max<Index>(1, kTile / std::max(shape.rows, shape.cols));
  const Index tall = shape.rows * square, wide = shape.cols * square;
  const auto across = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(atoms.rows()))));
  const Index down = (atoms.rows() + across - 1) / across;
  Sheet sheet(across * (wide + 1) + 1, down * (tall + 1) + 1);
  for (Index a = 0; a < atoms.rows(); ++a) {
    const double largest = std::max(atoms.row(a).cwiseAbs().maxCoeff(), 1e-300);
    const Index top = a / across * (tall + 1) + 1, left = a % across * (wide + 1) + 1;
    for (Index y = 0; y < tall; ++y) {
      for (Index x = 0; x < wide; ++x) {
        const Index pixel = y / square * shape.cols + x / square;
        for (Index c = 0; c < 3; ++c) {
          sheet.set(top + y, left + x, c, colour(atoms, a, shape, pixel, c) / largest);
        }
      }
    }
  }
  write_png(file, sheet.width, sheet.height, sheet.rgb);
}

}  // namespace twofold::experiment
