#include "twofold/linalg/qr.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "linalg/random_matrix.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double defect(const Matrix& Q) {
  return (Q.transpose() * Q - Matrix::Identity(Q.cols(), Q.cols())).norm();
}

TEST(ThinQr, FactorsMultiplyToTheMatrix) {
  for (const Index n : test::kSizes) {
    for (const Index extra : {0, 1, 40}) {
      const Matrix A = test::random_matrix(n + extra, n, "A");
      const auto [q, r] = thin_qr(A);
      // Householder QR: c n eps |A| with a modest c, here 4.
      const double tolerance = 4.0 * static_cast<double>(n + extra) * kEps;
      EXPECT_LE((q * r - A).norm(), tolerance * A.norm());
      EXPECT_LE(defect(q), tolerance);
      EXPECT_TRUE(r.isUpperTriangular(0.0));
      EXPECT_TRUE((r.diagonal().array() >= 0.0).all());
    }
  }
}

// R is the Cholesky factor of AᵀA = [[25, 5], [5, 2]]: [[5, 1], [0, 1]].
TEST(ThinQr, SmallCaseByHand) {
  Matrix A(2, 2);
  A << 3.0, 7.0 / 5.0,  //
      4.0, 1.0 / 5.0;
  const auto [q, r] = thin_qr(A);
  Matrix expected(2, 2);
  expected << 5.0, 1.0,  //
      0.0, 1.0;
  // A few roundings of numbers up to 5.
  EXPECT_LE((r - expected).cwiseAbs().maxCoeff(), 20.0 * kEps);
  EXPECT_NEAR(q(0, 0), 0.6, 4.0 * kEps);
}

TEST(ThinQr, RankDeficientColumnsStillGiveAnOrthonormalBasis) {
  Matrix A = test::random_matrix(20, 5, "A");
  A.col(3) = A.col(0);
  A.col(4).setZero();
  // As above.
  EXPECT_LE(defect(thin_q(A)), 4.0 * 20.0 * kEps);
}

TEST(ThinQr, NanInNanOut) {
  Matrix A = Matrix::Identity(3, 2);
  A(1, 1) = std::nan("");
  EXPECT_TRUE(thin_q(A).array().isNaN().all());
}

TEST(ThinQr, ShapesAtTheEdge) {
  EXPECT_EQ(thin_q(Matrix(4, 0)).rows(), 4);
  EXPECT_EQ(thin_q(Matrix(0, 0)).size(), 0);
  EXPECT_THROW(static_cast<void>(thin_qr(Matrix(2, 3))), InvalidArgument);
}

}  // namespace
}  // namespace twofold
