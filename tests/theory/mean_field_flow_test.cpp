#include "twofold/theory/mean_field_flow.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/numerics/ode.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

FlowProblem golden() {
  return {Vector{{1.0, 0.4, 0.1, 0.03}}, 0.5, 0.05, 0.2};
}

void expect_relative(const Vector& actual, const Vector& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (Index j = 0; j < actual.size(); ++j) {
    EXPECT_NEAR(actual[j], expected[j], tolerance * expected[j]) << "component " << j;
  }
}

// Independent 12-digit values; 1e-10 leaves their last digits.
TEST(ClosedForm, ReproducesTabulatedValues) {
  expect_relative(closed_form_scale(golden(), 1.0),
                  Vector{{.238845272295, .07872591159, .044021644851, .038386422971}}, 1e-10);
  expect_relative(closed_form_scale(golden(), 10.0),
                  Vector{{1.899999504993, 1.684339471804, .101738646441, .026550209684}}, 1e-10);
  expect_relative(closed_form_scale(golden(), 100.0),
                  Vector{{1.9, 1.75, .9989115876180, 7.116665965059e-4}}, 1e-10);
}

TEST(ClosedForm, SolvesItsDifferentialEquation) {
  const FlowProblem problem{Vector{{2.0, 0.7, 0.1, 0.0}}, 0.8, 0.2, 0.3};
  const auto field = [&](double, const Vector& u, Vector& slope) {
    const double c = problem.odd_slope;
    const auto s = problem.spectrum.array();
    slope = 2 * u.array() * (2 * c * s * (1 - c * u.array()) - problem.penalty);
  };
  const std::array times{0.0, 0.5, 3.0, 20.0};
  const auto path = numerics::dopri5(field, Vector::Constant(4, 0.09), times, {1e-13, 1e-13});
  ASSERT_EQ(path.status, SolveStatus::Converged);
  for (Index i = 0; i < 4; ++i) {
    const Vector u = closed_form_scale(problem, times[static_cast<std::size_t>(i)]);
    // Local error 1e-13 per step over some hundred steps.
    EXPECT_LT((u.transpose() - path.states.row(i)).cwiseAbs().maxCoeff(), 1e-10);
  }
}

TEST(ClosedForm, CriticalDirectionRelaxesAlgebraically) {
  FlowProblem problem = golden();
  problem.spectrum = Vector{{0.05}};  // s = λ/(2c): α = 0
  const double u = closed_form_scale(problem, 10.0)[0];
  EXPECT_NEAR(u, .0392156862745098, 5e-17);  // half a unit of the last digit given
  const double beta = 2 * 0.25 * 0.05;
  EXPECT_DOUBLE_EQ(u, 0.04 / (1 + 2 * beta * 0.04 * 10.0));  // 4 ulp
  // Next to the threshold the series branch joins continuously: du/dα ~ 2 t u.
  problem.spectrum[0] += 1e-12;
  EXPECT_NEAR(closed_form_scale(problem, 10.0)[0], u, 1e-11);
}

TEST(ClosedForm, StartsAtTheInitialScale) {
  // One division and its inverse: 2 ulp.
  expect_relative(closed_form_scale(golden(), 0.0), Vector::Constant(4, 0.04), 4e-16);
}

TEST(ClosedForm, EndsAtTheShrinkageFormula) {
  const FlowProblem problem = golden();
  const Vector a = gain(closed_form_scale(problem, kInfinity), problem.odd_slope);
  for (Index j = 0; j < 4; ++j) {
    // 1 − λ/s for ReLU; two divisions.
    EXPECT_NEAR(a[j], std::max(0.0, 1 - problem.penalty / problem.spectrum[j]), 1e-15);
    EXPECT_EQ(a[j], gain_limit(problem)[j]);
  }
  // e^{-2αt} = e^{-95} is below rounding for j = 0, and e^{-2αt} < 1e-40 for j = 1, 2.
  expect_relative(closed_form_scale(problem, 1e3).head(3), a.head(3) / 0.5, 1e-14);
}

TEST(ClosedForm, LongTimeOfADecayingDirectionIsZeroNotNaN) {
  FlowProblem problem{Vector{{1.0, 0.0}}, 0.5, 2.0, 0.2};
  EXPECT_EQ(closed_form_scale(problem, 1e6), (Vector{{0.0, 0.0}}));
  EXPECT_EQ(closed_form_scale(problem, kInfinity), (Vector{{0.0, 0.0}}));
}

TEST(ClosedForm, NullDirectionWithoutPenaltyKeepsItsGhostGain) {
  const FlowProblem problem{Vector{{1.0, 0.0}}, 0.5, 0.0, 0.2};
  for (const double t : {0.0, 3.0, 1e8, kInfinity}) {
    EXPECT_NEAR(closed_form_scale(problem, t)[1], 0.04, 1e-17) << t;
  }
  EXPECT_NEAR(gain_limit(problem)[1], 0.02, 1e-17);
  EXPECT_EQ(gain_limit(problem)[0], 1.0);
}

