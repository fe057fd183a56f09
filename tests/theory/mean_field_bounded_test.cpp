#include "twofold/theory/mean_field_bounded.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/model/gaussian_moments.hpp"
#include "twofold/numerics/ode.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

/// Geometric spacing, both ends included.
Vector geometric(double first, double last, Index count) {
  Vector v(count);
  for (Index i = 0; i < count; ++i) {
    v[i] = first * std::pow(last / first, static_cast<double>(i) / static_cast<double>(count - 1));
  }
  return v;
}

/// u(times) by Runge-Kutta on ln u, straight from the equations of the limit.
numerics::Trajectory reference(const BoundedProblem& problem, const Vector& times) {
  const auto field = [&](double, const Vector& log_u, Vector& slope) {
    double q = 0, p = 0;
    const Index d = log_u.size();
    for (Index j = 0; j < d; ++j) q += std::exp(log_u[j]) * problem.spectrum[j];
    const double m = model::mean_slope(problem.activation, q);
    const double dm = model::mean_slope_derivative(problem.activation, q);
    for (Index j = 0; j < d; ++j) {
      const double u = std::exp(log_u[j]);
      p += u * problem.spectrum[j] * (1 - m * u);
    }
    for (Index j = 0; j < d; ++j) {
      const double a = m * std::exp(log_u[j]);
      slope[j] = 2 * (2 * problem.spectrum[j] * (m * (1 - a) + dm * p) - problem.penalty);
    }
  };
  const double start = 2 * std::log(problem.init_scale);
  auto path =
      numerics::dopri5(field, Vector::Constant(problem.spectrum.size(), start),
                       {times.data(), static_cast<std::size_t>(times.size())}, {1e-11, 1e-12});
  path.states = path.states.array().exp();
  return path;
}

struct Golden {
  model::Activation activation;
  Vector scale;
  double q;
};

// Independent values given to 7 digits.
TEST(NormConcentrated, ReproducesTabulatedValues) {
  const Golden cases[] = {
      {model::Erf{}, Vector{{2.1053336, 1.6797033, .0832849, .0249375}}, 2.786291},
      {model::Tanh{}, Vector{{2.0119743, 1.6601353, .0905970, .0256191}}, 2.685857}};
  for (const Golden& golden : cases) {
    NormConcentrated flow({Vector{{1.0, 0.4, 0.1, 0.03}}, golden.activation, 0.05, 0.2});
    ASSERT_EQ(flow.advance_to(10.0), SolveStatus::Converged);
    for (Index j = 0; j < 4; ++j) {
      // Half a unit of the last digit given is up to 2e-6 relative in the small components.
      EXPECT_NEAR(flow.scale()[j], golden.scale[j], 1e-6 * golden.scale[j] + 5e-8);
    }
    EXPECT_NEAR(flow.q(), golden.q, 1e-6 * golden.q);
  }
}

TEST(NormConcentrated, AdaptiveStepsFollowARungeKuttaReference) {
  const Vector times{{0.0, 0.3, 2.0, 9.0, 60.0}};
  for (const model::Activation& activation :
       {model::Activation{model::Erf{}}, model::Activation{model::HardTanh{}},
        model::Activation{model::Sigmoid{}}, model::Activation{model::Elu{}}}) {
    const BoundedProblem problem{geometric(1.5, 0.01, 12), activation, 0.02, 0.3};
    const auto path = reference(problem, times);
    ASSERT_EQ(path.status, SolveStatus::Converged);
    NormConcentrated flow(problem);
    for (Index i = 1; i < times.size(); ++i) {
      ASSERT_EQ(flow.advance_to(times[i]), SolveStatus::Converged);
      const Vector expected = path.states.row(i).transpose();
      // 1e-6 per step before extrapolation, which removes most of it; a few hundred steps.
      EXPECT_LT(((flow.scale() - expected).array() / expected.array()).abs().maxCoeff(), 1e-6)
          << model::activation_name(activation) << " t=" << times[i];
    }
  }
}

