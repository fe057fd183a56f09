#include "twofold/theory/mean_field_limits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_recursion.hpp"

namespace twofold::theory {
namespace {

const Vector kSpectrum{{1.0, 0.5, 0.25}};
const Vector kGains{{0.9, 0.8, 0.6}};

/// Whether the recursion is back at its fixed point after a small kick.
bool settles(double step, double momentum) {
  const double penalty = 0.1;
  const double limit = std::sqrt((1 - penalty) / 0.5);
  Recursion recursion({Vector{{1.0}}, model::Relu{}, penalty, limit * 1.001, momentum, 0.0});
  recursion.advance(4000, step);
  return recursion.finite() && std::abs(std::sqrt(recursion.scale()[0]) / limit - 1) < 1e-6;
}

// The limit is where the linearised recursion loses stability; 1 % on either side decides.
TEST(StepLimits, RecursionLimitIsWhereTheRecursionLosesStability) {
  for (const double momentum : {0.0, 0.5, 0.9}) {
    const auto limits =
        step_limits(Vector{{1.0}}, Vector{{0.9}}, model::Identity{}, 0.1, momentum, 0);
    const auto relu = step_limits(Vector{{1.0}}, Vector{{0.9}}, model::Relu{}, 0.1, momentum, 0);
    EXPECT_NEAR(limits.recursion, (1 + momentum) / 1.9, 1e-15);
    EXPECT_TRUE(settles(0.99 * relu.recursion, momentum)) << momentum;
    EXPECT_FALSE(settles(1.01 * relu.recursion, momentum)) << momentum;
  }
}

TEST(StepLimits, EvenModeIsTwoPiOverTheTraceForRelu) {
  const auto limits = step_limits(kSpectrum, kGains, model::Relu{}, 0.0, 0.0, 0);
  EXPECT_NEAR(limits.even_mode, 2 * std::numbers::pi / kGains.dot(kSpectrum), 1e-14);
  EXPECT_NEAR(even_mode_step(kSpectrum, kGains, model::Relu{}, limits.even_mode), 2.0, 1e-14);
  EXPECT_TRUE(std::isinf(step_limits(kSpectrum, kGains, model::Erf{}, 0.0, 0.0, 0).even_mode));
  // A quadratic of curvature h is stable below 2(1 + μ)/h with momentum μ (Polyak 1964).
  const auto heavy = step_limits(kSpectrum, kGains, model::Relu{}, 0.0, 0.5, 0);
  EXPECT_NEAR(heavy.even_mode, 1.5 * limits.even_mode, 1e-14);
}

TEST(StepLimits, SayWhichMechanismBinds) {
  const Vector flat = Vector::Ones(64);
  EXPECT_THAT(step_limits(flat, flat, model::Relu{}, 0.0, 0.0, 0).reason,
              testing::HasSubstr("even part"));
  EXPECT_THAT(step_limits(flat, flat, model::Relu{}, 0.0, 0.0, 1).reason,
              testing::HasSubstr("noise"));
  EXPECT_THAT(step_limits(flat, flat, model::Erf{}, 0.0, 0.0, 0).reason,
              testing::HasSubstr("principal direction"));
  const auto limits = step_limits(flat, flat, model::Relu{}, 0.0, 0.5, 8);
  EXPECT_EQ(limits.noise, 0.5 * 8 / 64);
  EXPECT_EQ(limits.largest, limits.noise);
  EXPECT_NEAR(limits.accurate, 0.03 * limits.noise, 1e-18);
}

TEST(NoiseLevel, IsStepTimesTraceOverIndependentSamples) {
  EXPECT_EQ(noise_level(kSpectrum, 0.1, 5), 0.1 * 1.75 / 5);
  EXPECT_EQ(noise_level(kSpectrum, 0.1, 0), 0.0);
  EXPECT_EQ(noise_band(0.0, 3.0), 0.0);
  EXPECT_NEAR(noise_band(0.1, 3.0), 0.24, 1e-15);
}

TEST(EffectiveDimension, CountsEqualDirections) {
  EXPECT_NEAR(effective_dimension(Vector::Constant(17, 0.3)), 17.0, 1e-13);
  EXPECT_NEAR(effective_dimension(Vector{{5.0, 0.0}}), 1.0, 1e-15);
}

TEST(LossTolerance, AddsItsTerms) {
  EXPECT_NEAR(loss_tolerance(kSpectrum, kGains, {}), 0.02, 1e-16);
  const RunSetting setting{0.04, 100, true};
  const double width = 0.35 * kGains.sum() * kGains.dot(kSpectrum) / (100 * 0.875);
  const double norm = 0.5 / effective_dimension(kSpectrum);
  const double scatter = 8.0 / 27.0 * kSpectrum.norm() * std::sqrt(2.0 / 100) / 0.875;
  EXPECT_NEAR(loss_tolerance(kSpectrum, kGains, setting), 0.06 + width + scatter + norm, 1e-15);
}

TEST(Limits, RejectBadInput) {
  EXPECT_THROW((void)step_limits(kSpectrum, Vector{{1.0}}, model::Relu{}, 0, 0, 0),
               InvalidArgument);
  EXPECT_THROW((void)step_limits(kSpectrum, kGains, model::Relu{}, -1, 0, 0), InvalidArgument);
  EXPECT_THROW((void)step_limits(kSpectrum, kGains, model::Relu{}, 0, 1, 0), InvalidArgument);
  EXPECT_THROW((void)step_limits(kSpectrum, kGains, model::Relu{}, 0, 0, -1), InvalidArgument);
  EXPECT_THROW((void)noise_level(kSpectrum, 0.0, 1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
