#include "twofold/linalg/symmetric_eigen.hpp"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <limits>
#include <numbers>

#include "linalg/random_matrix.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

Matrix random_symmetric(Index n) {
  const Matrix A = test::random_matrix(n, n, "symmetric");
  return A + A.transpose();
}

// Tolerances here: backward stability gives c n eps |A|; c = 4 for modest constants.
class SymmetricEigenOfSize : public testing::TestWithParam<Index> {};

TEST_P(SymmetricEigenOfSize, ReconstructsTheMatrix) {
  const Index n = GetParam();
  const Matrix A = random_symmetric(n);
  const auto eigen = symmetric_eigen(A);
  ASSERT_EQ(eigen.status, SolveStatus::Converged);
  const double tolerance = 4.0 * static_cast<double>(n) * kEps;
  const Matrix& V = eigen.vectors;
  EXPECT_LE((V * eigen.values.asDiagonal() * V.transpose() - A).norm(), tolerance * A.norm());
  EXPECT_LE((V.transpose() * V - Matrix::Identity(n, n)).norm(), tolerance);
}

TEST_P(SymmetricEigenOfSize, ValuesDescendAndAgreeWithEigen) {
  const Index n = GetParam();
  const Matrix A = random_symmetric(n);
  const Vector values = symmetric_eigen(A).values;
  const Vector expected = Eigen::SelfAdjointEigenSolver<Matrix>(A).eigenvalues().reverse();
  const double tolerance = 4.0 * static_cast<double>(n) * kEps * A.norm();
  EXPECT_LE((values - expected).cwiseAbs().maxCoeff(), tolerance);
  EXPECT_LE((symmetric_eigenvalues(A).values - expected).cwiseAbs().maxCoeff(), tolerance);
  for (Index k = 1; k < n; ++k) EXPECT_GE(values[k - 1], values[k]);
}

TEST_P(SymmetricEigenOfSize, LargestEntryOfEachVectorIsPositive) {
  const Matrix vectors = symmetric_eigen(random_symmetric(GetParam())).vectors;
  for (Index k = 0; k < vectors.cols(); ++k) {
    EXPECT_EQ(vectors.col(k).maxCoeff(), vectors.col(k).cwiseAbs().maxCoeff());
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, SymmetricEigenOfSize, testing::ValuesIn(test::kSizes));

// Second difference: λ_k = 2 - 2 cos(k π / (n + 1)), k = 1..n.
TEST(SymmetricEigen, SecondDifferenceHasItsClosedForm) {
  const Index n = 40;
  Matrix A = 2.0 * Matrix::Identity(n, n);
  A.diagonal(1).setConstant(-1.0);
  A.diagonal(-1).setConstant(-1.0);
  const Vector values = symmetric_eigenvalues(A).values;
  for (Index k = 0; k < n; ++k) {
    const double angle = static_cast<double>(n - k) * std::numbers::pi / static_cast<double>(n + 1);
    // Absolute error c n eps |A|, |A| <= 4.
    EXPECT_NEAR(values[k], 2.0 - 2.0 * std::cos(angle), 4.0 * static_cast<double>(n) * kEps * 4.0);
  }
}

TEST(SymmetricEigen, ReadsTheLowerTriangle) {
  Matrix A(2, 2);
  A << 2.0, 99.0,  //
      1.0, 2.0;
  const Vector values = symmetric_eigen(A).values;
  // Eigenvalues 3 and 1 of [[2, 1], [1, 2]]; a few roundings.
  EXPECT_NEAR(values[0], 3.0, 8.0 * kEps);
  EXPECT_NEAR(values[1], 1.0, 8.0 * kEps);
}

TEST(SymmetricEigen, EmptyMatrixHasNoValues) {
  const auto eigen = symmetric_eigen(Matrix(0, 0));
  EXPECT_EQ(eigen.status, SolveStatus::Converged);
  EXPECT_EQ(eigen.values.size(), 0);
}

TEST(SymmetricEigen, NonFiniteInputIsAStatus) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Matrix A = Matrix::Identity(4, 4);
    A(2, 1) = bad;
    const auto eigen = symmetric_eigen(A);
    EXPECT_EQ(eigen.status, SolveStatus::NonFinite);
    EXPECT_TRUE(eigen.values.array().isNaN().all());
    EXPECT_TRUE(eigen.vectors.array().isNaN().all());
    EXPECT_EQ(symmetric_eigenvalues(A).status, SolveStatus::NonFinite);
  }
}

TEST(SymmetricEigen, RefusesRectangles) {
  EXPECT_THROW(static_cast<void>(symmetric_eigen(Matrix(2, 3))), InvalidArgument);
}

}  // namespace
}  // namespace twofold