// In r = √u the flow descends L + ½ ψ n q + (λ/2) Σ r², n = Σ u; differences.
TEST(NormConcentrated, ExcessTermIsTheGradientOfItsLoss) {
  const BoundedProblem problem{Vector{{1.0, 0.4, 0.1}}, model::Erf{}, 0.05, 0.6, 0.07};
  const auto energy = [&](const Vector& r) {
    const Vector u = r.array().square();
    const double q = u.dot(problem.spectrum);
    return loss(problem.spectrum, model::mean_slope(problem.activation, q) * u) +
           0.5 * problem.even_excess * u.sum() * q + 0.5 * problem.penalty * u.sum();
  };
  NormConcentrated flow(problem);
  const Vector start = Vector::Constant(3, 0.6);
  EXPECT_NEAR(flow.loss(), energy(start) - 0.5 * 0.05 * 3 * 0.36, 1e-15);  // rounding
  constexpr double t = 1e-6, h = 1e-5;
  flow.step(t);
  for (Index j = 0; j < 3; ++j) {
    Vector up = start, down = start;
    up[j] += h;
    down[j] -= h;
    const double slope = (energy(up) - energy(down)) / (2 * h);
    // Curvature of order 1 over t, rounding eps/t.
    EXPECT_NEAR((0.6 - std::sqrt(flow.scale()[j])) / t, slope, 1e-5) << j;
  }
}

TEST(NormConcentrated, LinearOddPartGivesTheClosedForm) {
  const Vector s{{1.0, 0.4, 0.1, 0.0}};
  NormConcentrated flow({s, model::Gelu{}, 0.05, 0.2});
  flow.step(7.3);  // frozen coefficients are exact: any step length
  const Vector expected = closed_form_scale({s, 0.5, 0.05, 0.2}, 7.3);
  EXPECT_LT((flow.scale() - expected).cwiseAbs().maxCoeff(), 1e-14);  // rounding
}

/// Largest error in the gains over 60 geometric outputs with `parts` fixed steps between two.
double grid_error(const BoundedProblem& problem, const Vector& times,
                  const numerics::Trajectory& path, int parts) {
  NormConcentrated flow(problem);
  double worst = 0, now = 0;
  for (Index i = 1; i < times.size(); ++i) {
    for (int k = 0; k < parts; ++k) flow.step((times[i] - now) / parts);
    now = times[i];
    const Vector u = path.states.row(i).transpose();
    const Vector gain = model::mean_slope(problem.activation, u.dot(problem.spectrum)) * u;
    worst = std::max(worst, (flow.gain() - gain).cwiseAbs().maxCoeff());
  }
  return worst;
}

TEST(NormConcentrated, FixedStepsConvergeAtSecondOrderOnAGeometricGrid) {
  Vector times(61);
  times << 0.0, geometric(0.05, 2e3, 60);
  for (const model::Activation& activation :
       {model::Activation{model::Erf{}}, model::Activation{model::Tanh{}}}) {
    const BoundedProblem problem{geometric(1.0, 1e-4, 24), activation, 1e-3, 0.1};
    const auto path = reference(problem, times);
    ASSERT_EQ(path.status, SolveStatus::Converged);
    const double coarse = grid_error(problem, times, path, 8);
    const double fine = grid_error(problem, times, path, 16);
    // The order is 2 in the limit of small steps and must exceed 1.5 here.
    EXPECT_GT(std::log2(coarse / fine), 1.5);
    EXPECT_LT(fine, 1e-3);
  }
}

TEST(FixedPoint, IsTheLongTimeLimitOfTheFlow) {
  const Vector s{{1.0, 0.7, 0.4, 0.2, 0.05}};
  for (const model::Activation& activation :
       {model::Activation{model::Erf{}}, model::Activation{model::Tanh{}},
        model::Activation{model::Sin{}}}) {
    for (const double penalty : {0.02, 0.1, 0.3}) {
      const FixedPoint point = fixed_point(s, activation, penalty);
      ASSERT_EQ(point.status, SolveStatus::Converged);
      NormConcentrated flow({s, activation, penalty, 1.0});
      ASSERT_EQ(flow.advance_to(2000.0), SolveStatus::Converged);
      // Remaining distance e^{-2αt}; 5 digits asked, near-critical components relax slowest.
      EXPECT_LT((flow.gain() - point.gain).cwiseAbs().maxCoeff(), 1e-5)
          << model::activation_name(activation) << " penalty " << penalty;
    }
  }
}

