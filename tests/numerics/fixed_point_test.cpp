#include "twofold/numerics/fixed_point.hpp"

#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::numerics {
namespace {

Vector cosine(const Vector& x) {
  return x.array().cos();
}

// The Dottie number, cos x = x, to 17 digits (OEIS A003957).
constexpr double kDottie = 0.73908513321516064;

TEST(DampedFixedPoint, CosineFindsItsFixedPoint) {
  for (const double damping : {0.3, 0.6, 1.0}) {
    const auto solved = damped_fixed_point(cosine, Vector{{0.0}}, {.damping = damping});
    EXPECT_EQ(solved.status, SolveStatus::Converged);
    // |x - x*| <= residual / (1 + sin x*), residual <= 1.74e-12.
    EXPECT_NEAR(solved.value[0], kDottie, 1.1e-12);
    EXPECT_EQ(solved.residual, std::abs(std::cos(solved.value[0]) - solved.value[0]));
  }
}

// x <- -2x + 3 has slope -2; with damping β the slope is 1 - 3β, a contraction for β < 2/3.
TEST(DampedFixedPoint, DampingTamesANegativeSlope) {
  const VectorMap g = [](const Vector& x) { return Vector(-2.0 * x + Vector{{3.0}}); };
  EXPECT_EQ(damped_fixed_point(g, Vector{{0.0}}).status, SolveStatus::Diverged);
  const auto solved = damped_fixed_point(g, Vector{{0.0}}, {.damping = 0.5});
  EXPECT_EQ(solved.status, SolveStatus::Converged);
  // |x - 1| = residual / 3, residual <= 2e-12.
  EXPECT_NEAR(solved.value[0], 1.0, 1e-12);
}

TEST(DampedFixedPoint, RateIsTheSlope) {
  const VectorMap half = [](const Vector& x) { return Vector(0.5 * x); };
  const auto solved = damped_fixed_point(half, Vector{{1.0}}, {.tolerance = 0x1p-20});
  // The residual 2^-k meets 2^-20 (1 + 2^-(k-1)) first at k = 20 (k = 1 at the start).
  EXPECT_EQ(solved.iterations, 20);
}

Matrix contraction(Index n) {
  Matrix A(n, n);
  RandomStream(3, "contraction")
      .fill_normal(0, std::span<double>(A.data(), static_cast<std::size_t>(A.size())));
  return 0.9 / A.norm() * A;
}

TEST(AndersonFixedPoint, AffineMapEndsAfterDimensionPlusTwo) {
  for (const Index n : {1, 2, 4, 6}) {
    const Matrix A = contraction(n);
    const Vector b = Vector::LinSpaced(n, 1.0, 2.0);
    const VectorMap g = [&](const Vector& x) { return Vector(A * x + b); };
    const auto solved = anderson_fixed_point(g, Vector::Zero(n), n);
    EXPECT_EQ(solved.status, SolveStatus::Converged);
    EXPECT_LE(solved.iterations, n + 2) << "dimension " << n;
    const Vector expected = (Matrix::Identity(n, n) - A).lu().solve(b);
    // |x - x*| <= residual / (1 - 0.9), residual <= 1e-12 (1 + |x|).
    EXPECT_LE((solved.value - expected).norm(), 1e-11 * (1.0 + expected.norm()) * 3.0);
  }
}

TEST(AndersonFixedPoint, SolvesAnExpandingAffineMapToo) {
  const VectorMap g = [](const Vector& x) { return Vector(-3.0 * x + Vector{{8.0}}); };
  const auto solved = anderson_fixed_point(g, Vector{{0.0}}, 1);
  EXPECT_EQ(solved.status, SolveStatus::Converged);
  // |x - 2| = residual / 4, residual <= 3e-12.
  EXPECT_NEAR(solved.value[0], 2.0, 1e-12);
}

TEST(AndersonFixedPoint, BeatsPlainIterationOnTheCosine) {
  const auto plain = damped_fixed_point(cosine, Vector{{0.0}});
  const auto fast = anderson_fixed_point(cosine, Vector{{0.0}}, 2);
  EXPECT_EQ(fast.status, SolveStatus::Converged);
  // As for the damped iteration.
  EXPECT_NEAR(fast.value[0], kDottie, 1.1e-12);
  EXPECT_LT(3 * fast.iterations, plain.iterations);
}

TEST(FixedPoint, LimitIsAStatus) {
  const auto solved = damped_fixed_point(cosine, Vector{{0.0}}, {.max_iterations = 5});
  EXPECT_EQ(solved.status, SolveStatus::MaxIterations);
  EXPECT_EQ(solved.iterations, 5);
}

TEST(FixedPoint, NanIsAStatusAndKeepsTheLastPoint) {
  const VectorMap root = [](const Vector& x) { return Vector((x.array() - 1.0).sqrt()); };
  const auto solved = damped_fixed_point(root, Vector{{2.0}});
  EXPECT_EQ(solved.status, SolveStatus::NonFinite);
  EXPECT_TRUE(solved.value.allFinite());
}

TEST(FixedPoint, RefusesBadOptionsAndMaps) {
  const Vector x{{0.0}};
  EXPECT_THROW(static_cast<void>(damped_fixed_point(cosine, x, {.tolerance = 0.0})),
               InvalidArgument);
  EXPECT_THROW(static_cast<void>(damped_fixed_point(cosine, x, {.damping = 1.5})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(damped_fixed_point(cosine, x, {.max_iterations = 0})),
               InvalidArgument);
  EXPECT_THROW(static_cast<void>(anderson_fixed_point(cosine, x, 0)), InvalidArgument);
  const VectorMap longer = [](const Vector&) { return Vector(Vector::Zero(2)); };
  EXPECT_THROW(static_cast<void>(damped_fixed_point(longer, x)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::numerics
