// Split products of every engine this machine has, against double.
#include "twofold/linalg/split_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "linalg/random_matrix.hpp"
#include "linalg/split_engines.hpp"
#include "twofold/core/error.hpp"

namespace twofold {

namespace {

class SplitEngines : public testing::TestWithParam<const SplitEngine*> {
 protected:
  std::vector<std::uint16_t> pack(bool left, bool along, const MatrixF& M, float factor = 1) {
    const Index count = along ? M.rows() : M.cols(), inner = along ? M.cols() : M.rows();
    const Index group = split_tiles(inner) * kSplitTile;
    std::vector<std::uint16_t> tiles(num_blocks(count, kSplitGroup) * group, 1);
    for (Index first = 0; first < count; first += kSplitGroup) {
      for (Index k = 0; k < inner; k += kSplitInner) {
        GetParam()->pack({.data = M.data() + (along ? first * M.cols() + k : k * M.cols() + first),
                          .stride = M.cols(),
                          .count = std::min(kSplitGroup, count - first),
                          .inner = std::min(kSplitInner, inner - k),
                          .along = along,
                          .factor = factor},
                         left,
                         tiles.data() + first / kSplitGroup * group + k / kSplitInner * kSplitTile);
      }
    }
    return tiles;
  }

  // C + L R for L rows×inner and R inner×columns, in a frame that must stay as it is.
  MatrixF multiply(const MatrixF& L, const MatrixF& R, const MatrixF* C) {
    const auto left = pack(true, true, L), right = pack(false, false, R);
    MatrixF framed = MatrixF::Constant(L.rows() + 2, R.cols() + 3, kFrame);
    auto inside = framed.block(1, 1, L.rows(), R.cols());
    if (C != nullptr) inside = *C;
    GetParam()->multiply({left.data(), L.rows(), L.cols()}, {right.data(), R.cols(), L.cols()},
                         C != nullptr, framed.data() + framed.cols() + 1, framed.cols());
    const MatrixF result = inside;
    inside.setConstant(kFrame);
    EXPECT_TRUE((framed.array() == kFrame).all()) << "wrote beyond the result";
    return result;
  }
  static constexpr float kFrame = -7;
};

INSTANTIATE_TEST_SUITE_P(All, SplitEngines, testing::ValuesIn(test::split_engines()),
                         [](const auto& engine) { return test::engine_name(engine.param); });

// |error| over split_error ‖l‖ ‖r‖, the largest.
double worst(const MatrixF& got, const MatrixF& L, const MatrixF& R) {
  const Matrix exact = L.cast<double>() * R.cast<double>();
  const Vector rows = L.cast<double>().rowwise().norm();
  const Eigen::RowVectorXd columns = R.cast<double>().colwise().norm();
  const Matrix bound = split_error(L.cols()) * rows * columns;
  return ((got.cast<double>() - exact).array().abs() / bound.array()).maxCoeff();
}

TEST_P(SplitEngines, StayWithinTheirBound) {
  for (const Index rows : {1, 15, 16, 17, 31, 33, 70}) {
    for (const Index columns : {1, 7, 16, 31, 32, 33, 65}) {
      for (const Index inner : {1, 3, 31, 32, 33, 100}) {
        const auto L = test::random_matrix<float>(rows, inner, "left");
        const auto R = test::random_matrix<float>(inner, columns, "right");
        EXPECT_LE(worst(multiply(L, R, nullptr), L, R), 1)
            << rows << ' ' << columns << ' ' << inner;
      }
    }
  }
}

TEST_P(SplitEngines, AreMoreExactThanOneProductOfBfloat16) {
  const auto L = test::random_matrix<float>(64, 784, "left");
  const auto R = test::random_matrix<float>(784, 64, "right");
  const Matrix exact = L.cast<double>() * R.cast<double>();
  // Rounding errors of inner independent numbers: both rests rounded to 2^-17 of the number in the
  // mean square add up to less than 2^-16, and so do the sums in float; one product alone has 2^-9.
  EXPECT_LE((multiply(L, R, nullptr).cast<double>() - exact).norm(), 0x1p-15 * exact.norm());
}

TEST_P(SplitEngines, AddToWhatIsThere) {
  for (const Index rows : {1, 32, 45}) {
    for (const Index columns : {3, 32, 50}) {
      const auto L = test::random_matrix<float>(rows, 40, "left");
      const auto R = test::random_matrix<float>(40, columns, "right");
      const auto C = test::random_matrix<float>(rows, columns, "sum");
      const Matrix exact = C.cast<double>() + L.cast<double>() * R.cast<double>();
      const MatrixF got = multiply(L, R, &C);
      // The bound, and as much again for adding up beside C, which is of the size of one term.
      const double most = 2 * split_error(40) * L.rowwise().norm().maxCoeff() *
                          static_cast<double>(R.colwise().norm().maxCoeff());
      EXPECT_LE((got.cast<double>() - exact).cwiseAbs().maxCoeff(), most);
    }
  }
}

TEST_P(SplitEngines, PackEitherWayAlike) {
  for (const Index count : {1, 15, 16, 33}) {
    for (const Index inner : {1, 2, 17, 32, 47, 64, 65}) {
      const auto M = test::random_matrix<float>(count, inner, "numbers");
      const MatrixF transposed = M.transpose();
      for (const bool left : {true, false}) {
        const auto along = pack(left, true, M, 0.75F),
                   across = pack(left, false, transposed, 0.75F);
        EXPECT_EQ(along, across) << count << ' ' << inner << ' ' << left;
      }
    }
  }
}

TEST_P(SplitEngines, PackTheSameNumbersAsThePortableOne) {
  const auto M = test::random_matrix<float>(16, 20, "numbers");
  for (const bool left : {true, false}) {
    std::vector<std::uint16_t> got(kSplitTile, 1), expected(kSplitTile);
    const SplitSource source{M.data(), 20, 16, 20, true, 1.0F};
    GetParam()->pack(source, left, got.data());
    portable_split_engine().pack(source, left, expected.data());
    EXPECT_EQ(got, expected);
  }
}

TEST_P(SplitEngines, KeepNaNInItsRowAndColumn) {
  MatrixF L = test::random_matrix<float>(40, 50, "left"),
          R = test::random_matrix<float>(50, 40, "r");
  L(3, 7) = std::numeric_limits<float>::quiet_NaN();
  R(49, 39) = std::numeric_limits<float>::infinity();
  const MatrixF got = multiply(L, R, nullptr);
  for (Index i = 0; i < 40; ++i) {
    for (Index j = 0; j < 40; ++j) EXPECT_EQ(std::isfinite(got(i, j)), i != 3 && j != 39);
  }
}

TEST_P(SplitEngines, TakeHugeAndTinyNumbers) {
  for (const float size : {1e-30F, 1e-18F, 1e18F}) {
    const MatrixF L = size * test::random_matrix<float>(20, 33, "left");
    const MatrixF R = test::random_matrix<float>(33, 20, "right") / size;
    EXPECT_LE(worst(multiply(L, R, nullptr), L, R), 1) << size;
  }
}

TEST(SplitProduct, IsTheProductOfItsParts) {
  const auto A = test::random_matrix<float>(50, 70, "A"),
             B = test::random_matrix<float>(40, 70, "B");
  SplitOperand L(64, 80), R(40, 70);
  L.reshape(50, 70);
  L.pack_left(Trans::No, A.topRows(32), 2);
  L.pack_left(Trans::No, A.bottomRows(18), 2, 32);
  R.pack_right(Trans::Yes, B);
  MatrixF whole(50, 40), part(18, 24);
  split_multiply(L.all(), R.all(), false, whole);
  split_multiply(L.part(32, 18), R.part(16, 24), false, part);
  EXPECT_LE(worst(whole, 2 * A, B.transpose()), 1);
  EXPECT_EQ(part, MatrixF(whole.bottomRightCorner(18, 24)));

  SplitOperand transposed(50, 70);
  transposed.pack_left(Trans::Yes, MatrixF(A.transpose()), 2);
  MatrixF again(50, 40);
  split_multiply(transposed.all(), R.all(), false, again);
  EXPECT_EQ(again, whole);
}

TEST(SplitProduct, TakesAnOperandInPartsOfItsInnerNumbers) {
  const auto A = test::random_matrix<float>(50, 100, "A"),
             B = test::random_matrix<float>(100, 40, "B");
  SplitOperand L(50, 100), R(40, 100);
  MatrixF whole(50, 40), parts(50, 40);
  L.pack_left(Trans::No, A);
  R.pack_right(Trans::No, B);
  split_multiply(L.all(), R.all(), false, whole);
  SplitOperand left(50, 100), right(40, 100);
  for (const Index begin : {0, 64}) {
    const Index size = std::min<Index>(64, 100 - begin);
    left.pack_left(Trans::No, A.middleCols(begin, size), 1, 0, begin);
    right.pack_right(Trans::No, B.middleRows(begin, size), 1, 0, begin);
  }
  split_multiply(left.all(), right.all(), false, parts);
  EXPECT_EQ(parts, whole);
}

TEST(SplitProduct, RefusesOtherShapes) {
  SplitOperand L(16, 8), R(16, 9);
  MatrixF C(16, 16);
  EXPECT_THROW(split_multiply(L.all(), R.all(), false, C), InvalidArgument);
  EXPECT_THROW(L.pack_left(Trans::No, MatrixF::Zero(16, 9)), InvalidArgument);
  EXPECT_THROW(L.pack_left(Trans::No, MatrixF::Zero(8, 8), 1, 16), InvalidArgument);
  EXPECT_THROW(L.pack_left(Trans::No, MatrixF::Zero(16, 7)), InvalidArgument);
  EXPECT_THROW(L.pack_left(Trans::No, MatrixF::Zero(16, 1), 1, 0, 7), InvalidArgument);
  EXPECT_THROW(L.reshape(40, 80), InvalidArgument);
}

}  // namespace
}  // namespace twofold
