#include "twofold/train/sgd.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "train/problem.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::train {
namespace {

using model::Initialization;

Matrix iid_neurons(Index neurons, Index d) {
  return model::initial_neurons(Initialization::Iid, neurons, d, 0.4, 2);
}

// The standard net x̂ = Pᵀσ(Px) with weight decay is the mean-field one at w = √N P, for an
// activation with σ(su) = s σ(u), s > 0.
TEST(Sgd, IsTheStandardParametrisationForHomogeneousActivations) {
  constexpr Index d = 6, neurons = 10;
  constexpr double step = 0.05, decay = 0.1;
  const Matrix X = skewed_samples(20, d, 1);
  const Matrix start = iid_neurons(neurons, d);
  const double root = std::sqrt(static_cast<double>(neurons));
  for (const model::Activation& activation :
       {model::Activation(model::Relu{}), model::Activation(model::LeakyRelu{0.2})}) {
    model::Weights<double> standard;
    standard.encoder = start / root;
    model::Weights<double> gradient = model::zeros_like(standard);
    for (int k = 0; k < 60; ++k) {
      (void)ops::reference::loss_gradient<double>(X, standard, activation, gradient);
      const Matrix P = standard.encoder;
      standard.encoder = P - step * (gradient.encoder + decay * P);
    }
    ThreadPool pool(1);
    const auto run =
        gradient_descent<double>(X, mean_field_weights<double>(start), activation,
                                 {.step = step, .penalty = decay, .steps = 60}, {}, pool);
    // Rounding of 60 steps, a few 1e-16 each.
    EXPECT_LE((run.weights.encoder - root * standard.encoder).cwiseAbs().maxCoeff(), 1e-13);
  }
}

// Heavy ball, penalty and schedule together, against the update written out with the reference op.
TEST(Sgd, UpdatesAsDocumented) {
  constexpr Index d = 5, neurons = 7, steps = 40;
  const Matrix X = skewed_samples(12, d, 4);
  const model::Activation activation = model::Tanh{};
  SgdOptions options;
  options.step = 0.08;
  options.momentum = 0.7;
  options.penalty = 0.05;
  options.steps = steps;
  options.schedule = {.schedule = "cosine", .warmup = 5, .final_factor = 0.1};
  const Schedule schedule(options.schedule, options.step, steps);

  model::Weights<double> weights = mean_field_weights<double>(iid_neurons(neurons, d));
  model::Weights<double> gradient = model::zeros_like(weights);
  Matrix V = Matrix::Zero(neurons, d);
  for (Index k = 0; k < steps; ++k) {
    (void)ops::reference::loss_gradient<double>(X, weights, activation, gradient);
    const Matrix G = neurons * gradient.encoder + 0.05 * weights.encoder;
    V = 0.7 * V - schedule.at(k) * G;
    weights.encoder += V;
  }
  ThreadPool pool(2);
  const auto run = gradient_descent<double>(X, mean_field_weights<double>(iid_neurons(neurons, d)),
                                            activation, options, {}, pool);
  EXPECT_EQ(run.steps, steps);
  // Rounding of 40 steps: the op adds up in another order than its reference.
  EXPECT_LE((run.weights.encoder - weights.encoder).cwiseAbs().maxCoeff(), 1e-13);
}

template <typename Scalar>
MatrixOf<Scalar> trained(int threads) {
  // 150 neurons are three blocks of the update, the last one short.
  const data::ArraySource<Scalar> source(skewed_samples(40, 11, 6).cast<Scalar>());
  const data::BatchSampler sampler(
      source, {.batch = 6, .mirrored = true, .random_signs = true, .order = "shuffle"}, 8);
  ThreadPool pool(threads);
  const SgdOptions options{.step = 0.05, .momentum = 0.5, .penalty = 0.01, .steps = 50};
  const auto run = sgd<Scalar>(sampler, mean_field_weights<Scalar>(iid_neurons(150, 11)),
                               model::Silu{}, options, {}, pool);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  return run.weights.encoder;
}

TEST(Sgd, GivesTheSameBitsForAnyPoolSize) {
  for (const int threads : {2, 3, 8}) {
    EXPECT_TRUE(same_bits(trained<double>(threads), trained<double>(1))) << threads;
    EXPECT_TRUE(same_bits(trained<float>(threads), trained<float>(1))) << threads;
  }
}

TEST(Sgd, FloatAgreesWithDouble) {
  // 50 steps, each with a relative rounding error of a few 6e-8; weights are at most about 1.
  EXPECT_LE((trained<float>(1).cast<double>() - trained<double>(1)).cwiseAbs().maxCoeff(), 1e-4);
}

TEST(Sgd, RecordsBeforeTheUpdateOfTheStepAndAtTheEnd) {
  const Matrix X = skewed_samples(10, 4, 1);
  const model::Weights<double> start = mean_field_weights<double>(iid_neurons(6, 4));
  std::vector<std::int64_t> records;
  std::vector<std::int64_t> steps;
  MatrixOf<double> last;
  SgdHooks<double> hooks;
  hooks.on_record = [&](std::int64_t k, const model::Weights<double>& weights, double loss) {
    records.push_back(k);
    last = weights.encoder;
    if (k == 0) {
      EXPECT_TRUE(same_bits(weights.encoder, start.encoder));
    }
    // Two ways of adding up forty squares.
    EXPECT_NEAR(loss, ops::reference::loss<double>(X, weights, model::Relu{}), 1e-14);
  };
  hooks.on_step = [&](std::int64_t k, const model::Weights<double>&) { steps.push_back(k); };
  ThreadPool pool(1);
  SgdOptions options;
  options.steps = 5;
  options.record_steps = {0, 2, 5};
  const auto run = gradient_descent<double>(X, start, model::Relu{}, options, hooks, pool);
  EXPECT_THAT(records, testing::ElementsAre(0, 2, 5));
  EXPECT_THAT(steps, testing::ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(same_bits(last, run.weights.encoder));
}

TEST(Sgd, WithoutStepsIsTheStart) {
  const model::Weights<double> start = mean_field_weights<double>(iid_neurons(6, 4));
  ThreadPool pool(1);
  const auto run = gradient_descent<double>(skewed_samples(10, 4, 1), start, model::Relu{},
                                            {.steps = 0}, {}, pool);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  EXPECT_TRUE(same_bits(run.weights.encoder, start.encoder));
}

// Balanced frame, full batch {x, -x} of variance 1 in each direction, σ(u) = u: the recursion is
// r <- r (1 + 2η(1 - r²)), whose slope at the fixed point r = 1 is 1 - 4η: stable up to η = 1/2.
TEST(Sgd, StopsWithAStatusAboveTheStepLimit) {
  constexpr Index d = 4;
  const Matrix X = mirrored(2.0 * Matrix::Identity(d, d));  // XᵀX/n = I
  const Matrix start = model::initial_neurons(Initialization::Balanced, 2 * d, d, 0.3, 1);
  ThreadPool pool(1);
  const auto with_step = [&](double step, double limit) {
    return gradient_descent<double>(X, mean_field_weights<double>(start), model::Identity{},
                                    {.step = step, .steps = 2000, .divergence_limit = limit}, {},
                                    pool);
  };
  EXPECT_EQ(with_step(0.4, 1e6).status, SgdStatus::Finished);

  const auto diverged = with_step(3.0, 1e6);
  EXPECT_EQ(diverged.status, SgdStatus::Diverged);
  EXPECT_GT(diverged.steps, 0);
  EXPECT_LT(diverged.steps, 100);
  EXPECT_TRUE(std::isfinite(diverged.loss));
  EXPECT_TRUE(diverged.weights.encoder.allFinite());

  const auto infinite = with_step(3.0, std::numeric_limits<double>::infinity());
  EXPECT_EQ(infinite.status, SgdStatus::NonFinite);
  EXPECT_GE(infinite.steps, diverged.steps);
}

TEST(Sgd, StopsAtOnceOnDataThatAreNotFinite) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Matrix X = skewed_samples(10, 4, 1);
    X(3, 2) = bad;
    const model::Weights<double> start = mean_field_weights<double>(iid_neurons(6, 4));
    ThreadPool pool(2);
    const auto run = gradient_descent<double>(X, start, model::Relu{}, {.steps = 10}, {}, pool);
    EXPECT_EQ(run.status, SgdStatus::NonFinite);
    EXPECT_EQ(run.steps, 0);
    EXPECT_TRUE(same_bits(run.weights.encoder, start.encoder));
  }
}

