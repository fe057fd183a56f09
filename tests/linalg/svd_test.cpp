#include "twofold/linalg/svd.hpp"

#include <gtest/gtest.h>

#include <Eigen/SVD>
#include <cmath>
#include <limits>

#include "linalg/random_matrix.hpp"

namespace twofold {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double defect(const Matrix& Q) {
  return (Q.transpose() * Q - Matrix::Identity(Q.cols(), Q.cols())).norm();
}

TEST(Svd, ReconstructsAndAgreesWithEigen) {
  for (const Index m : test::kSizes) {
    for (const Index n : {1, 5, 64}) {
      const Matrix A = test::random_matrix(m, n, "A");
      const auto result = svd(A);
      ASSERT_EQ(result.status, SolveStatus::Converged);
      // Backward stability: c max(m, n) eps |A|, c = 4 for modest constants.
      const double tolerance = 4.0 * static_cast<double>(std::max(m, n)) * kEps;
      const Matrix rebuilt = result.u * result.values.asDiagonal() * result.v.transpose();
      EXPECT_LE((rebuilt - A).norm(), tolerance * A.norm()) << m << "x" << n;
      EXPECT_LE(defect(result.u), tolerance);
      EXPECT_LE(defect(result.v), tolerance);
      const Vector expected = Eigen::JacobiSVD<Eigen::MatrixXd>(A).singularValues();
      EXPECT_LE((result.values - expected).cwiseAbs().maxCoeff(), tolerance * A.norm());
      for (Index k = 0; k < result.v.cols(); ++k) {
        EXPECT_EQ(result.v.col(k).maxCoeff(), result.v.col(k).cwiseAbs().maxCoeff());
      }
    }
  }
}

// [[3, 0], [4, 5]] has AᵀA = [[25, 20], [20, 25]]: values √45 and √5.
TEST(Svd, SmallCaseByHand) {
  Matrix A(2, 2);
  A << 3.0, 0.0,  //
      4.0, 5.0;
  const auto result = svd(A);
  // A few roundings of numbers up to 7.
  EXPECT_NEAR(result.values[0], std::sqrt(45.0), 20.0 * kEps);
  EXPECT_NEAR(result.values[1], std::sqrt(5.0), 20.0 * kEps);
}

TEST(Svd, NonFiniteInputIsAStatus) {
  Matrix A = Matrix::Ones(3, 2);
  A(2, 0) = std::nan("");
  const auto result = svd(A);
  EXPECT_EQ(result.status, SolveStatus::NonFinite);
  EXPECT_TRUE(result.values.array().isNaN().all());
}

TEST(Svd, EmptyShapes) {
  const auto result = svd(Matrix(3, 0));
  EXPECT_EQ(result.status, SolveStatus::Converged);
  EXPECT_EQ(result.u.rows(), 3);
  EXPECT_EQ(result.values.size(), 0);
  EXPECT_EQ(svd(Matrix(0, 0)).v.size(), 0);
}

}  // namespace
}  // namespace twofold
