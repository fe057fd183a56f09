#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "twofold/core/random.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::model {
namespace {

struct Row {
  std::vector<double> value, slope;
};

Row top_k(std::ptrdiff_t k, const std::vector<double>& z) {
  Row row{std::vector<double>(z.size(), 9.0), std::vector<double>(z.size(), 9.0)};
  TopK{k}.apply_row(z, row.value, row.slope);
  return row;
}

TEST(TopK, KeepsTheLargestMagnitudes) {
  const Row row = top_k(2, {0.5, -3.0, 1.0, 2.0});
  EXPECT_EQ(row.value, (std::vector<double>{0.0, -3.0, 0.0, 2.0}));
  EXPECT_EQ(row.slope, (std::vector<double>{0.0, 1.0, 0.0, 1.0}));
}

TEST(TopK, BreaksTiesByLowestIndex) {
  const Row row = top_k(3, {1.0, -2.0, -1.0, 1.0, 1.0});
  EXPECT_EQ(row.value, (std::vector<double>{1.0, -2.0, -1.0, 0.0, 0.0}));
}

TEST(TopK, KeepsAShortRowWhole) {
  const std::vector<double> z{0.0, -1.0, 2.0};
  EXPECT_EQ(top_k(3, z).value, z);
  EXPECT_EQ(top_k(8, z).value, z);
  EXPECT_EQ(top_k(8, z).slope, (std::vector<double>{1.0, 1.0, 1.0}));
}

TEST(TopK, DoesNotLoseNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Row row = top_k(1, {5.0, nan, 7.0});
  EXPECT_EQ(row.value[0], 0.0);
  EXPECT_TRUE(std::isnan(row.value[1]));
  EXPECT_EQ(row.value[2], 0.0);
}

// Against a stable sort; rounding to halves makes many ties.
TEST(TopK, AgreesWithStableSort) {
  const RandomStream stream(7, "top_k test");
  for (std::size_t n = 1; n <= 40; ++n) {
    std::vector<double> z(n);
    stream.fill_normal(n, z);
    for (double& code : z) code = std::round(2 * code) / 2;
    std::vector<std::size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return std::abs(z[a]) > std::abs(z[b]); });
    for (std::size_t k = 1; k <= n; ++k) {
      std::vector<double> expected(n, 0.0), kept(n, 0.0);
      for (std::size_t i = 0; i < k; ++i) {
        expected[order[i]] = z[order[i]];
        kept[order[i]] = 1.0;
      }
      const Row row = top_k(static_cast<std::ptrdiff_t>(k), z);
      EXPECT_EQ(row.value, expected) << "n=" << n << " k=" << k;
      EXPECT_EQ(row.slope, kept) << "n=" << n << " k=" << k;
    }
  }
}

}  // namespace
}  // namespace twofold::model
