#include "twofold/theory/tangent_kernel_data.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numbers>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {
namespace {

TEST(SampleReport, NamesWhatIsAwkward) {
  Matrix X(9, 6);
  X << on_sphere(4, 6, 3), Matrix::Zero(5, 6);
  X.row(4) = X.row(0);        // a copy
  X.row(5) = 3.0 * X.row(1);  // a scaled copy
  X.row(6) = -X.row(2);       // an opposite
  X.row(7) = X.row(3) + 1e-4 * X.row(0);
  ThreadPool pool(2);
  const SampleReport report = sample_report(pool, X, {3, 1e-7});
  EXPECT_EQ(report.zero_rows, 1);
  EXPECT_EQ(report.copies, 1);
  EXPECT_EQ(report.scaled, 1);
  EXPECT_EQ(report.opposites, 1);
  EXPECT_DOUBLE_EQ(report.largest_norm, 3.0);
  EXPECT_NEAR(report.smallest_norm, 1.0, 1e-15);  // rounding
  ASSERT_EQ(report.closest.size(), 3U);
  EXPECT_LT(report.closest[0].angle, 1e-15);
  EXPECT_LT(report.closest[1].angle, 1e-15);
  EXPECT_EQ(report.closest[2].first, 3);
  EXPECT_EQ(report.closest[2].second, 7);
  // sin of the angle is 1e-4 times the sine between rows 3 and 0, up to a relative 1e-4.
  const double cosine = X.row(3).dot(X.row(0));
  EXPECT_NEAR(report.closest[2].angle / (1e-4 * std::sqrt(1 - cosine * cosine)), 1.0, 2e-4);
}

// A copy has the same norm to 1e-6, and what counts as the same angle, or as opposite, is an
// option.
TEST(SampleReport, TakesItsLimits) {
  Matrix X(6, 6);
  X << on_sphere(3, 6, 3), Matrix::Zero(3, 6);
  X.row(3) = (1.0 + 5e-7) * X.row(0);
  X.row(4) = (1.0 + 5e-6) * X.row(1);
  const auto bent = X.row(1) - X.row(1).dot(X.row(2)) * X.row(2);
  X.row(5) = 1e-3 * bent.normalized() - X.row(2);  // π − θ = atan 1e-3
  ThreadPool pool(1);
  const SampleReport strict = sample_report(pool, X, {3, 0.9e-3});
  EXPECT_EQ(strict.copies, 1);
  EXPECT_EQ(strict.scaled, 1);
  EXPECT_EQ(strict.opposites, 0);
  EXPECT_EQ(sample_report(pool, X, {3, 1.1e-3}).opposites, 1);
}

TEST(SampleReport, CountsMoreCopiesThanItNames) {
  Matrix X(600, 8);
  X << on_sphere(590, 8, 3), Matrix::Zero(10, 8);
  for (Index i = 590; i < 600; ++i) X.row(i) = X.row(7);
  ThreadPool pool(1);
  const SampleReport report = sample_report(pool, X, {2, 1e-7});
  EXPECT_EQ(report.copies, 11 * 10 / 2);
  EXPECT_EQ(report.closest.size(), 2U);
}

// All pairs by acos of the plain product: 1e-14 where no pair is close.
TEST(SampleReport, FindsTheClosestOfAll) {
  const Matrix X = on_sphere(150, 5, 8);
  std::vector<double> angles;
  for (Index i = 0; i < 150; ++i) {
    for (Index j = 0; j < i; ++j) angles.push_back(std::acos(X.row(i).dot(X.row(j))));
  }
  std::sort(angles.begin(), angles.end());
  ThreadPool one(1), three(3);
  const SampleReport report = sample_report(one, X, {20, 1e-7});
  const SampleReport again = sample_report(three, X, {20, 1e-7});
  for (std::size_t k = 0; k < 20; ++k) {
    EXPECT_NEAR(report.closest[k].angle, angles[k], 1e-13) << k;
    EXPECT_EQ(report.closest[k].angle, again.closest[k].angle);
  }
  EXPECT_EQ(report.copies + report.scaled + report.opposites + report.zero_rows, 0);
}

// More rows than one tile holds, pairs in any two of them; all pairs one by one are the reference.
TEST(SampleReport, MissesNoPairBetweenTiles) {
  Matrix X = on_sphere(1100, 40, 8);
  X.row(1099) = 2.0 * X.row(3);
  X.row(600) = X.row(511);
  X.row(512) = -0.5 * X.row(1050);
  X.row(700).setZero();
  // Closer than single precision can tell from a copy, and not a copy.
  X.row(900) = X.row(20) + 1e-6 * X.row(21);
  ThreadPool one(1), three(3);
  const SampleReport report = sample_report(three, X, {8, 1e-7});
  EXPECT_EQ(report.copies, 1);
  EXPECT_EQ(report.scaled, 1);
  EXPECT_EQ(report.opposites, 1);
  std::vector<SamplePair> pairs;
  for (Index i = 0; i < 1100; ++i) {
    for (Index j = 0; j < i && i != 700; ++j) {
      if (j != 700) pairs.push_back({j, i, angle(X.row(i).transpose(), X.row(j).transpose())});
    }
  }
  std::ranges::partial_sort(pairs, pairs.begin() + 8, {}, &SamplePair::angle);
  ASSERT_EQ(report.closest.size(), 8U);
  const SampleReport again = sample_report(one, X, {8, 1e-7});
  for (std::size_t k = 0; k < 8; ++k) {
    // Rounding of acos at an angle of order 1.
    EXPECT_NEAR(report.closest[k].angle, pairs[k].angle, 1e-14) << k;
    EXPECT_EQ(report.closest[k].angle, again.closest[k].angle);
    if (k < 2) continue;  // the copy and the multiple, both 0: in either order
    EXPECT_EQ(report.closest[k].first, pairs[k].first) << k;
    EXPECT_EQ(report.closest[k].second, pairs[k].second) << k;
  }
}

TEST(SampleReport, TakesASingleRowAndRefusesNone) {
  ThreadPool pool(1);
  EXPECT_TRUE(sample_report(pool, Matrix::Ones(1, 3)).closest.empty());
  EXPECT_EQ(sample_report(pool, Matrix::Zero(2, 3)).zero_rows, 2);
  EXPECT_THROW((void)sample_report(pool, Matrix(0, 3)), InvalidArgument);
  EXPECT_THROW((void)sample_report(pool, Matrix::Ones(1, 3), {-1, 0.0}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
