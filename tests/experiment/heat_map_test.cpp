#include "experiment/heat_map.hpp"

#include <gtest/gtest.h>

#include <array>

#include "experiment/throws_with.hpp"
#include "support/png.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

using Colour = std::array<int, 3>;
constexpr Colour kWhite{255, 255, 255}, kDarkBlue{8, 48, 107};

Png drawn(const Matrix& values) {
  const TemporaryFolder folder;
  write_heat_map(folder.path() / "a.png", values);
  return read_png(folder.path() / "a.png");
}

TEST(HeatMap, OneSquareOfPixelsPerEntry) {
  Matrix values(2, 4);
  values << 0, 1, 0, 0, 0, 0, 0.5, 1;
  const Png png = drawn(values);
  EXPECT_EQ(png.width, 512u);
  EXPECT_EQ(png.height, 256u);
  for (std::size_t y = 0; y < png.height; ++y) {
    for (std::size_t x = 0; x < png.width; ++x) {
      const double value = values(static_cast<Index>(y / 128), static_cast<Index>(x / 128));
      const Colour found = png.pixel(x, y);
      if (value == 0.5) continue;
      ASSERT_EQ(found, value == 0.0 ? kWhite : kDarkBlue) << x << ' ' << y;
    }
  }
  for (std::size_t k = 0; k < 3; ++k) {
    // Half way, rounded to a whole number.
    EXPECT_NEAR(png.pixel(300, 200)[k], 0.5 * (kWhite[k] + kDarkBlue[k]), 1.0);
  }
}

TEST(HeatMap, ValuesOutsideAreCut) {
  Matrix values(1, 2);
  values << -3.0, 7.0;
  const Png png = drawn(values);
  EXPECT_EQ(png.pixel(0, 0), kWhite);
  EXPECT_EQ(png.pixel(511, 255), kDarkBlue);
}

TEST(HeatMap, WideMatricesHaveAPixelPerColumn) {
  Matrix values = Matrix::Zero(3, 700);
  values(2, 699) = 1.0;
  const Png png = drawn(values);
  EXPECT_EQ(png.width, 700u);
  EXPECT_EQ(png.height, 3u);
  EXPECT_EQ(png.pixel(699, 2), kDarkBlue);
  EXPECT_EQ(png.pixel(698, 2), kWhite);
}

TEST(HeatMap, RefusesNothingToDrawAndNowhereToWrite) {
  expect_throw<InvalidArgument>([] { (void)drawn(Matrix(0, 4)); }, {"write_heat_map", "empty"});
  EXPECT_THROW(write_heat_map("/proc/a.png", Matrix::Ones(1, 1)), OutputError);
}

}  // namespace
}  // namespace twofold::experiment
