#include "twofold/theory/mean_field_recursion.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

RecursionProblem golden() {
  return {Vector{{1.0, 0.4, 0.1, 0.03}}, model::Relu{}, 0.05, 0.2, 0.0, 0.0};
}

// Independent 12-digit values; 1e-10 leaves their last digits.
TEST(Recursion, ReproducesTabulatedValues) {
  Recursion recursion(golden());
  recursion.advance(100, 0.1);
  const Vector expected{{1.899999882433, 1.687464133243, .101556251815, .026538564151}};
  for (Index j = 0; j < 4; ++j) {
    EXPECT_NEAR(recursion.scale()[j], expected[j], 1e-10 * expected[j]);
  }
  EXPECT_NEAR(recursion.time(), 10.0, 1e-13);  // a hundred additions of 0.1
  EXPECT_EQ(recursion.gain(), 0.5 * recursion.scale());
}

// Heavy ball on the energy F(r) = ½ s (1 − c r²)² + ½ λ r², gradient by hand for c = 1.
TEST(Recursion, MomentumIsHeavyBallOnTheEnergy) {
  const double s = 0.8, lambda = 0.1, mu = 0.9, eta = 0.03;
  Recursion recursion({Vector{{s}}, model::Identity{}, lambda, 0.3, mu, 0.0});
  double r = 0.3, previous = 0.3;
  for (int k = 0; k < 200; ++k) {
    recursion.advance(1, eta);
    const double gradient = -2 * s * r * (1 - r * r) + lambda * r;
    const double next = r - eta * gradient + mu * (r - previous);
    previous = r;
    r = next;
    // Rounding of 200 steps, amplified by at most e^{2 s t}/… before saturation.
    ASSERT_NEAR(recursion.scale()[0], r * r, 1e-12) << "step " << k;
  }
}

TEST(Recursion, ScheduleIsStepByStep) {
  RecursionProblem problem = golden();
  problem.momentum = 0.5;
  Recursion scheduled(problem), stepped(problem);
  const std::vector<double> steps{0.1, 0.2, 0.05, 0.4};
  scheduled.advance(steps);
  for (const double step : steps) stepped.advance(1, step);
  EXPECT_EQ(scheduled.scale(), stepped.scale());
}

TEST(Recursion, ConvergesToTheFlowAtFirstOrder) {
  const FlowProblem flow{golden().spectrum, 0.5, 0.05, 0.2};
  const auto error = [&](double step) {
    Recursion recursion(golden());
    recursion.advance(static_cast<std::int64_t>(4.0 / step + 0.5), step);
    return (recursion.scale() - closed_form_scale(flow, 4.0)).cwiseAbs().maxCoeff();
  };
  // Euler: halving the step halves the error, up to O(η) = 2 %.
  EXPECT_NEAR(error(0.02) / error(0.01), 2.0, 0.1);
}

TEST(Recursion, StepAboveTheLimitIsSeenAsNonFinite) {
  Recursion recursion({Vector{{1.0}}, model::Relu{}, 0.0, 3.0, 0.0, 0.0});
  recursion.advance(200, 10.0);
  EXPECT_FALSE(recursion.finite());
}

// With excess coefficient ψ the flow descends L + ½ ψ n q + (λ/2) Σ r²: check by differences.
TEST(Recursion, ExcessTermIsTheGradientOfItsLoss) {
  RecursionProblem problem = golden();
  problem.even_excess = 0.07;
  const auto energy = [&](const Vector& r) {
    const Vector u = r.array().square();
    const double linear = loss(problem.spectrum, 0.5 * u);
    return linear + 0.5 * problem.even_excess * u.sum() * u.dot(problem.spectrum) +
           0.5 * problem.penalty * u.sum();
  };
  Recursion recursion(problem);
  EXPECT_NEAR(recursion.loss(), energy(Vector::Constant(4, 0.2)) - 0.5 * 0.05 * 0.16, 1e-15);
  constexpr double eta = 1e-3, h = 1e-5;
  recursion.advance(1, eta);
  for (Index j = 0; j < 4; ++j) {
    Vector up = Vector::Constant(4, 0.2), down = up;
    up[j] += h;
    down[j] -= h;
    const double slope = (energy(up) - energy(down)) / (2 * h);
    // Truncation h² = 1e-10; rounding eps/(h) = 1e-11; divided by η in recovering the slope.
    EXPECT_NEAR((0.2 - std::sqrt(recursion.scale()[j])) / eta, slope, 1e-8);
  }
}

TEST(Recursion, RejectsBadInput) {
  EXPECT_THROW(Recursion({Vector{{1.0}}, model::Relu{}, -1.0, 0.2, 0.0, 0.0}), InvalidArgument);
  EXPECT_THROW(Recursion({Vector{{1.0}}, model::Relu{}, 0.0, 0.0, 0.0, 0.0}), InvalidArgument);
  EXPECT_THROW(Recursion({Vector{{1.0}}, model::Relu{}, 0.0, 0.2, 1.0, 0.0}), InvalidArgument);
  EXPECT_THROW(Recursion({Vector{{1.0}}, model::Sign{}, 0.0, 0.2, 0.0, 0.0}), InvalidArgument);
  EXPECT_THROW(Recursion({Vector{{1.0}}, model::TopK{1}, 0.0, 0.2, 0.0, 0.0}), InvalidArgument);
  Recursion good(golden());
  EXPECT_THROW(good.advance(1, 0.0), InvalidArgument);
  EXPECT_THROW(good.advance(-1, 0.1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
