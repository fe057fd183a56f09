#include "twofold/ops/joint_step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "ops/joint_step_run.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::ops {
namespace {

using model::Weights;

const std::vector<TrainedFactors> kAll = {TrainedFactors::Encoder, TrainedFactors::Decoder,
                                          TrainedFactors::Both};

// The same by the reference: its loss is the mean over the samples, this one the sum.
template <typename Scalar>
Run<Scalar> reference_advance(const Problem<Scalar>& p, TrainedFactors trained,
                              FactorSteps<Scalar> steps, int count) {
  const model::Activation relu = model::Relu{};
  const auto n = static_cast<Scalar>(p.X.rows());
  Run<Scalar> run{p.weights, {}, MatrixOf<Scalar>(p.X.rows(), p.X.cols())};
  const auto add_loss = [&] {
    run.losses.push_back(static_cast<double>(n) * reference::loss(p.X, run.weights, relu));
  };
  add_loss();
  Weights<Scalar> gradient = zeros_like(p.weights);
  for (int k = 0; k < count; ++k) {
    (void)reference::loss_gradient<Scalar>(p.X, run.weights, relu, gradient);
    if (trained != TrainedFactors::Decoder) {
      run.weights.encoder -= steps.encoder * n * gradient.encoder;
    }
    if (trained != TrainedFactors::Encoder && !p.weights.tied()) {
      run.weights.decoder -= steps.decoder * n * gradient.decoder;
    }
    add_loss();
  }
  reference::reconstruct<Scalar>(p.X, run.weights, relu, run.residual);
  run.residual = p.X - run.residual;
  return run;
}

// Entries are at most 1 and scale is 1/N: |z|, |h|, |x̂| <= d, |e| <= 1 + d, and one step moves a
// weight by at most η n d(1 + d)/N. Rounding of sums of K terms is about √K ε times their bound;
// the factor 16 covers three such sums in a row.
template <typename Scalar>
void expect_near(const Run<Scalar>& run, const Run<Scalar>& expected, const Problem<Scalar>& p,
                 double step, const std::string& what) {
  const auto n = static_cast<double>(p.X.rows()), d = static_cast<double>(p.X.cols());
  const auto neurons = static_cast<double>(p.weights.neurons());
  const double unit = 16 * static_cast<double>(std::numeric_limits<Scalar>::epsilon()) *
                      std::sqrt(std::max({n, d, neurons}));
  const double weights = unit * (1 + step * n * d * (1 + d) / neurons);
  const auto difference = [](const MatrixOf<Scalar>& a, const MatrixOf<Scalar>& b) {
    return a.size() == 0 ? 0.0 : static_cast<double>((a - b).cwiseAbs().maxCoeff());
  };
  EXPECT_LE(difference(run.weights.encoder, expected.weights.encoder), weights) << what;
  EXPECT_LE(difference(run.weights.decoder, expected.weights.decoder), weights) << what;
  EXPECT_NEAR(run.losses.front(), expected.losses.front(), unit * n * d * (1 + d) * (1 + d))
      << what;
  // The next forward pass sees weights that are off by `weights`.
  EXPECT_LE(difference(run.residual, expected.residual), 4 * d * d * (unit + weights)) << what;
  EXPECT_NEAR(run.losses.back(), expected.losses.back(), 8 * n * d * d * d * d * (unit + weights))
      << what;
}

template <typename Scalar>
void expect_reference(const Shape& shape, TrainedFactors trained, int count = 1) {
  const Problem<Scalar> p = grid_problem<Scalar>(shape);
  const auto step = static_cast<Scalar>(0.3 / static_cast<double>(shape.samples * shape.d));
  const FactorSteps<Scalar> steps{step, shape.tied ? step : 2 * step};
  expect_near(advance(p, trained, FloatProducts::Float, steps, 2, count),
              reference_advance(p, trained, steps, count), p, 2 * static_cast<double>(step),
              "n=" + std::to_string(shape.samples) + " d=" + std::to_string(shape.d) +
                  " N=" + std::to_string(shape.neurons) + (shape.tied ? " tied" : "") +
                  " trained=" + std::to_string(static_cast<int>(trained)));
}

TEST(JointStep, IsTheReferenceForAllShapesAndModes) {
  // Around the blocks of 64 (float) and 256 neurons.
  for (const Index neurons : {1, 3, 7, 63, 64, 65, 255, 256, 257}) {
    for (const Index samples : {1, 3, 7, 63, 64, 65}) {
      for (const Index d : {1, 3, 7, 17}) {
        const TrainedFactors trained = kAll[static_cast<std::size_t>(samples + d) % 3];
        expect_reference<float>({samples, d, neurons, false}, trained);
        expect_reference<double>({samples, d, neurons, false}, TrainedFactors::Both);
        expect_reference<float>({samples, d, neurons, true}, TrainedFactors::Both);
      }
    }
  }
}

TEST(JointStep, IsTheReferenceAroundRegisters) {
  for (const Index size : {15, 16, 17, 31, 32, 33}) {
    for (const TrainedFactors trained : kAll) {
      expect_reference<float>({size, 5, 7, false}, trained);
      expect_reference<float>({5, size, 7, false}, trained);
      expect_reference<float>({7, 5, size, false}, trained);
    }
    expect_reference<float>({size, size, size, true}, TrainedFactors::Both);
    expect_reference<double>({size, size, size, false}, TrainedFactors::Both);
  }
}

TEST(JointStep, IsTheReferenceAcrossBlocksOfNeuronsAndStrips) {
  for (const TrainedFactors trained : kAll) {
    expect_reference<float>({20, 65, 1700, false}, trained);
    expect_reference<double>({20, 9, 4200, false}, trained);
  }
  expect_reference<float>({20, 65, 1700, true}, TrainedFactors::Both);
  expect_reference<double>({20, 9, 4200, true}, TrainedFactors::Both);
}

// 1030 samples are two chunks; so are 600 in dimension 3072.
TEST(JointStep, IsTheReferenceAcrossChunksOfSamples) {
  for (const TrainedFactors trained : kAll) {
    expect_reference<float>({1030, 3, 100, false}, trained);
    expect_reference<double>({1030, 3, 10, false}, trained);
  }
  expect_reference<float>({1030, 3, 100, true}, TrainedFactors::Both);
  expect_reference<double>({1030, 3, 10, true}, TrainedFactors::Both);
  expect_reference<float>({600, 3072, 2, false}, TrainedFactors::Both);
}

TEST(JointStep, GoesOnFromStepToStep) {
  for (const TrainedFactors trained : kAll) {
    expect_reference<double>({9, 5, 300, false}, trained, 4);
  }
  expect_reference<double>({9, 5, 300, true}, TrainedFactors::Both, 4);
}

// Large enough for the work to be shared: 4nNd flops are 10 million.
template <typename Scalar>
void expect_same_bits_for_any_pool(bool tied) {
  const auto p = grid_problem<Scalar>({50, 33, 1700, tied});
  for (const FloatProducts products : all_products<Scalar>()) {
    const auto steps_of = [&](int threads) {
      const FactorSteps<Scalar> steps{Scalar(1e-3), Scalar(2e-3)};
      return advance<Scalar>(p, TrainedFactors::Both, products, steps, threads, 3);
    };
    const auto one = steps_of(1);
    for (const int threads : {2, 3, 8}) EXPECT_TRUE(steps_of(threads) == one) << threads;
  }
}

TEST(JointStep, GivesTheSameBitsForAnyPoolSize) {
  for (const bool tied : {false, true}) {
    expect_same_bits_for_any_pool<float>(tied);
    expect_same_bits_for_any_pool<double>(tied);
  }
}

TEST(JointStep, GivesTheSameBitsAfterAStartAtTheSameWeights) {
  ThreadPool pool(2);
  for (const FloatProducts products : all_products<float>()) {
    for (const Mode mode : kModes) {
      Problem<float> p = grid_problem<float>({1030, 7, 300, mode.tied});
      JointStep<float> first(p.X, 300, mode.trained, products);
      (void)first.start(p.weights, pool);
      const double before = first.advance(p.weights, {1e-4F, 1e-4F}, pool);
      Weights<float> copy = p.weights;
      const double straight = first.advance(p.weights, {1e-4F, 1e-4F}, pool);
      JointStep<float> second(p.X, 300, mode.trained, products);
      EXPECT_EQ(second.start(copy, pool), before);
      EXPECT_EQ(second.advance(copy, {1e-4F, 1e-4F}, pool), straight);
      EXPECT_EQ(copy.encoder, p.weights.encoder);
      EXPECT_EQ(copy.decoder, p.weights.decoder);
    }
  }
}

template <typename Scalar>
void expect_not_finite(const Problem<Scalar>& p, FloatProducts products) {
  for (const double loss :
       advance<Scalar>(p, TrainedFactors::Both, products, {1, 1}, 1, 1).losses) {
    EXPECT_FALSE(std::isfinite(loss));
  }
}

TEST(JointStep, ShowsValuesThatAreNotFiniteInTheLoss) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Problem<float> p = grid_problem<float>({40, 5, 70, false});
    p.X(33, 2) = static_cast<float>(bad);
    for (const FloatProducts products : all_products<float>()) expect_not_finite(p, products);
    Problem<double> q = grid_problem<double>({5, 4, 6, false});
    q.weights.encoder(2, 1) = bad;
    expect_not_finite(q, FloatProducts::Float);
  }
}

