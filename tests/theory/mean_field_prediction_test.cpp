#include "twofold/theory/mean_field_prediction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::theory {
namespace {

constexpr std::array kTimes{1.0, 10.0, 100.0};

MeanFieldProblem golden() {
  MeanFieldProblem problem;
  problem.spectrum = Vector{{1.0, 0.4, 0.1, 0.03}};
  problem.penalty = 0.05;
  return problem;
}

TEST(Predict, FlowReproducesTabulatedGains) {
  const Trajectory path = predict(golden(), Predictor::Flow, kTimes);
  const Matrix u{{.238845272295, .07872591159, .044021644851, .038386422971},
                 {1.899999504993, 1.684339471804, .101738646441, .026550209684},
                 {1.9, 1.75, .9989115876180, 7.116665965059e-4}};
  // 12-digit independent values.
  EXPECT_LT(((path.scale - u).array() / u.array()).abs().maxCoeff(), 1e-10);
  EXPECT_EQ(path.gain, 0.5 * path.scale);
  EXPECT_EQ(path.loss[1], loss(golden().spectrum, path.gain.row(1).transpose()));
  EXPECT_EQ(path.status, SolveStatus::Converged);
}

TEST(Predict, RecursionReproducesTabulatedGains) {
  const Trajectory path = predict(golden(), Predictor::Recursion, kTimes);
  const Vector u{{1.899999882433, 1.687464133243, .101556251815, .026538564151}};
  EXPECT_LT(((path.scale.row(1).transpose() - u).array() / u.array()).abs().maxCoeff(), 1e-10);
}

TEST(Predict, MatrixFromAFrameEqualsTheRecursion) {
  const Trajectory matrix = predict(golden(), Predictor::Matrix, kTimes);
  const Trajectory scalar = predict(golden(), Predictor::Recursion, kTimes);
  EXPECT_LT((matrix.gain - scalar.gain).cwiseAbs().maxCoeff(), 1e-12);  // rounding, 1000 steps
  EXPECT_LT((matrix.loss - scalar.loss).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Predict, FlowMeansNormConcentratedForBoundedActivations) {
  MeanFieldProblem problem = golden();
  problem.activation = model::Erf{};
  const Trajectory flow = predict(problem, Predictor::Flow, kTimes);
  EXPECT_EQ(flow.gain, predict(problem, Predictor::L2, kTimes).gain);
  const Vector u{{2.1053336, 1.6797033, .0832849, .0249375}};  // 7 digits given
  EXPECT_LT(((flow.scale.row(1).transpose() - u).array() / u.array()).abs().maxCoeff(), 2.5e-6);
}

TEST(Predict, SmallStepsApproachTheFlow) {
  MeanFieldProblem problem = golden();
  problem.activation = model::Tanh{};
  problem.step = 1e-3;
  const Trajectory steps = predict(problem, Predictor::Recursion, kTimes);
  const Trajectory flow = predict(problem, Predictor::Flow, kTimes);
  // Euler: η times rates of order 1 on a growth by e^{2t}.
  EXPECT_LT((steps.gain - flow.gain).cwiseAbs().maxCoeff(), 5e-3);
}

TEST(Predict, MomentumSpeedsTheFlowUp) {
  MeanFieldProblem problem = golden();
  problem.momentum = 0.5;
  const std::array later{2.0, 20.0, 200.0};
  const Trajectory fast = predict(problem, Predictor::Flow, kTimes);
  EXPECT_EQ(fast.gain, predict(golden(), Predictor::Flow, later).gain);
  // Half times shrink alike.
  const double half = summarize(golden(), 10.0).half_time[0].value();
  EXPECT_NEAR(summarize(problem, 10.0).half_time[0].value(), 0.5 * half, 1e-15);
}

TEST(Predict, NormLawNeedsSamplesAndUsesThem) {
  MeanFieldProblem problem = golden();
  problem.activation = model::Erf{};
  EXPECT_THROW((void)predict(problem, Predictor::L2Plus, kTimes), InvalidArgument);
  Matrix X(500, 4);
  RandomStream(2, "samples").fill_normal(0, {X.data(), static_cast<std::size_t>(X.size())});
  X = X * problem.spectrum.cwiseSqrt().asDiagonal();
  const Trajectory plus = predict(problem, Predictor::L2Plus, kTimes, &X);
  const Trajectory concentrated = predict(problem, Predictor::L2, kTimes);
  EXPECT_EQ(plus.status, SolveStatus::Converged);
  // d_eff = 2: the two differ by order 0.5/d_eff of L0 = 0.77, and not at all would be a bug.
  const double gap = (plus.loss - concentrated.loss).cwiseAbs().maxCoeff();
  EXPECT_GT(gap, 1e-3);
  EXPECT_LT(gap, 0.4);
  // The loss on test data is Σ_j (their variance/that of the samples) of the loss by direction: on
  // a multiple of the samples' variances, that multiple.
  const Vector own = X.array().square().colwise().mean();
  const Vector triple = 3.0 * own;
  const Trajectory on_own = predict(problem, Predictor::L2Plus, kTimes, &X, &own);
  const Trajectory on_triple = predict(problem, Predictor::L2Plus, kTimes, &X, &triple);
  EXPECT_LT((on_triple.loss - 3.0 * on_own.loss).cwiseAbs().maxCoeff(), 1e-14);  // rounding
}

TEST(Predict, WidthBracketHoldsTheLimitAtItsLowEnd) {
  MeanFieldProblem problem = golden();
  problem.neurons = 200;
  for (const Predictor predictor : {Predictor::Flow, Predictor::Recursion}) {
    const Trajectory path = predict(problem, predictor, kTimes);
    EXPECT_EQ(path.loss_low, path.loss);
    EXPECT_GT((path.loss_high - path.loss_low).minCoeff(), 0.0);
    // To first order in 1/N the excess is φ trA tr(AS)/(2N) plus the shift of the optimum,
    // which is smaller by the ratio of loss to gain; a factor 3 covers it.
    const Vector a = path.gain.row(2).transpose();
    const double first = width_excess(model::Relu{}, a.sum(), a.dot(problem.spectrum), 200);
    EXPECT_LT(path.loss_high[2] - path.loss_low[2], 3 * first);
  }
  problem.init = "paired";
  const Trajectory paired = predict(problem, Predictor::Flow, kTimes);
  EXPECT_EQ(paired.loss_high, paired.loss_low);
}

TEST(Predict, TestSpectrumEntersTheLossOnly) {
  const Vector test{{0.9, 0.5, 0.2, 0.1}};
  const Trajectory path = predict(golden(), Predictor::Flow, kTimes, nullptr, &test);
  EXPECT_EQ(path.loss[1], loss(test, path.gain.row(1).transpose()));
}

TEST(Predict, StepAboveTheLimitIsReportedNotHidden) {
  MeanFieldProblem problem = golden();
  problem.step = 30.0;
  const std::array times{0.0, 3000.0};
  EXPECT_EQ(predict(problem, Predictor::Recursion, times).status, SolveStatus::NonFinite);
}

template <typename Change>
void expect_refused(Change&& change, const char* text) {
  MeanFieldProblem problem = golden();
  change(problem);
  try {
    (void)predict(problem, Predictor::Flow, kTimes);
    FAIL() << "accepted: " << text;
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr(text));
  }
}

TEST(Predict, RejectsBadInputNamingTheValue) {
  expect_refused([](auto& p) { p.spectrum[1] = -0.5; }, "spectrum[1] must be >= 0, got -0.5");
  expect_refused([](auto& p) { p.spectrum[2] = NAN; }, "spectrum[2] is not finite");
  expect_refused([](auto& p) { p.spectrum.setZero(); }, "all zero");
  expect_refused([](auto& p) { p.penalty = -1; }, "penalty must be finite and >= 0, got -1");
  expect_refused([](auto& p) { p.step = 0; }, "step must be finite and > 0, got 0");
  expect_refused([](auto& p) { p.init_scale = 0; }, "init_scale must be finite and > 0, got 0");
  expect_refused([](auto& p) { p.momentum = 1.5; }, "momentum must be in [0, 1), got 1.5");
  expect_refused([](auto& p) { p.init = "odd"; }, "got \"odd\"");
  expect_refused(
      [](auto& p) {
        p.init = "paired";
        p.neurons = 7;
      },
      "got 7");
  expect_refused(
      [](auto& p) {
        p.init = "balanced";
        p.neurons = 12;
      },
      "multiple of 2d = 8, got 12");
  expect_refused([](auto& p) { p.activation = model::Sign{}; }, "sign");
  const std::array unsorted{2.0, 1.0}, negative{-1.0, 1.0};
  EXPECT_THROW((void)predict(golden(), Predictor::Flow, unsorted), InvalidArgument);
  EXPECT_THROW((void)predict(golden(), Predictor::Flow, negative), InvalidArgument);
  MeanFieldProblem bounded = golden();
  bounded.activation = model::Erf{};
  EXPECT_THROW((void)predict(bounded, Predictor::Matrix, kTimes), InvalidArgument);
}

TEST(PredictorNames, ReadBack) {
  for (const auto predictor : {Predictor::Flow, Predictor::Recursion, Predictor::L2,
                               Predictor::L2Plus, Predictor::Matrix}) {
    EXPECT_EQ(parse_predictor(predictor_name(predictor)), predictor);
  }
  EXPECT_EQ(parse_predictor("l2+"), Predictor::L2Plus);
  EXPECT_THROW((void)parse_predictor("L3"), InvalidArgument);
}

TEST(Summary, ReportsLimitsHalfTimesAndStatus) {
  MeanFieldProblem problem = golden();
  problem.spectrum = Vector{{1.0, 0.4, 0.1, 0.03, 0.0}};
  const Summary summary = summarize(problem, 10.0);
  EXPECT_EQ(summary.learned, 3);
  EXPECT_NEAR(summary.half_time[2].value(), 31.780538303479, 1e-9);
  EXPECT_FALSE(summary.half_time[3].has_value());
  EXPECT_THAT(summary.status,
              testing::ElementsAre(ComponentStatus::Learned, ComponentStatus::Learned,
                                   ComponentStatus::Partial, ComponentStatus::Suppressed,
                                   ComponentStatus::Null));
  const FlowProblem flow{problem.spectrum, 0.5, 0.05, 0.2};
  EXPECT_EQ(summary.gain_limit, gain_limit(flow));
  EXPECT_NEAR(summary.effective_rank, 0.5 * closed_form_scale(flow, 10.0).sum(), 1e-15);
  EXPECT_NEAR(summary.initial_loss, 0.5 * 1.53, 1e-15);
  const Summary forever = summarize(problem, std::numeric_limits<double>::infinity());
  EXPECT_EQ(forever.gain_at_stop, forever.gain_limit);
}

TEST(Summary, HalfTimesOfABoundedActivationAreFirstPassages) {
  MeanFieldProblem problem = golden();
  problem.activation = model::Erf{};
  const Summary summary = summarize(problem, 50.0);
  const FixedPoint point = fixed_point(problem.spectrum, model::Erf{}, 0.05);
  ASSERT_TRUE(summary.half_time[0].has_value());
  for (Index j = 0; j < 4; ++j) {
    const auto time = summary.half_time[static_cast<std::size_t>(j)];
    if (!time) continue;
    NormConcentrated flow({problem.spectrum, model::Erf{}, 0.05, 0.2});
    ASSERT_EQ(flow.advance_to(*time), SolveStatus::Converged);
    // Interpolation of ln u between two steps: rate² h²/8 with 2 % steps.
    EXPECT_NEAR(flow.scale()[j] / (0.5 * point.scale[j]), 1.0, 1e-3);
  }
  EXPECT_EQ(summary.gain_limit, point.gain);
}

TEST(Summary, NullDirectionOfABoundedActivationKeepsItsStart) {
  MeanFieldProblem problem = golden();
  problem.activation = model::Erf{};
  problem.spectrum = Vector{{1.0, 0.5, 0.0}};
  problem.penalty = 0.0;
  const Summary summary = summarize(problem, 300.0);
  EXPECT_EQ(summary.learned, 2);
  EXPECT_NEAR(summary.gain_at_stop[2], summary.gain_limit[2], 1e-6);  // q has converged by then
  EXPECT_EQ(summary.status[2], ComponentStatus::Null);
}

}  // namespace
}  // namespace twofold::theory
