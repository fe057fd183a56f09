#include "twofold/numerics/statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "twofold/core/random.hpp"

namespace twofold::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

std::vector<double> normals(std::size_t count, double offset) {
  std::vector<double> values(count);
  RandomStream(5, "statistics").fill_normal(0, values);
  for (double& value : values) value += offset;
  return values;
}

struct TwoPass {
  double mean, variance;
};

TwoPass two_pass(const std::vector<double>& values) {
  long double sum = 0.0L, squares = 0.0L;
  for (const double value : values) sum += static_cast<long double>(value);
  const long double mean = sum / static_cast<long double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {static_cast<double>(mean),
          static_cast<double>(squares / static_cast<long double>(values.size() - 1))};
}

TEST(RunningStatistics, AgreesWithTwoPasses) {
  for (const double offset : {0.0, 1e6}) {
    const std::vector<double> values = normals(1000, offset);
    RunningStatistics statistics;
    for (const double value : values) statistics.add(value);
    const TwoPass expected = two_pass(values);
    EXPECT_EQ(statistics.count(), 1000u);
    // Each update rounds a number of size offset + 3: 1000 eps of it at worst; the variance sees
    // that error times the spread.
    const double rounding = 1000.0 * kEps * (offset + 3.0);
    EXPECT_NEAR(statistics.mean(), expected.mean, rounding);
    EXPECT_NEAR(statistics.variance(), expected.variance, 6.0 * rounding);
    EXPECT_EQ(statistics.standard_error(), std::sqrt(statistics.variance() / 1000.0));
  }
}

TEST(RunningStatistics, SmallCaseByHand) {
  // 1, 2, 4, 5: mean 3, squares 4 + 1 + 1 + 4 = 10.
  RunningStatistics statistics;
  for (const double value : {1.0, 2.0, 4.0, 5.0}) statistics.add(value);
  // A few roundings.
  EXPECT_NEAR(statistics.mean(), 3.0, 8.0 * kEps);
  EXPECT_NEAR(statistics.variance(), 10.0 / 3.0, 16.0 * kEps);
}

TEST(RunningStatistics, MergeIsAddingTheRest) {
  const std::vector<double> values = normals(501, 10.0);
  RunningStatistics first, second;
  for (std::size_t k = 0; k < values.size(); ++k) (k < 200 ? first : second).add(values[k]);
  first.merge(second);
  const TwoPass expected = two_pass(values);
  // As in AgreesWithTwoPasses, with 501 values of size 13.
  const double rounding = 501.0 * kEps * 13.0;
  EXPECT_EQ(first.count(), 501u);
  EXPECT_NEAR(first.mean(), expected.mean, rounding);
  EXPECT_NEAR(first.variance(), expected.variance, 6.0 * rounding);
}

TEST(RunningStatistics, MergeWithNothingChangesNothing) {
  RunningStatistics filled, empty;
  filled.add(1.0);
  filled.add(2.0);
  RunningStatistics copy = filled;
  copy.merge(empty);
  EXPECT_EQ(copy.mean(), filled.mean());
  EXPECT_EQ(copy.variance(), filled.variance());
  empty.merge(filled);
  EXPECT_EQ(empty.count(), 2u);
  EXPECT_EQ(empty.mean(), filled.mean());
  EXPECT_EQ(empty.variance(), filled.variance());
}

TEST(RunningStatistics, FewerThanTwoValuesHaveNoSpread) {
  RunningStatistics statistics;
  EXPECT_EQ(statistics.mean(), 0.0);
  EXPECT_EQ(statistics.standard_error(), 0.0);
  statistics.add(3.0);
  EXPECT_EQ(statistics.mean(), 3.0);
  EXPECT_EQ(statistics.variance(), 0.0);
  EXPECT_EQ(statistics.standard_error(), 0.0);
}

TEST(RunningStatistics, NanPropagates) {
  RunningStatistics statistics;
  statistics.add(1.0);
  statistics.add(std::nan(""));
  EXPECT_TRUE(std::isnan(statistics.mean()));
  EXPECT_TRUE(std::isnan(statistics.standard_error()));
}

// The standard error is what it says: means of 400 groups scatter by it.
TEST(MeanAndError, StandardErrorIsTheSpreadOfMeans) {
  constexpr std::size_t groups = 400, size = 25;
  const std::vector<double> values = normals(groups * size, 0.0);
  RunningStatistics means;
  for (std::size_t g = 0; g < groups; ++g) {
    means.add(mean_and_error(std::span(values).subspan(g * size, size)).mean);
  }
  const double expected = std::sqrt(1.0 / size);
  // The relative standard error of a standard deviation is 1 / √(2 · 400); five of them.
  EXPECT_NEAR(std::sqrt(means.variance()) / expected, 1.0, 5.0 / std::sqrt(2.0 * groups));
}

}  // namespace
}  // namespace twofold::numerics
