#include "decode/cubic_kernels.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "decode/sign_side.hpp"
#include "twofold/core/random.hpp"

namespace twofold::decode {
namespace {

constexpr PieceGrid kGrid{-4, 6};  // up to 4 - 1/16

PieceTables tables_of(std::vector<Piece>& pieces, int count) {
  pieces.resize(static_cast<std::size_t>(kGrid.size() * count));
  for (int k = 0; k < count; ++k) {
    fill_pieces(
        kGrid,
        [k](double x) {
          return NodeValue{std::sin(x + 0.1 * k), std::cos(x + 0.1 * k)};
        },
        pieces.data() + kGrid.size() * k);
  }
  return {kGrid, pieces.data()};
}

std::vector<float> numbers(std::size_t size) {
  const RandomStream stream(1, "numbers");
  std::vector<float> list(size);
  for (std::size_t i = 0; i < size; ++i) list[i] = static_cast<float>(1.5 * stream.normal(i));
  const float special[] = {0.0F, -0.0F, 1e-30F, -1e-3F, 3.9375F, 7.0F, -1e9F};
  for (std::size_t i = 0; i < std::min<std::size_t>(size, 7); ++i) list[i] = special[i];
  return list;
}

TEST(CubicKernels, FollowTheFunctionAndContinueItAsALine) {
  std::vector<Piece> pieces;
  const PieceTables table = tables_of(pieces, 1);
  const auto in = numbers(500);
  std::vector<float> out(500);
  double slopes = 0.0;
  const double sum = cubic_kernels().lookup(table, in.data(), 1.0F, 2.0F, out.data(), 500);
  for (std::size_t i = 0; i < 500; ++i) {
    const auto x = static_cast<double>(in[i]);
    const double edge = std::copysign(std::min(std::abs(x), 3.9375), x);
    slopes += std::cos(edge);
    const double expected = 2.0 * (std::sin(edge) + std::cos(edge) * (x - edge));
    // Cubic of width up to 1/16: (1/16)^4/384 = 4e-8; float rounding 1e-7, also of the slope.
    EXPECT_NEAR(out[i], expected, 1e-6 * std::max(1.0, std::abs(x))) << x;
  }
  EXPECT_NEAR(sum, slopes, 500 * 1e-5);  // width³/24
}

TEST(CubicKernels, AllInstructionSetsGiveTheSameBits) {
  std::vector<Piece> pieces;
  const PieceTables tables = tables_of(pieces, 7);
  const auto& plain = portable_cubic_kernels();
  const auto& fast = cubic_kernels();
  std::vector<float> squares(600), offsets(600);
  for (std::size_t i = 0; i < 600; ++i) {
    squares[i] = i == 50 ? 0.0F : std::exp(-0.008F * static_cast<float>(i));
    offsets[i] = std::log(squares[i]);
  }
  const ScaledLookup scaled{0.7F, 0.3F, 1.2F, 1.1F, 4.7F, 2.0F, squares.data(), offsets.data()};
  for (const std::size_t size : {1U, 3U, 15U, 16U, 17U, 33U, 100U, 256U, 600U}) {
    const auto in = numbers(size);
    std::vector<float> a(size), b(size);
    EXPECT_EQ(plain.lookup(tables, in.data(), 0.9F, 1.1F, a.data(), size),
              fast.lookup(tables, in.data(), 0.9F, 1.1F, b.data(), size));
    EXPECT_EQ(a, b) << size;
    std::vector<float> c = in;  // in place
    (void)fast.lookup(tables, c.data(), 0.9F, 1.1F, c.data(), size);
    EXPECT_EQ(a, c) << size;
    EXPECT_EQ(plain.scaled_lookup(tables, scaled, in.data(), a.data(), size),
              fast.scaled_lookup(tables, scaled, in.data(), b.data(), size));
    EXPECT_EQ(a, b) << size;
  }
  std::vector<Piece> a(static_cast<std::size_t>(kGrid.size())), b(a);
  plain.mix(tables, {2, {-0.06F, 0.56F, 0.56F, -0.06F}}, a.data());
  fast.mix(tables, {2, {-0.06F, 0.56F, 0.56F, -0.06F}}, b.data());
  EXPECT_EQ(a, b);
}

TEST(CubicKernels, StayInsideTheTableForAnyFloat) {
  std::vector<Piece> pieces;
  const PieceTables table = tables_of(pieces, 1);
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const std::vector<float> in{infinity, -infinity, nan, -nan, 3e38F};
  std::vector<float> out(5);
  (void)cubic_kernels().lookup(table, in.data(), 1.0F, 1.0F, out.data(), 5);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_FALSE(std::isfinite(out[i])) << i;
  EXPECT_EQ(portable_cubic_kernels().lookup(table, in.data() + 4, 1.0F, 1.0F, out.data(), 1),
            cubic_kernels().lookup(table, in.data() + 4, 1.0F, 1.0F, out.data(), 1));
}

// What a bit says, by table against the exact function, from certainty to surprise.
TEST(SignSide, TableIsThePositiveNormal) {
  std::vector<float> y, p1;
  for (const double k : {-3e5, -300.0, -12.0, -5.0, -1.0, -0.01, 0.0, 0.3, 2.0, 7.0, 40.0, 1e4}) {
    for (const float bit : {1.0F, -1.0F}) {
      y.push_back(bit);
      p1.push_back(bit * static_cast<float>(0.3 * k));
    }
  }
  std::vector<float> step(y.size());
  (void)use_signs(y.data(), p1.data(), 0.3, step.data(), y.size());
  for (std::size_t j = 0; j < y.size(); ++j) {
    const double bit = static_cast<double>(y[j]), mean = static_cast<double>(p1[j]);
    double exact = 0.0;
    const double q = use_signs(&bit, &mean, 0.3, &exact, 1);
    // Float rounding of ẑ and p1: 2e-7 of the larger.
    EXPECT_NEAR(step[j], exact, 4e-7 * std::max(1.0, std::abs(mean))) << mean;
    float one = 0.0F;
    // q by the slope of a cubic: its error is that of μ over the width, 1e-5 of 1/k² and less.
    EXPECT_NEAR(use_signs(&y[j], &p1[j], 0.3, &one, 1), q, 2e-5 * q + 1e-7) << mean;
  }
}

}  // namespace
}  // namespace twofold::decode
