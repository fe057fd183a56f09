#include "twofold/linalg/haar.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <limits>

#include "linalg/random_matrix.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

const RandomStream kStream(7, "haar");

TEST(Haar, IsOrthogonal) {
  for (const Index d : test::kSizes) {
    const Matrix Q = haar_orthogonal(d, kStream, 0);
    // d² entries, each off by about eps: norm d eps, times a modest 4.
    const double tolerance = 4.0 * static_cast<double>(d) * std::numeric_limits<double>::epsilon();
    EXPECT_LE((Q.transpose() * Q - Matrix::Identity(d, d)).norm(), tolerance) << d;
  }
}

TEST(Haar, IsAFunctionOfStreamAndIndex) {
  EXPECT_TRUE(haar_orthogonal(9, kStream, 4) == haar_orthogonal(9, kStream, 4));
  EXPECT_FALSE(haar_orthogonal(9, kStream, 4) == haar_orthogonal(9, kStream, 5));
  EXPECT_FALSE(haar_orthogonal(9, kStream, 4) == haar_orthogonal(9, RandomStream(8, "haar"), 4));
}

// E Q_ij = 0, E Q_ij² = 1/d, for every entry; without the sign convention of the QR the mean of
// the diagonal is not 0.
TEST(Haar, FirstTwoMomentsOfEveryEntry) {
  constexpr Index d = 4;
  constexpr int draws = 20'000;
  Matrix mean = Matrix::Zero(d, d), square = mean, fourth = mean;
  for (int k = 0; k < draws; ++k) {
    const Matrix Q = haar_orthogonal(d, kStream, static_cast<std::uint64_t>(k));
    mean += Q / draws;
    square += Q.cwiseAbs2() / draws;
  }
  // Variance of Q_ij is 1/d, that of Q_ij² is 3/(d(d+2)) - 1/d². Five standard errors.
  const double variance = 1.0 / d;
  const double variance_of_square = 3.0 / (d * (d + 2.0)) - 1.0 / (d * d);
  EXPECT_LE(mean.cwiseAbs().maxCoeff(), 5.0 * std::sqrt(variance / draws));
  EXPECT_LE((square.array() - 1.0 / d).abs().maxCoeff(),
            5.0 * std::sqrt(variance_of_square / draws));
}

// Var(trace) = 1 and both signs of the determinant are equally likely on O(d).
TEST(Haar, TraceAndDeterminant) {
  constexpr int draws = 5'000;
  double trace_squares = 0.0;
  int positive = 0;
  for (int k = 0; k < draws; ++k) {
    const Matrix Q = haar_orthogonal(3, kStream, static_cast<std::uint64_t>(k));
    trace_squares += Q.trace() * Q.trace() / draws;
    if (Q.determinant() > 0.0) ++positive;
  }
  // E trace⁴ = 3 for d = 3 on O(d) is at most its Gaussian value, so Var(trace²) <= 2; five
  // standard errors, also of the binomial count.
  EXPECT_NEAR(trace_squares, 1.0, 5.0 * std::sqrt(2.0 / draws));
  EXPECT_NEAR(positive, draws / 2, 5.0 * std::sqrt(draws / 4.0));
}

TEST(Haar, SmallestSizes) {
  EXPECT_EQ(haar_orthogonal(0, kStream, 0).size(), 0);
  EXPECT_EQ(std::abs(haar_orthogonal(1, kStream, 0)(0, 0)), 1.0);
  EXPECT_THROW(static_cast<void>(haar_orthogonal(-1, kStream, 0)), InvalidArgument);
}

}  // namespace
}  // namespace twofold
