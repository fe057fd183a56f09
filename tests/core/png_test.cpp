#include "twofold/core/png.hpp"

#include <gtest/gtest.h>

#include "support/png.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

TEST(WritePng, PixelsComeBackInTheirPlaces) {
  const TemporaryFolder folder;
  const std::array<std::uint8_t, 18> rgb{0,   1,   2,   3,  4,  5,  6,  7,  8,
                                         255, 254, 253, 10, 11, 12, 13, 14, 15};
  write_png(folder.path() / "a.png", 3, 2, rgb);
  const Png png = read_png(folder.path() / "a.png");
  ASSERT_EQ(png.width, 3u);
  ASSERT_EQ(png.height, 2u);
  EXPECT_EQ(png.pixel(0, 0), (std::array<int, 3>{0, 1, 2}));
  EXPECT_EQ(png.pixel(2, 0), (std::array<int, 3>{6, 7, 8}));
  EXPECT_EQ(png.pixel(0, 1), (std::array<int, 3>{255, 254, 253}));
  EXPECT_EQ(png.pixel(2, 1), (std::array<int, 3>{13, 14, 15}));
}

TEST(WritePng, RefusesWhatDoesNotFit) {
  const TemporaryFolder folder;
  const std::array<std::uint8_t, 6> rgb{};
  EXPECT_THROW(write_png(folder.path() / "a.png", 0, 2, rgb), InvalidArgument);
  EXPECT_THROW(write_png(folder.path() / "a.png", 1, 1, rgb), InvalidArgument);
  EXPECT_THROW(write_png(folder.path() / "absent" / "a.png", 2, 1, rgb), OutputError);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace twofold
