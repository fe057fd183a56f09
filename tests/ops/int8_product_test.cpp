// Skipped where the processor has no such product.
#include "ops/int8_product.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "twofold/core/random.hpp"

namespace twofold::ops {
namespace {

class Int8Product : public testing::Test {
 protected:
  void SetUp() override {
    if (int8_kernel() == nullptr) GTEST_SKIP() << "no products of bytes here";
  }

  static MatrixF normal(Index rows, Index cols, std::uint64_t index) {
    MatrixF M(rows, cols);
    RandomStream(8, "bytes")
        .fill_normal(index, std::span(M.data(), static_cast<std::size_t>(M.size())));
    return M;
  }

  // The number that a byte of a packed row stands for.
  static double unpacked(const std::vector<Int8Quad>& packed, Index members, Index member, Index i,
                         int offset, float scale) {
    const Int8Quad quad = packed[static_cast<std::size_t>(i / 4 * members + member)];
    const auto byte = static_cast<std::uint8_t>(quad >> (8 * (i % 4)));
    const int value = offset == 0 ? static_cast<std::int8_t>(byte) : byte - offset;
    return static_cast<double>(scale) * value;
  }
};

TEST_F(Int8Product, RoundsToTheNearestMultiple) {
  for (const Index d : {1, 3, 4, 5, 255, 256, 257, 770}) {
    const MatrixF x = normal(1, d, static_cast<std::uint64_t>(d));
    for (const int offset : {0, 128}) {
      std::vector<Int8Quad> packed(static_cast<std::size_t>(7 * int8_quads(d)));
      const Int8Row row = pack_int8(x.data(), d, 2, 7, offset, packed.data());
      double lost = 0, sum = 0;
      for (Index i = 0; i < d; ++i) {
        const double value = unpacked(packed, 7, 2, i, offset, row.scale);
        // Half a step, and the rounding of the quotient by the scale, 127 eps steps at most.
        ASSERT_LE(std::abs(x(0, i) - value), row.scale * (0.5 + 1e-4)) << "d=" << d;
        lost += (x(0, i) - value) * (x(0, i) - value);
        sum += value;
      }
      // Sums in double, in another order.
      EXPECT_NEAR(row.norms.rounding, std::sqrt(lost), 1e-12);
      EXPECT_NEAR(row.norms.norm, x.cast<double>().norm(), 1e-12 * row.norms.norm);
      EXPECT_NEAR(row.correction * static_cast<double>(row.scale), 128 * sum,
                  1e-9 * (1 + sum * sum));
    }
  }
}

TEST_F(Int8Product, IsThatOfTheRoundedRows) {
  for (const Index d : {1, 4, 63, 300}) {
    const MatrixF X = normal(kBf16Samples, d, 1), W = normal(kBf16Atoms, d, 2);
    const Index quads = int8_quads(d);
    std::vector<Int8Quad> samples(static_cast<std::size_t>(kBf16Samples * quads));
    std::vector<Int8Quad> units(static_cast<std::size_t>(kBf16Atoms * quads));
    std::array<float, kBf16Samples> sample_scale;
    std::array<float, kBf16Atoms> unit_scale;
    std::array<std::int32_t, kBf16Atoms> correction;
    for (Index s = 0; s < kBf16Samples; ++s) {
      sample_scale[static_cast<std::size_t>(s)] =
          pack_int8(X.row(s).data(), d, s, kBf16Samples, 128, samples.data()).scale;
    }
    for (Index j = 0; j < kBf16Atoms; ++j) {
      const Int8Row row = pack_int8(W.row(j).data(), d, j, kBf16Atoms, 0, units.data());
      unit_scale[static_cast<std::size_t>(j)] = row.scale;
      correction[static_cast<std::size_t>(j)] = row.correction;
    }
    MatrixF Z(kBf16Samples, kBf16Atoms);
    int8_kernel()(samples.data(), sample_scale.data(),
                  {units.data(), unit_scale.data(), correction.data()}, quads, Z.data(),
                  kBf16Atoms);
    for (Index s = 0; s < kBf16Samples; ++s) {
      for (Index j = 0; j < kBf16Atoms; ++j) {
        double expected = 0;
        for (Index i = 0; i < d; ++i) {
          expected += unpacked(samples, kBf16Samples, s, i, 128,
                               sample_scale[static_cast<std::size_t>(s)]) *
                      unpacked(units, kBf16Atoms, j, i, 0, unit_scale[static_cast<std::size_t>(j)]);
        }
        // The integer is exact below 2^24 and else rounded; two products with the scales.
        ASSERT_NEAR(Z(s, j), expected, 4e-7 * std::abs(expected)) << "d=" << d;
      }
    }
  }
}

TEST_F(Int8Product, RowsWithoutALengthHaveNoBound) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  std::vector<Int8Quad> packed(2);
  for (const float bad : {inf, -inf, std::numeric_limits<float>::quiet_NaN()}) {
    const float x[5] = {1, 2, bad, 4, 5};
    EXPECT_TRUE(std::isinf(pack_int8(x, 5, 0, 1, 0, packed.data()).norms.norm));
  }
  const float zero[5] = {};
  const Int8Row row = pack_int8(zero, 5, 0, 1, 0, packed.data());
  EXPECT_EQ(row.norms.norm, 0);
  EXPECT_EQ(row.scale, 0);
  // So small that the inverse of the scale is infinite: all is lost, and the bound says so.
  const float tiny[5] = {1e-40f, 0, 0, 0, 0};
  const Int8Row lost = pack_int8(tiny, 5, 0, 1, 0, packed.data());
  EXPECT_EQ(lost.norms.rounding, lost.norms.norm);
}

}  // namespace
}  // namespace twofold::ops
