// What changes along a run of dictionary_descent: step, bias, threshold, and τ under backtracking.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "train/dictionary_problem.hpp"

namespace twofold::train {
namespace {

struct Trace {
  std::vector<double> step, bias, active;
  DictionaryResult<double> result;
};

Trace trace(DictionaryDescentOptions options, const Matrix& X, const Matrix& start) {
  Trace trace;
  for (std::int64_t t = 0; t <= options.iterations + options.polish; ++t) {
    options.record_steps.push_back(t);
  }
  DictionaryHooks<double> hooks;
  hooks.on_record = [&](const DictionaryState<double>& state) {
    trace.step.push_back(state.step);
    trace.bias.push_back(state.bias);
    trace.active.push_back(state.active);
  };
  ThreadPool pool(1);
  trace.result = dictionary_descent<double>(X, start, options, hooks, pool);
  return trace;
}

TEST(DictionarySchedule, StepIsGeometricAndStaysForThePolish) {
  const auto model = sparse("orthonormal", 8, 8, 2, 0, 1);
  DictionaryDescentOptions options;
  options.gate.activation = model::HardThreshold{.lambda = 0.5};
  options.step = 0.8;
  options.last_step = 0.1;
  options.iterations = 4;
  options.polish = 2;
  const auto run = trace(options, samples(model, 50, 1), model.atoms);
  // Halved three times over four iterations; rounding of a power.
  for (std::size_t t = 0; t < 7; ++t) {
    EXPECT_NEAR(run.step[t], std::max(0.8 * std::pow(0.5, static_cast<double>(t)), 0.1), 1e-15);
  }
}

TEST(DictionarySchedule, BiasShrinksAfterEachStepDownToItsFloor) {
  const auto model = nonnegative("orthonormal", 8, 8, 1);
  DictionaryDescentOptions options;
  options.gate = {.activation = model::Relu{}, .bias = -0.8};
  options.bias_shrink = 2;
  options.bias_floor = 0.15;
  options.step = 0.1;
  options.iterations = 4;
  const auto run = trace(options, samples(model, 50, 1), model.atoms);
  const std::vector<double> expected{-0.8, -0.4, -0.2, -0.15, -0.15};
  for (std::size_t t = 0; t < 5; ++t) EXPECT_NEAR(run.bias[t], expected[t], 1e-15) << t;
  EXPECT_EQ(run.result.gate.bias, -0.15);
}

// Orthonormal atoms at the truth, codes of sizes from 1 to 2: as the threshold falls from 4 to 1/4
// nothing fires, then all three.
TEST(DictionarySchedule, ThresholdIsGeometricAndDecidesWhatFires) {
  const auto model = nonnegative("orthonormal", 8, 8, 1);
  DictionaryDescentOptions options;
  options.gate.activation = model::JumpRelu{.threshold = 4};
  options.last_threshold = 0.25;
  options.step = 1e-9;  // a look, not a step
  options.iterations = 5;
  const auto run = trace(options, samples(model, 200, 1), model.atoms);
  // Thresholds 4, 2, 1, 1/2, 1/4. At 1 every code fires, those within 1e-8 of it aside.
  EXPECT_EQ(run.active[0], 0);
  EXPECT_EQ(run.active[1], 0);
  for (std::size_t t = 2; t < 6; ++t) EXPECT_EQ(run.active[t], 3) << t;
  EXPECT_EQ(std::get<model::JumpRelu>(run.result.gate.activation).threshold, 0.25);
}

// From each iteration to the next τ is halved some times and grows by 1.2, but never above τ_0.
TEST(DictionarySchedule, BacktrackingHalvesTheStepAndLetsItGrow) {
  const auto model = sparse("random", 128, 128, 5, 0, 6);
  DictionaryDescentOptions options;
  options.gate.activation = model::HardThreshold{.lambda = 0.5};
  options.step_unit = 128.0 / 5;
  options.backtrack = true;
  options.iterations = 25;
  const auto run = trace(options, samples(model, 1000, 6), near_start(model.atoms, 0.3, 6));
  ASSERT_EQ(run.step.size(), 26U);
  std::int64_t halvings = 0, grown = 0;
  for (std::size_t t = 0; t < 25; ++t) {
    const double now = run.step[t], next = run.step[t + 1];
    std::int64_t h = 0;
    while (std::min(1.2 * now * std::pow(0.5, static_cast<double>(h)), 1.0) > 1.001 * next) ++h;
    // Rounding of one product.
    EXPECT_NEAR(std::min(1.2 * now * std::pow(0.5, static_cast<double>(h)), 1.0), next,
                1e-14 * next)
        << t;
    halvings += h;
    grown += h == 0 && now < 1;
  }
  // A halving that the bound τ_0 hides is not seen here.
  EXPECT_GT(halvings, 0);
  EXPECT_LE(halvings, run.result.rejected);
  EXPECT_GT(grown, 0);
}

// A code of the given support may be negative: x = w/4, b = −1/2 gives c = −1/4, r = w/2 and
// G = w/8, so that ζ = 8 leads to 0. Such a row stays where it was.
TEST(DictionarySchedule, ARowThatWouldVanishStays) {
  Matrix X(1, 2), start(1, 2);
  X << 0.25, 0;
  start << 1, 0;
  const ops::SparseCodes<double> support{.offset = {0, 1}, .index = {0}, .value = {}, .atoms = 1};
  DictionaryDescentOptions options;
  options.gate = {.activation = model::Relu{}, .bias = -0.5};
  options.gradient = ops::TiedGradient::DecoderOnly;
  options.step = 8;
  options.iterations = 1;
  ThreadPool pool(1);
  const auto run = descend(X, start, options, pool, &support);
  EXPECT_EQ(run.iterations, 1);
  EXPECT_EQ(run.atoms, start);
}

}  // namespace
}  // namespace twofold::train
