#include "twofold/linalg/symmetric_operator.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>

#include "linalg/symmetric_problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold {
namespace {

using test::geometric;
using test::product;
using test::with_spectrum;

TEST(ExtremeEigenvalues, AreTheEndsWithinTheStatedErrors) {
  const Matrix A = with_spectrum(geometric(200, 1e-2));
  const ExtremeEigenvalues ends = extreme_eigenvalues(product(A), 200, {1e-9, 200, 1});
  EXPECT_EQ(ends.status, SolveStatus::Converged);
  EXPECT_LT(ends.products, 200);
  // The residual bound holds up to rounding of products, 1e-15.
  EXPECT_NEAR(ends.largest, 1.0, ends.largest_error + 1e-13);
  EXPECT_NEAR(ends.smallest, 1e-2, ends.smallest_error + 1e-13);
  EXPECT_LE(ends.largest_error, 1e-9);
  EXPECT_LE(ends.smallest_error, 1e-11);
}

// Three distinct eigenvalues span an invariant space of three vectors; rounding.
TEST(ExtremeEigenvalues, EndAtAnInvariantSpace) {
  Vector values(50);
  values << Vector::Constant(20, 3.0), Vector::Constant(20, 1.0), Vector::Constant(10, -2.0);
  const Matrix A = with_spectrum(values);
  const ExtremeEigenvalues ends = extreme_eigenvalues(product(A), 50);
  EXPECT_LE(ends.products, 5);
  EXPECT_NEAR(ends.largest, 3.0, 1e-13);
  EXPECT_NEAR(ends.smallest, -2.0, 1e-13);
}

TEST(ExtremeEigenvalues, BoundTheEndsWhenStopped) {
  const Matrix A = with_spectrum(geometric(200, 1e-6));
  const ExtremeEigenvalues ends = extreme_eigenvalues(product(A), 200, {1e-9, 20, 1});
  EXPECT_EQ(ends.status, SolveStatus::MaxIterations);
  EXPECT_EQ(ends.products, 20);
  EXPECT_LE(ends.largest, 1.0 + 1e-13);  // rounding
  EXPECT_GE(ends.smallest, 1e-6);
}

TEST(ExtremeEigenvalues, TakeOneRowAndZeros) {
  const Matrix one = Matrix::Constant(1, 1, -4.0), zero = Matrix::Zero(3, 3);
  EXPECT_DOUBLE_EQ(extreme_eigenvalues(product(one), 1).smallest, -4.0);
  EXPECT_EQ(extreme_eigenvalues(product(zero), 3).largest, 0.0);
  const Matrix bad = Matrix::Constant(2, 2, std::nan(""));
  EXPECT_EQ(extreme_eigenvalues(product(bad), 2).status, SolveStatus::NonFinite);
  EXPECT_THROW((void)extreme_eigenvalues(product(one), 0), InvalidArgument);
  EXPECT_THROW((void)extreme_eigenvalues(product(one), 1, {0.0, 10, 1}), InvalidArgument);
}

Matrix right_sides(Index n, Index q) {
  Matrix B(n, q);
  RandomStream(5, "sides").fill_normal(0, std::span(B.data(), static_cast<std::size_t>(n * q)));
  return B;
}

// Residual 1e-12 and condition 1e3: relative error of x below 1e-9.
TEST(ConjugateGradient, SolvesAllColumns) {
  const Matrix A = with_spectrum(geometric(120, 1e-3));
  Matrix B = right_sides(120, 4);
  B.col(2).setZero();
  const LinearSolution solution = conjugate_gradient(product(A), B, {1e-12, 1000});
  EXPECT_EQ(solution.status, SolveStatus::Converged);
  EXPECT_LT((solution.x - A.ldlt().solve(B)).norm() / solution.x.norm(), 1e-9);
  EXPECT_EQ(solution.x.col(2).norm(), 0.0);
  EXPECT_LE((B - A * solution.x).colwise().norm().maxCoeff(), 1e-11 * B.norm());
}

// A consistent singular system: the solution without a part in the null space.
TEST(ConjugateGradient, GivesThePseudoInverseOfConsistentSystems) {
  Vector values = geometric(60, 1e-2);
  values.tail(10).setZero();
  const Matrix A = with_spectrum(values);
  const Matrix expected = A * right_sides(60, 2);  // in the range
  const LinearSolution solution = conjugate_gradient(product(A), A * expected, {1e-12, 1000});
  EXPECT_EQ(solution.status, SolveStatus::Converged);
  EXPECT_LT((solution.x - expected).norm() / expected.norm(), 1e-8);  // residual times condition
}

TEST(ConjugateGradient, SaysWhyItStopped) {
  const Matrix A = with_spectrum(geometric(120, 1e-6)), B = right_sides(120, 1);
  EXPECT_EQ(conjugate_gradient(product(A), B, {1e-12, 5}).status, SolveStatus::MaxIterations);
  const Matrix negative = -A;
  EXPECT_EQ(conjugate_gradient(product(negative), B).status, SolveStatus::Diverged);
  EXPECT_EQ(conjugate_gradient(product(A), B * std::nan("")).status, SolveStatus::NonFinite);
  EXPECT_THROW((void)conjugate_gradient(product(A), Matrix(0, 1)), InvalidArgument);
  EXPECT_THROW((void)conjugate_gradient(product(A), B, {1e-10, 0}), InvalidArgument);
}

}  // namespace
}  // namespace twofold