TEST(Sgd, SeesALastStepThatFailed) {
  ThreadPool pool(1);
  const auto run = gradient_descent<double>(skewed_samples(10, 4, 1),
                                            mean_field_weights<double>(iid_neurons(6, 4)),
                                            model::Relu{}, {.step = 1e8, .steps = 1}, {}, pool);
  EXPECT_EQ(run.status, SgdStatus::Diverged);
  EXPECT_EQ(run.steps, 1);
}

class RefusesTest : public testing::Test {
 protected:
  void expect_refused(const std::function<void(SgdOptions&, model::Weights<double>&)>& spoil,
                      std::string_view word) {
    SgdOptions options{.steps = 10};
    model::Weights<double> start = mean_field_weights<double>(iid_neurons(6, 4));
    spoil(options, start);
    ThreadPool pool(1);
    try {
      (void)gradient_descent<double>(skewed_samples(10, 4, 1), start, model::Relu{}, options, {},
                                     pool);
      FAIL() << "accepted bad " << word;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(word)));
    }
  }
};

TEST_F(RefusesTest, WhatIsOutsideTheDomain) {
  using W = model::Weights<double>;
  expect_refused([](SgdOptions& o, W&) { o.step = -0.1; }, "step");
  expect_refused([](SgdOptions& o, W&) { o.steps = -1; }, "steps");
  expect_refused([](SgdOptions& o, W&) { o.momentum = 1.0; }, "momentum");
  expect_refused([](SgdOptions& o, W&) { o.penalty = -1e-3; }, "penalty");
  expect_refused([](SgdOptions& o, W&) { o.divergence_limit = 0.5; }, "divergence_limit");
  expect_refused([](SgdOptions& o, W&) { o.record_steps = {3, 3}; }, "increasing");
  expect_refused([](SgdOptions& o, W&) { o.record_steps = {11}; }, "[0, 10]");
  expect_refused([](SgdOptions&, W& w) { w.scale = 1; }, "scale");
  expect_refused([](SgdOptions&, W& w) { w.decoder = w.encoder; }, "tied");
  expect_refused([](SgdOptions&, W& w) { w.bias = Vector::Zero(6); }, "bias");
  expect_refused([](SgdOptions&, W& w) { w.encoder = Matrix::Ones(6, 5); }, "dimension");
}

}  // namespace
}  // namespace twofold::train
