#include "twofold/numerics/ode.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "twofold/core/error.hpp"

namespace twofold::numerics {
namespace {

// y'' = -y from (1, 0): (cos t, -sin t).
void oscillator(double, const Vector& y, Vector& slope) {
  slope[0] = y[1];
  slope[1] = -y[0];
}

// y' = -2 t y²: y = 1 / (1 + t²) from 1 at t = 0. Depends on time.
void bell(double t, const Vector& y, Vector& slope) {
  slope[0] = -2.0 * t * y[0] * y[0];
}

Vector oscillator_start() {
  return Vector{{1.0, 0.0}};
}

TEST(Rk4, ConvergesWithOrderFour) {
  const auto error = [](Index steps) {
    const Vector y = rk4(bell, Vector{{1.0}}, 0.0, 2.0, steps);
    return std::abs(y[0] - 0.2);
  };
  for (const Index steps : {40, 80, 160}) {
    const double order = std::log2(error(steps) / error(2 * steps));
    // The next term of the error is smaller by O(h): a few percent at these steps.
    EXPECT_NEAR(order, 4.0, 0.2) << steps;
  }
}

TEST(Rk4, FollowsTheOscillatorBothWays) {
  const double end = std::numbers::pi;
  const Vector there = rk4(oscillator, oscillator_start(), 0.0, end, 1000);
  // Error t h⁴ / 120 = 2.5e-12 for the linear oscillator (the first term left out of e^{ih}).
  EXPECT_NEAR(there[0], -1.0, 3e-12);
  EXPECT_NEAR(there[1], 0.0, 3e-12);
  const Vector back = rk4(oscillator, there, end, 0.0, 1000);
  // Twice that.
  EXPECT_LE((back - oscillator_start()).cwiseAbs().maxCoeff(), 6e-12);
}

TEST(Rk4, RefusesNoSteps) {
  EXPECT_THROW(static_cast<void>(rk4(bell, Vector{{1.0}}, 0.0, 1.0, 0)), InvalidArgument);
}

TEST(Dopri5, MeetsTheToleranceAtEveryTime) {
  std::vector<double> times;
  for (int k = 0; k <= 20; ++k) times.push_back(0.05 * k * k);
  for (const double tolerance : {1e-6, 1e-9, 1e-12}) {
    const Dopri5Options options{.absolute_tolerance = tolerance, .relative_tolerance = 0.0};
    const Trajectory path = dopri5(oscillator, oscillator_start(), times, options);
    ASSERT_EQ(path.status, SolveStatus::Converged);
    ASSERT_EQ(path.reached, 21);
    for (std::size_t k = 0; k < times.size(); ++k) {
      // Local errors add up without growth: at most one tolerance per step.
      const double bound = tolerance * static_cast<double>(path.steps) + 1e-14;
      EXPECT_NEAR(path.states(static_cast<Index>(k), 0), std::cos(times[k]), bound);
      EXPECT_NEAR(path.states(static_cast<Index>(k), 1), -std::sin(times[k]), bound);
    }
  }
}

// Error per step h⁶ and 1/h steps: steps grow as tolerance^{-1/5}.
TEST(Dopri5, WorkGrowsWithTheFifthRoot) {
  const std::vector<double> times{0.0, 100.0};
  const auto steps = [&](double tolerance) {
    const Dopri5Options options{.absolute_tolerance = tolerance, .relative_tolerance = 0.0};
    return static_cast<double>(dopri5(oscillator, oscillator_start(), times, options).steps);
  };
  // Rejected first steps and the controller's dead band blur the exponent by some percent.
  EXPECT_NEAR(std::log10(steps(1e-10) / steps(1e-5)), 1.0, 0.15);
}

TEST(Dopri5, TimeDependentField) {
  const std::vector<double> times{0.0, 0.5, 1.0, 3.0};
  const Trajectory path = dopri5(bell, Vector{{1.0}}, times);
  ASSERT_EQ(path.status, SolveStatus::Converged);
  for (std::size_t k = 0; k < times.size(); ++k) {
    // Default tolerances 1e-10 each per step, damped afterwards; about 100 steps.
    EXPECT_NEAR(path.states(static_cast<Index>(k), 0), 1.0 / (1.0 + times[k] * times[k]),
                2e-10 * static_cast<double>(path.steps));
  }
}

TEST(Dopri5, ManyRecordTimesHardlyCostSteps) {
  std::vector<double> dense;
  for (int k = 0; k <= 50; ++k) dense.push_back(2.0 * k);
  const std::vector<double> sparse{0.0, 100.0};
  const Index few = dopri5(oscillator, oscillator_start(), sparse).steps;
  const Index many = dopri5(oscillator, oscillator_start(), dense).steps;
  // At most one short step per time: the step length is remembered across it.
  EXPECT_LE(many, few + 2 * 50);
}

TEST(Dopri5, StepLimitIsAStatus) {
  const std::vector<double> times{0.0, 1.0, 1000.0};
  const Trajectory path = dopri5(oscillator, oscillator_start(), times, {.max_steps = 200});
  EXPECT_EQ(path.status, SolveStatus::MaxIterations);
  EXPECT_EQ(path.reached, 2);
  EXPECT_EQ(path.steps, 200);
  EXPECT_TRUE(path.states.row(2).array().isNaN().all());
  EXPECT_TRUE(path.states.row(1).allFinite());
}

// y' = y² from 1 is 1 / (1 - t): no solution beyond t = 1.
TEST(Dopri5, SingularityIsAStatus) {
  const auto square = [](double, const Vector& y, Vector& slope) { slope = y.cwiseAbs2(); };
  const std::vector<double> times{0.0, 0.5, 2.0};
  const Trajectory path = dopri5(square, Vector{{1.0}}, times);
  EXPECT_TRUE(path.status == SolveStatus::Diverged || path.status == SolveStatus::NonFinite);
  EXPECT_EQ(path.reached, 2);
}

TEST(Dopri5, NanIsAStatus) {
  const auto fails = [](double t, const Vector& y, Vector& slope) {
    slope = t > 0.5 ? Vector(y * std::nan("")) : y;
  };
  const std::vector<double> times{0.0, 0.25, 1.0};
  const Trajectory path = dopri5(fails, Vector{{1.0}}, times);
  EXPECT_EQ(path.status, SolveStatus::NonFinite);
  EXPECT_EQ(path.reached, 2);
  EXPECT_EQ(dopri5(oscillator, Vector{{std::nan(""), 0.0}}, times).status, SolveStatus::NonFinite);
}

// A first step far too long overflows; it is shortened until it does not.
TEST(Dopri5, RecoversFromAnOverflowingFirstStep) {
  const auto stiff = [](double, const Vector& y, Vector& slope) {
    slope = -y.array().cube().matrix();
  };
  const std::vector<double> times{0.0, 1e200};
  const Trajectory start = dopri5(stiff, Vector{{1.0}}, std::vector<double>{0.0, 4.0},
                                  {.first_step = 4.0, .max_steps = 10'000});
  ASSERT_EQ(start.status, SolveStatus::Converged);
  // y = 1 / √(1 + 2t) = 1/3; tolerance 2e-10 per step.
  EXPECT_NEAR(start.states(1, 0), 1.0 / 3.0, 2e-10 * static_cast<double>(start.steps));
  const Trajectory huge =
      dopri5(stiff, Vector{{1.0}}, times, {.first_step = 1e150, .max_steps = 600});
  EXPECT_EQ(huge.status, SolveStatus::MaxIterations) << "a step into overflow must be taken back";
}

TEST(Dopri5, RefusesBadTimesAndOptions) {
  const Vector y{{1.0}};
  const std::vector<double> none, backwards{1.0, 0.0}, nan{0.0, std::nan("")}, good{0.0, 1.0};
  EXPECT_THROW(static_cast<void>(dopri5(bell, y, none)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(dopri5(bell, y, backwards)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(dopri5(bell, y, nan)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(dopri5(bell, Vector(0), good)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(dopri5(bell, y, good, {0.0, 0.0})), InvalidArgument);
  EXPECT_THROW(static_cast<void>(dopri5(bell, y, good, {.max_steps = 0})), InvalidArgument);
}

}  // namespace
}  // namespace twofold::numerics