TEST(JointStep, SaysWhatComputes) {
  const Problem<float> p = grid_problem<float>({5, 4, 6, false});
  EXPECT_THAT(JointStep<float>(p.X, 6, TrainedFactors::Both).arithmetic(),
              testing::StartsWith("float"));
  EXPECT_EQ(JointStep<double>(p.X.cast<double>(), 6, TrainedFactors::Both).arithmetic(),
            "double (BLAS)");
}

TEST(JointStep, RefusesWhatIsOutsideItsDomain) {
  const auto expect_refused = [](const std::function<void()>& call, const char* word) {
    try {
      call();
      FAIL() << "accepted: " << word;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
  };
  ThreadPool pool(1);
  const Problem<double> p = grid_problem<double>({5, 4, 6, false});
  JointStep<double> step(p.X, 6, TrainedFactors::Encoder);
  expect_refused([&] { JointStep<double>(p.X, 0, TrainedFactors::Both); }, "got 5, 4, 0");
  expect_refused([&] { JointStep<double>(p.X, 6, TrainedFactors::Both, FloatProducts::SplitBf16); },
                 "double");
  expect_refused(
      [&] {
        (void)step.start(grid_problem<double>({5, 4, 7, false}).weights, pool);
      },
      "weights must be 6x4, got 7x4");
  expect_refused(
      [&] {
        (void)step.start(grid_problem<double>({5, 4, 6, true}).weights, pool);
      },
      "tied weights");
  expect_refused(
      [&] {
        (void)step.start(grid_problem<double>({5, 4, 6, false, true}).weights, pool);
      },
      "bias");
}

}  // namespace
}  // namespace twofold::ops
