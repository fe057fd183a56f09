// Non-negative codes: step edge, bias floor and its schedule, jump gates.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "train/dictionary_problem.hpp"

namespace twofold::train {
namespace {

constexpr double kSparsity = 3, kKappa1 = 1.5, kKappa2 = 7.0 / 3;

// (m/k)/(κ₂ + (k − 1)κ₁²): the rate of the stiffest direction, in which all atoms move together.
double step_unit(Index m) {
  return static_cast<double>(m) / kSparsity / (kKappa2 + (kSparsity - 1) * kKappa1 * kKappa1);
}

DictionaryDescentOptions descent(Index m, double step, std::int64_t iterations) {
  DictionaryDescentOptions options;
  options.gate = {.activation = model::Relu{}};
  options.step = step;
  options.step_unit = step_unit(m);
  options.iterations = iterations;
  return options;
}

class NonnegativeDescent : public testing::Test {
 protected:
  ThreadPool pool_{2};
};

// Below twice the unit an error of 0.05² a column dies out at 0.5 an iteration or faster (0.8² at
// 1.8); above it grows until it is no longer small.
TEST_F(NonnegativeDescent, IsStableBelowTwiceTheStepUnit) {
  const auto model = nonnegative("orthonormal", 64, 128, 1);
  const Matrix X = samples(model, 4000, 1);
  const auto support = true_support(model, 4000, 1);
  const Matrix start = near_start(model.atoms, 0.05, 1);
  const auto error = [&](double step) {
    const auto run = descend(X, start, descent(64, step, 60), pool_, &support);
    return squared_error(run.atoms, model.atoms);
  };
  const double at_start = squared_error(start, model.atoms);
  // Rounding of 64 rows.
  EXPECT_LT(error(1.5), 1e-25);
  EXPECT_LT(error(1.8), 1e-3 * at_start);
  EXPECT_GT(error(2.2), 10 * at_start);
}

// v of the bias: the cosine that every atom has with every other unit, and the error it makes, with
// that of the samples. First order in b: 12 % of v and 20 % of the error for |b| <= 0.1.
TEST_F(NonnegativeDescent, KeepsTheFloorOfItsBias) {
  constexpr Index m = 64;
  constexpr Index kCount = 64'000;
  const auto model = nonnegative("orthonormal", m, m, 1);
  const Matrix X = samples(model, kCount, 1);
  const double q = (kSparsity - 1) / (m - 1);
  for (const double beta : {0.05, 0.1}) {
    auto options = descent(m, 1.2, 24);
    options.gate.bias = -beta;
    const auto run = descend(X, near_start(model.atoms, 0.2, 1), options, pool_);
    const double stiff = (1 - q) * (kKappa2 + (kSparsity - 1) * kKappa1 * kKappa1) +
                         4 * q * (kKappa2 + (kSparsity - 2) * kKappa1 * kKappa1);
    const double v = q * (2 * beta * kKappa1 - beta * beta) / stiff;
    const Matrix cosine = model.atoms * run.atoms.transpose();
    const double mean = (cosine.sum() - cosine.trace()) / (m * (m - 1));
    EXPECT_NEAR(mean / v, 1, 0.12) << beta;

    const double sampling = m * (m / (kCount * kSparsity)) * (kSparsity - 1) *
                            (2 * kKappa2 + 2 * kKappa1 * kKappa1) * beta * beta /
                            std::pow((1 + q) * kKappa2, 2);
    const double law = m * (m - 1) * v * v + sampling;
    EXPECT_NEAR(squared_error(run.atoms, model.atoms) / law, 1, 0.2) << beta;
  }
}

// On orthonormal atoms nothing stops the bias from shrinking: the floor goes with its square, to
// 0.02²/0.5² = 1/600 of that of the constant bias; 100 leaves room.
TEST_F(NonnegativeDescent, LosesTheFloorWithAShrinkingBias) {
  const auto model = nonnegative("orthonormal", 64, 64, 1);
  const Matrix X = samples(model, 8000, 1);
  const Matrix start = near_start(model.atoms, 0.3, 1);
  auto options = descent(64, 1, 60);
  options.gate.bias = -0.5;
  const double constant = squared_error(descend(X, start, options, pool_).atoms, model.atoms);
  options.bias_shrink = 1.1;
  options.bias_floor = 0.02;
  const auto run = descend(X, start, options, pool_);
  EXPECT_LT(squared_error(run.atoms, model.atoms), constant / 100);
  EXPECT_EQ(run.gate.bias, -0.02);
}

// Random atoms: units that should be off read √(kκ₂/d) = 0.132. A bias of about twice that is
// best, much less lets them fire and destroys the run. A jump needs no bias: half the error at
// most.
TEST_F(NonnegativeDescent, ShrinksTheBiasToTheCrossTalkAndJumpsWithout) {
  const auto model = nonnegative("random", 100, 400, 1);
  const Matrix X = samples(model, 4000, 1);
  const Matrix start = near_start(model.atoms, 0.3, 1);
  const auto error = [&](double shrink, double floor) {
    auto options = descent(100, 1, 25);
    options.gate.bias = -0.5;
    options.bias_shrink = shrink;
    options.bias_floor = floor;
    return squared_error(descend(X, start, options, pool_).atoms, model.atoms);
  };
  const double twice = error(1.1, 0.264), constant = error(1, 0), once = error(1.1, 0.1);
  EXPECT_LT(twice, constant);
  EXPECT_LT(twice, once);
  EXPECT_GT(error(1.3, 0.02), 5);

  auto options = descent(100, 1, 25);
  options.gate.activation = model::JumpRelu{.threshold = 0.5};
  EXPECT_LT(squared_error(descend(X, start, options, pool_).atoms, model.atoms), twice / 2);
  options.gradient = ops::TiedGradient::DecoderOnly;
  EXPECT_LT(squared_error(descend(X, start, options, pool_).atoms, model.atoms), twice / 2);
}

}  // namespace
}  // namespace twofold::train
