// Products of bfloat16 of every engine this machine has, against double and their own bound.
#include "twofold/linalg/bf16_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "linalg/random_matrix.hpp"
#include "linalg/split_engines.hpp"

namespace twofold {
namespace {

class Bf16Products : public testing::TestWithParam<const SplitEngine*> {
 protected:
  // A packed operand; what no row or column owns is NaN.
  struct Packed {
    std::vector<std::uint16_t> room;
    SplitPart part;
    Packed(const SplitEngine& engine, bool left, const MatrixF& M)
        : room(static_cast<std::size_t>(bf16_size(M.rows(), M.cols())) + 32, 0x7fc0) {
      const auto beyond = reinterpret_cast<std::uintptr_t>(room.data()) % 64;
      std::uint16_t* out = room.data() + (64 - beyond) % 64 / sizeof(std::uint16_t);
      pack_bf16(engine, left, M, out);
      part = {out, M.rows(), M.cols()};
    }
    Packed(const Packed&) = delete;
  };

  // X Wᵀ, in a frame that must stay as it is.
  MatrixF product(const MatrixF& X, const MatrixF& W) {
    const Packed left(*GetParam(), true, X), right(*GetParam(), false, W);
    constexpr float kFrame = -7;
    MatrixF framed = MatrixF::Constant(X.rows() + 2, W.rows() + 3, kFrame);
    multiply_bf16(*GetParam(), left.part, right.part, framed.data() + framed.cols() + 1,
                  framed.cols());
    auto inside = framed.block(1, 1, X.rows(), W.rows());
    const MatrixF result = inside;
    inside.setConstant(kFrame);
    EXPECT_TRUE((framed.array() == kFrame).all()) << "wrote beyond the result";
    return result;
  }

  // |error| over its bound, the largest.
  double worst(const MatrixF& X, const MatrixF& W) {
    const MatrixF got = product(X, W);
    const Matrix exact = X.cast<double>() * W.transpose().cast<double>();
    double most = 0;
    for (Index i = 0; i < X.rows(); ++i) {
      for (Index j = 0; j < W.rows(); ++j) {
        const double bound = bf16_error(norms(X, i), norms(W, j), X.cols());
        const double error = std::abs(static_cast<double>(got(i, j)) - exact(i, j));
        if (!(error == 0)) most = std::max(most, error / bound);
      }
    }
    return most;
  }

 private:
  static Bf16Norms norms(const MatrixF& M, Index row) {
    return bf16_norms(M.row(row).data(), M.cols());
  }
};

INSTANTIATE_TEST_SUITE_P(All, Bf16Products, testing::ValuesIn(test::split_engines()),
                         [](const auto& engine) { return test::engine_name(engine.param); });

// Small integers are exact in bfloat16, and so are their sums in float.
TEST_P(Bf16Products, AreExactOnIntegers) {
  for (const Index rows : {1, 3, 15, 16, 17, 31, 32, 33, 70}) {
    for (const Index columns : {1, 7, 16, 31, 32, 33, 65}) {
      for (const Index d : {1, 2, 3, 31, 32, 33, 100}) {
        const MatrixF X =
            (20 * test::random_matrix<float>(rows, d, "samples")).array().round().matrix();
        const MatrixF W =
            (20 * test::random_matrix<float>(columns, d, "atoms")).array().round().matrix();
        EXPECT_EQ(product(X, W), MatrixF(X * W.transpose())) << rows << ' ' << columns << ' ' << d;
      }
    }
  }
}

TEST_P(Bf16Products, StayWithinTheirBound) {
  for (const Index d : {1, 2, 3, 31, 32, 33, 100, 768}) {
    EXPECT_LE(worst(test::random_matrix<float>(33, d, "samples"),
                    test::random_matrix<float>(65, d, "atoms")),
              1)
        << d;
  }
}

// The rounding of bfloat16 at its worst: 1 + 2⁻⁸ − tiny rounds down to 1 in all places. And the
// bound is no larger than needed: that would let through needless units.
TEST_P(Bf16Products, StayWithinTheirBoundWhereAllRoundingsAddUp) {
  for (const Index d : {1, 2, 65, 768}) {
    const MatrixF x = MatrixF::Constant(1, d, 1.0F + 0x1.fp-9F);
    EXPECT_LE(worst(x, x), 1);
    EXPECT_GE(worst(x, x), 0.9);
  }
}

// Also where the numbers, their products or their sums are below the least normal one, which the
// instructions take as 0.
TEST_P(Bf16Products, StayWithinTheirBoundAtAnySize) {
  for (const float x : {1e-44F, 1e-40F, 1e-38F, 1e-30F, 1e-19F, 1.0F, 1e18F}) {
    for (const float w : {1e-44F, 1e-38F, 1e-30F, 1e-19F, 1e-8F, 1.0F, 1e18F}) {
      EXPECT_LE(worst(x * test::random_matrix<float>(9, 40, "samples"),
                      w * test::random_matrix<float>(17, 40, "atoms")),
                1)
          << x << ' ' << w;
    }
  }
}

TEST_P(Bf16Products, KeepNaNInItsRowAndColumn) {
  MatrixF X = test::random_matrix<float>(40, 50, "samples"),
          W = test::random_matrix<float>(40, 50, "atoms");
  X(3, 7) = std::numeric_limits<float>::quiet_NaN();
  W(39, 49) = std::numeric_limits<float>::infinity();
  const MatrixF got = product(X, W);
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 40; ++j) EXPECT_EQ(std::isfinite(got(i, j)), i != 3 && j != 39);
  }
}

TEST(Bf16Norms, AreThoseOfTheNumbersAndOfTheirRounding) {
  for (const Index d : {1, 7, 8, 9, 33}) {
    // 1 + 2⁻⁸ lies halfway: ties go to the even 1. 1 + 3·2⁻⁸ to 1 + 2⁻⁶, as far away.
    MatrixF x = MatrixF::Constant(1, d, 1 + 0x1p-8F);
    x(0, d - 1) = 1 + 3 * 0x1p-8F;
    const Bf16Norms norms = bf16_norms(x.data(), d);
    EXPECT_DOUBLE_EQ(norms.norm, x.cast<double>().norm());
    EXPECT_DOUBLE_EQ(norms.rounding, 0x1p-8 * std::sqrt(static_cast<double>(d)));
  }
}

TEST(Bf16Norms, GiveNoBoundWhereANumberIsNotFiniteOrBecomesSo) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float x : {kInfinity, std::numeric_limits<float>::quiet_NaN(), 3.4e38F}) {
    const float row[] = {1, x, 1};
    EXPECT_EQ(bf16_error(bf16_norms(row, 3), {1, 0}, 3), std::numeric_limits<double>::infinity());
    EXPECT_EQ(bf16_error({1, 0}, bf16_norms(row, 3), 3), std::numeric_limits<double>::infinity());
  }
}

}  // namespace
}  // namespace twofold
