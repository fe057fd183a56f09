// Joint steps in split_bf16, against the same steps in double.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "linalg/random_matrix.hpp"
#include "ops/joint_step_run.hpp"

namespace twofold::ops {
namespace {

// Normal samples of norm about 1 and weights of size 1; X̂ is about a tenth of X.
Problem<float> random_problem(const Shape& shape) {
  Problem<float> p;
  const auto d = static_cast<float>(shape.d), neurons = static_cast<float>(shape.neurons);
  p.X = test::random_matrix<float>(shape.samples, shape.d, "samples") / std::sqrt(d);
  p.weights.encoder = test::random_matrix<float>(shape.neurons, shape.d, "encoder");
  if (!shape.tied) {
    p.weights.decoder = test::random_matrix<float>(shape.neurons, shape.d, "decoder");
  }
  p.weights.scale = 0.1F / (shape.tied ? neurons : std::sqrt(d * neurons));
  return p;
}

// ‖move - exact move‖/‖exact move‖ of a factor; 0 where neither moves.
double error_of_move(const MatrixF& got, const Matrix& exact, const MatrixF& from) {
  const Matrix start = from.cast<double>();
  const double moved = (exact - start).norm(), wrong = (got.cast<double>() - exact).norm();
  return wrong == 0 ? 0 : wrong / moved;
}

void expect_gradients(const Shape& shape, TrainedFactors trained, double most) {
  const Problem<float> p = random_problem(shape);
  // So long that what is left of the weights, and their rounding, does not count.
  constexpr float kLong = 1e7F;
  const auto got = advance<float>(p, trained, FloatProducts::SplitBf16, {kLong, kLong}, 2, 1);
  const auto exact =
      advance<double>(in_double(p), trained, FloatProducts::Float, {kLong, kLong}, 2, 1);
  const std::string what = "n=" + std::to_string(shape.samples) + " d=" + std::to_string(shape.d) +
                           " N=" + std::to_string(shape.neurons) + (shape.tied ? " tied" : "") +
                           " trained=" + std::to_string(static_cast<int>(trained));
  EXPECT_LE(error_of_move(got.weights.encoder, exact.weights.encoder, p.weights.encoder), most)
      << what;
  if (!shape.tied) {
    EXPECT_LE(error_of_move(got.weights.decoder, exact.weights.decoder, p.weights.decoder), most)
        << what;
  }
  EXPECT_NEAR(got.losses[0], exact.losses[0], most * exact.losses[0]) << what;
}

// What is promised of gradients: rounding errors of 2^-17 in the mean square, two or three products
// in a row. Where few terms add up they may be the largest there are, 3 * 2^-16 a product.
constexpr double kPromised = 2e-5, kLargest = 9 * 0x1p-16;

TEST(JointStepSplit, HasTheGradientsOfDoubleForAllSizes) {
  const std::vector<Index> sizes = {1, 3, 7, 15, 16, 17, 31, 32, 33};
  std::size_t next = 0;
  for (const Index n : sizes) {
    for (const Index d : sizes) {
      for (const Index neurons : sizes) {
        const Mode mode = kModes[next++ % kModes.size()];
        expect_gradients({n, d, neurons, mode.tied}, mode.trained,
                         std::min({n, d, neurons}) < 15 ? kLargest : kPromised);
      }
    }
  }
}

// Blocks are of 128 neurons here, bands of 128 samples; 1030 samples are two chunks, and so are 600
// in dimension 3072.
TEST(JointStepSplit, HasTheGradientsOfDoubleAcrossBlocksBandsAndChunks) {
  for (const Mode mode : kModes) {
    for (const Index neurons : {127, 128, 129, 2500}) {
      expect_gradients({50, 40, neurons, mode.tied}, mode.trained, kPromised);
    }
    for (const Index n : {127, 128, 129, 1030}) {
      expect_gradients({n, 40, 70, mode.tied}, mode.trained, kPromised);
    }
    expect_gradients({300, 300, 300, mode.tied}, mode.trained, kPromised);
  }
  expect_gradients({600, 3072, 40, false}, TrainedFactors::Both, kPromised);
}

TEST(JointStepSplit, StaysOnTheLossCurveOfFloat) {
  const Problem<float> p = random_problem({40, 24, 600, false});
  const auto curve = [&](FloatProducts products) {
    return advance<float>(p, TrainedFactors::Both, products, {6, 6}, 2, 300).losses;
  };
  const auto expected = curve(FloatProducts::Float), got = curve(FloatProducts::SplitBf16);
  ASSERT_LT(expected.back(), 0.1 * expected.front());  // else it shows little
  for (std::size_t k = 0; k < expected.size(); ++k) {
    // What is promised of whole runs.
    EXPECT_NEAR(got[k], expected[k], 1e-4 * expected[k]) << k;
  }
}

TEST(JointStepSplit, SaysWhatComputes) {
  const Problem<float> p = random_problem({5, 4, 6, false});
  EXPECT_THAT(JointStep<float>(p.X, 6, TrainedFactors::Both, FloatProducts::SplitBf16).arithmetic(),
              testing::AllOf(testing::StartsWith("split_bf16 ("), testing::EndsWith(")")));
}

}  // namespace
}  // namespace twofold::ops
