#include "twofold/estimators/atom_sheet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "twofold/core/error.hpp"
#include "twofold/core/png.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::write_atom_sheet";
constexpr std::size_t kMostAtoms = 1024;
constexpr Index kWidth = 800, kGap = 2;

// From the value of black to that of white.
struct Range {
  double low, high;

  [[nodiscard]] std::uint8_t shade(double value) const {
    const double share = high > low ? (value - low) / (high - low) : 0.5;
    return static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(share, 0.0, 1.0)));
  }
};

Range range_of(const LearnedDictionary& d, Index atom) {
  const auto row = d.atoms.row(atom);
  if (d.kind == DictionaryKind::Mixture) return {row.minCoeff(), row.maxCoeff()};
  const double most = row.cwiseAbs().maxCoeff();
  return {-most, most};
}

}  // namespace

void write_atom_sheet(const std::filesystem::path& file, const LearnedDictionary& d,
                      const std::vector<Index>& order) {
  const data::ImageShape& shape = d.image;
  require(!shape.empty() && shape.size() == d.dimension() && !order.empty() &&
              std::ranges::all_of(order, [&](Index j) { return j >= 0 && j < d.size(); }),
          kWhere,
          fmt::format("{} of {} atoms as images {} x {} x {} of {} numbers", order.size(), d.size(),
                      shape.rows, shape.cols, shape.channels, d.dimension()));
  const auto count = static_cast<Index>(std::min(order.size(), kMostAtoms));
  const auto across = static_cast<Index>(std::ceil(std::sqrt(static_cast<double>(count))));
  const Index down = (count + across - 1) / across;
  const Index zoom = std::max<Index>(1, kWidth / (across * shape.cols));
  const Index tile_width = shape.cols * zoom + kGap, tile_height = shape.rows * zoom + kGap;
  const Index width = across * tile_width + kGap, height = down * tile_height + kGap;
  std::vector<std::uint8_t> rgb(static_cast<std::size_t>(3 * width * height), 255);
  for (Index k = 0; k < count; ++k) {
    const Index atom = order[static_cast<std::size_t>(k)];
    const Range range = range_of(d, atom);
    const Index top = k / across * tile_height + kGap, left = k % across * tile_width + kGap;
    for (Index y = 0; y < shape.rows * zoom; ++y) {
      for (Index x = 0; x < shape.cols * zoom; ++x) {
        for (Index c = 0; c < 3; ++c) {
          const Index channel = shape.channels == 3 ? c : 0;
          const Index element = (channel * shape.rows + y / zoom) * shape.cols + x / zoom;
          rgb[static_cast<std::size_t>(3 * ((top + y) * width + left + x) + c)] =
              range.shade(d.atoms(atom, element));
        }
      }
    }
  }
  write_png(file, width, height, rgb);
}

}  // namespace twofold::estimators
