#include "twofold/train/schedule.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace twofold::train {
namespace {

TEST(Schedule, ConstantIsTheStepAtEveryNumber) {
  const Schedule schedule({}, 0.25, 100);
  for (const std::int64_t k : {0, 1, 50, 99, 1000}) EXPECT_EQ(schedule.at(k), 0.25);
  EXPECT_EQ(schedule.time(40), 10.0);
}

TEST(Schedule, ExponentialDecaysByEqualFactorsToTheFinalOne) {
  const Schedule schedule({.schedule = "exponential", .final_factor = 0.01}, 2.0, 10);
  EXPECT_EQ(schedule.at(0), 2.0);
  // pow and product are each right to a few ulp of 2.
  for (std::int64_t k = 0; k < 10; ++k) {
    EXPECT_NEAR(schedule.at(k + 1), schedule.at(k) * std::pow(0.01, 0.1), 4e-15);
  }
  EXPECT_NEAR(schedule.at(10), 0.02, 1e-16);
  EXPECT_EQ(schedule.at(11), schedule.at(10));
}

TEST(Schedule, CosineStartsFlatPassesTheMeanHalfWayAndEndsAtTheFinalFactor) {
  const Schedule schedule({.schedule = "cosine", .final_factor = 0.2}, 1.0, 100);
  EXPECT_EQ(schedule.at(0), 1.0);
  // cos(π/2) is rounded to 6e-17.
  EXPECT_NEAR(schedule.at(50), 0.6, 1e-15);
  EXPECT_NEAR(schedule.at(100), 0.2, 1e-15);
  // First step below the top: 0.8 (1 - cos(π/100))/2.
  EXPECT_NEAR(1 - schedule.at(1), 0.8 * (1 - std::cos(std::acos(-1.0) / 100)) / 2, 1e-15);
}

TEST(Schedule, WarmUpRisesLinearlyBeforeAnyKind) {
  for (const std::string_view kind : ScheduleOptions::kSchedules) {
    const Schedule schedule({.schedule = std::string(kind), .warmup = 4}, 1.0, 20);
    for (std::int64_t k = 0; k < 4; ++k) {
      EXPECT_EQ(schedule.at(k), (static_cast<double>(k) + 1) / 5) << kind;
    }
    EXPECT_EQ(schedule.at(4), 1.0) << kind;
  }
}

TEST(Schedule, TimeIsTheSumOfTheStepsBefore) {
  const Schedule schedule({.schedule = "cosine", .warmup = 3}, 0.5, 30);
  double sum = 0;
  for (std::int64_t k = 0; k <= 30; ++k) {
    EXPECT_EQ(schedule.time(k), sum);
    sum += schedule.at(k);
  }
}

TEST(Schedule, RefusesWhatIsOutsideItsDomain) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(Schedule({}, 0.0, 10), InvalidArgument);
  EXPECT_THROW(Schedule({}, nan, 10), InvalidArgument);
  EXPECT_THROW(Schedule({}, 0.1, -1), InvalidArgument);
  EXPECT_THROW(Schedule({.warmup = -1}, 0.1, 10), InvalidArgument);
  EXPECT_THROW(Schedule({.final_factor = 0.0}, 0.1, 10), InvalidArgument);
  try {
    const Schedule schedule({.schedule = "linear"}, 0.1, 10);
    FAIL() << "no exception";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("\"linear\""));
    EXPECT_THAT(error.what(), testing::HasSubstr("constant, exponential, cosine"));
  }
}

TEST(LogSpacedSteps, BeginAtZeroEndAtTheTotalAndIncrease) {
  for (const std::int64_t total : {0, 1, 2, 10, 12345}) {
    for (const std::int64_t count : {2, 3, 10, 50}) {
      const auto steps = log_spaced_steps(total, count);
      EXPECT_EQ(steps.front(), 0);
      EXPECT_EQ(steps.back(), total);
      EXPECT_LE(steps.size(), static_cast<std::size_t>(count) + 1);
      for (std::size_t i = 1; i < steps.size(); ++i) EXPECT_LT(steps[i - 1], steps[i]);
    }
  }
}

TEST(LogSpacedSteps, ArePowersOfTenWhereTheyFit) {
  EXPECT_THAT(log_spaced_steps(1000, 5), testing::ElementsAre(0, 1, 10, 100, 1000));
}

TEST(LogSpacedSteps, RefuseNegativeTotalsAndFewerThanTwo) {
  EXPECT_THROW((void)log_spaced_steps(-1, 5), InvalidArgument);
  EXPECT_THROW((void)log_spaced_steps(10, 1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::train