TEST(ClosedForm, LargeStartShrinksToTheSameLimit) {
  FlowProblem problem = golden();
  problem.init_scale = 3.0;  // c r0² = 4.5 > 1
  EXPECT_LT(closed_form_scale(problem, 0.1)[0], 9.0);
  EXPECT_NEAR(closed_form_scale(problem, 40.0)[0], 1.9, 1e-14);
}

TEST(HalfTime, ReproducesTabulatedValues) {
  const Vector expected{{2.020764375049, 5.364813136261, 31.780538303479}};
  for (Index j = 0; j < 3; ++j) {
    EXPECT_NEAR(half_time(golden(), j).value(), expected[j], 1e-10 * expected[j]);
  }
}

TEST(HalfTime, IsWhereHalfOfTheLimitIsReached) {
  const FlowProblem problem{Vector{{1.3, 0.6}}, 0.7, 0.1, 0.15};
  for (Index j = 0; j < 2; ++j) {
    const double t = half_time(problem, j).value();
    // du/u = 2α dt: time is exact to 4e-16 relative and 2αt < 12.
    EXPECT_NEAR(0.7 * closed_form_scale(problem, t)[j], 0.5 * gain_limit(problem)[j], 1e-14);
  }
}

TEST(HalfTime, IsAbsentWhereUndefined) {
  EXPECT_FALSE(half_time(golden(), 3).has_value());  // below the threshold
  FlowProblem critical = golden();
  critical.spectrum = Vector{{0.05}};
  EXPECT_FALSE(half_time(critical, 0).has_value());
  FlowProblem late = golden();
  late.init_scale = 1.0;  // u_0 = 1 > 1.9/2
  EXPECT_FALSE(half_time(late, 0).has_value());
  const FlowProblem null{Vector{{1.0, 0.0}}, 0.5, 0.0, 0.2};
  EXPECT_FALSE(half_time(null, 1).has_value());
}

TEST(LearnedCount, CountsEigenvaluesAboveTheThreshold) {
  const Vector s{{1.0, 0.4, 0.1, 0.05, 0.0}};
  EXPECT_EQ(learned_count(s, 0.5, 0.05), 3);  // strictly above
  EXPECT_EQ(learned_count(s, 0.5, 0.0), 4);
  EXPECT_EQ(learned_count(s, 1.0, 0.05), 4);
  EXPECT_EQ(learned_count(s, 0.5, 5.0), 0);
}

TEST(Loss, IsTheResidualEnergy) {
  EXPECT_EQ(loss(Vector{{2.0, 1.0}}, Vector{{0.5, 0.0}}), 0.5 * (2.0 * 0.25 + 1.0));
  EXPECT_THROW((void)loss(Vector{{2.0, 1.0}}, Vector{{0.5}}), InvalidArgument);
}

TEST(StoppingThreshold, IsTheEigenvalueThatIsHalfLearned) {
  const double s = stopping_threshold(0.5, 0.2, 10.0).value();
  const FlowProblem problem{Vector{{s}}, 0.5, 0.0, 0.2};
  EXPECT_NEAR(0.5 * closed_form_scale(problem, 10.0)[0], 0.5, 1e-14);  // rounding of ln and exp
  EXPECT_FALSE(stopping_threshold(0.5, 1.0, 10.0).has_value());
}

TEST(FlowProblem, RejectsBadInputNamingTheValue) {
  const auto with = [](Vector s, double c, double lambda, double r0) {
    return FlowProblem{std::move(s), c, lambda, r0};
  };
  const Vector one{{1.0}};
  EXPECT_THROW((void)gain_limit(with(Vector(), 0.5, 0.1, 0.2)), InvalidArgument);
  EXPECT_THROW((void)gain_limit(with(Vector{{0.0, 0.0}}, 0.5, 0.1, 0.2)), InvalidArgument);
  EXPECT_THROW((void)gain_limit(with(Vector{{1.0, kNaN}}, 0.5, 0.1, 0.2)), InvalidArgument);
  EXPECT_THROW((void)gain_limit(with(one, 0.0, 0.1, 0.2)), InvalidArgument);
  EXPECT_THROW((void)gain_limit(with(one, 0.5, -0.1, 0.2)), InvalidArgument);
  EXPECT_THROW((void)gain_limit(with(one, 0.5, 0.1, 0.0)), InvalidArgument);
  EXPECT_THROW((void)closed_form_scale(with(one, 0.5, 0.1, 0.2), -1.0), InvalidArgument);
  EXPECT_THROW((void)half_time(with(one, 0.5, 0.1, 0.2), 1), InvalidArgument);
  try {
    (void)gain_limit(with(Vector{{1.0, -0.25}}, 0.5, 0.1, 0.2));
    FAIL() << "a negative eigenvalue was accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("spectrum[1] must be >= 0, got -0.25"),
              std::string::npos);
  }
}

TEST(CheckedSpectrum, ClampsEigenvaluesThatAreNegativeByRounding) {
  EXPECT_EQ(checked_spectrum(Vector{{1.0, -1e-15}}, "test"), (Vector{{1.0, 0.0}}));
}

}  // namespace
}  // namespace twofold::theory
