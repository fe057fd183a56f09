#include "twofold/linalg/second_moment.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "linalg/random_matrix.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

using test::random_matrix;

template <typename Scalar>
class SecondMomentOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SecondMomentOf, Scalars);

// Sizes straddle the output tiles (256) and the sample blocks (256).
TYPED_TEST(SecondMomentOf, IsTheMeanOfOuterProducts) {
  using Scalar = TypeParam;
  ThreadPool pool(2);
  for (const Index n : {1, 7, 255, 257, 600}) {
    for (const Index d : {1, 3, 65, 257}) {
      const auto X = random_matrix<Scalar>(n, d, "X");
      const Matrix wide = X.template cast<double>();
      const Matrix expected = wide.transpose().lazyProduct(wide) / static_cast<double>(n);
      // Sums of at most 256 products in Scalar, whose mean modulus is 2/π and largest is below 30.
      const double tolerance = 256.0 * std::numeric_limits<Scalar>::epsilon();
      const Matrix moment = second_moment(pool, X);
      EXPECT_LE((moment - expected).cwiseAbs().maxCoeff(), n == 1 ? 30.0 * tolerance : tolerance)
          << n << "x" << d;
      EXPECT_TRUE(moment == moment.transpose());
    }
  }
}

TYPED_TEST(SecondMomentOf, SameBitsForAnyPool) {
  using Scalar = TypeParam;
  const auto X = random_matrix<Scalar>(300, 700, "X");
  ThreadPool one(1);
  const Matrix reference = second_moment(one, X);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_TRUE(second_moment(pool, X) == reference) << threads;
  }
}

TYPED_TEST(SecondMomentOf, StreamInPiecesIsTheWhole) {
  using Scalar = TypeParam;
  ThreadPool pool(2);
  const auto X = random_matrix<Scalar>(1000, 65, "X");
  SecondMoment moment(65);
  for (Index begin = 0; begin < 1000; begin += 300) {
    moment.add(pool, X.middleRows(begin, std::min<Index>(300, 1000 - begin)));
  }
  EXPECT_EQ(moment.count(), 1000u);
  // As above: another order of the same sums.
  const double tolerance = 256.0 * std::numeric_limits<Scalar>::epsilon();
  EXPECT_LE((moment.value() - second_moment(pool, X)).cwiseAbs().maxCoeff(), tolerance);
}

// A float sum of 2^25 ones sticks at 2^24; blocks of 256 added in double are exact.
TEST(SecondMoment, LongFloatStreamLosesNothing) {
  ThreadPool pool(2);
  SecondMoment moment(1);
  const MatrixF ones = MatrixF::Ones(Index{1} << 20, 1);
  for (int piece = 0; piece < 32; ++piece) moment.add(pool, ones);
  EXPECT_EQ(moment.count(), std::uint64_t{1} << 25);
  EXPECT_EQ(moment.value()(0, 0), 1.0);
}

TEST(SecondMoment, AcceptsNoRowsAndNoColumns) {
  ThreadPool pool(2);
  SecondMoment moment(3);
  moment.add(pool, Matrix(0, 3));
  EXPECT_EQ(moment.count(), 0u);
  EXPECT_THROW(static_cast<void>(moment.value()), InvalidArgument);
  EXPECT_EQ(second_moment(pool, Matrix(5, 0)).size(), 0);
}

TEST(SecondMoment, RefusesAnotherLength) {
  ThreadPool pool;
  SecondMoment moment(3);
  EXPECT_THROW(moment.add(pool, Matrix(2, 4)), InvalidArgument);
  EXPECT_THROW(SecondMoment(-1), InvalidArgument);
}

TEST(SecondMoment, NanPropagatesToItsRowAndColumn) {
  ThreadPool pool;
  Matrix X = Matrix::Ones(4, 3);
  X(2, 1) = std::numeric_limits<double>::quiet_NaN();
  const Matrix moment = second_moment(pool, X);
  EXPECT_TRUE(moment.row(1).array().isNaN().all());
  EXPECT_EQ(moment(0, 2), 1.0);
}

}  // namespace
}  // namespace twofold