TEST(FixedPoint, ReproducesTabulatedShrinkage) {
  const FixedPoint erf = fixed_point(Vector{{1.0, 0.7, 0.4, 0.2, 0.05}}, model::Erf{}, 0.1);
  const Vector expected{{.725, .664, .514, .164, 0.0}};
  EXPECT_LT((erf.gain - expected).cwiseAbs().maxCoeff(), 5.1e-4);  // given to 3 decimals
}

// λ = 0: a = 1, u = 1/m(q), q = u tr S, for erf u² = (π/2)(1 + u tr S).
TEST(FixedPoint, ErfWithoutPenaltySolvesItsQuadratic) {
  const Vector s{{1.0, 0.7, 0.4, 0.2}};
  const FixedPoint point = fixed_point(s, model::Erf{}, 0.0);
  const double half_pi = std::numbers::pi / 2, b = half_pi * s.sum();
  const double u = 0.5 * (b + std::sqrt(b * b + 4 * half_pi));
  for (Index j = 0; j < 4; ++j) {
    EXPECT_EQ(point.gain[j], 1.0);
    EXPECT_NEAR(point.scale[j], u, 1e-10 * u);  // documented accuracy
  }
}

TEST(FixedPoint, IsZeroWhenThePenaltyKillsEverything) {
  const FixedPoint point = fixed_point(Vector{{1.0, 0.5}}, model::Erf{}, 3.0);
  EXPECT_EQ(point.gain, (Vector{{0.0, 0.0}}));
  EXPECT_EQ(point.q, 0.0);
}

TEST(FixedPoint, IsTheShrinkageFormulaForALinearOddPart) {
  const Vector s{{1.0, 0.4, 0.1, 0.03, 0.0}};
  const FixedPoint point = fixed_point(s, model::Relu{}, 0.05);
  const Vector expected = gain_limit({s, 0.5, 0.05, 0.2});
  EXPECT_LT((point.gain - expected).cwiseAbs().maxCoeff(), 1e-14);  // m' = 0: no root enters
}

// As q grows m(q) falls: the third of five blocks grows first and is partly forgotten later.
// Values of an independent integration, given to three digits (s_1 t = 4 and 24, s_1 = 1/20).
TEST(NormConcentrated, ComponentsCompete) {
  const Vector block{{1.0, 0.7, 0.4, 0.2, 0.05}};
  const Vector spectrum = block.replicate(20, 1) / 20.0;
  NormConcentrated flow({spectrum, model::Erf{}, 0.3 / 20.0, 0.35});
  ASSERT_EQ(flow.advance_to(4.0 * 20.0), SolveStatus::Converged);
  EXPECT_NEAR(flow.scale()[2], 0.170, 1e-3);  // one unit of the last digit
  ASSERT_EQ(flow.advance_to(24.0 * 20.0), SolveStatus::Converged);
  EXPECT_NEAR(flow.scale()[2], 0.139, 1e-3);
  EXPECT_GT(0.35 * 0.35, flow.scale()[3]);
}

TEST(NormConcentrated, RejectsBadInput) {
  EXPECT_THROW(NormConcentrated({Vector{{1.0}}, model::Erf{}, -0.1, 0.2}), InvalidArgument);
  EXPECT_THROW(NormConcentrated({Vector{{1.0}}, model::Erf{}, 0.1, 0.0}), InvalidArgument);
  EXPECT_THROW(NormConcentrated({Vector{{-1.0}}, model::Erf{}, 0.1, 0.2}), InvalidArgument);
  EXPECT_THROW(NormConcentrated({Vector{{1.0}}, model::HardThreshold{1.0}, 0.1, 0.2}),
               InvalidArgument);
  NormConcentrated flow({Vector{{1.0}}, model::Erf{}, 0.1, 0.2});
  EXPECT_THROW(flow.step(0.0), InvalidArgument);
  (void)flow.advance_to(1.0);
  EXPECT_THROW((void)flow.advance_to(0.5), InvalidArgument);
  EXPECT_THROW((void)fixed_point(Vector{{1.0}}, model::Erf{}, -1.0), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
