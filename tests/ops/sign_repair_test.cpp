#include "ops/sign_repair.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "ops/problem.hpp"
#include "twofold/ops/joint_step.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::ops {
namespace {

// Neurons that are all but orthogonal to a sample: the entries cancel to 1e-9 or so, far below the
// rounding of a float sum, and to either side.
Problem<float> nearly_orthogonal(Index samples, Index d, Index neurons) {
  const RandomStream stream(3, "nearly orthogonal");
  Problem<float> p;
  p.X.resize(samples, d);
  p.weights.encoder.resize(neurons, d);
  std::uint64_t at = 0;
  for (float& x : p.X.reshaped()) x = static_cast<float>(stream.normal(at++));
  for (float& b : p.weights.encoder.reshaped()) b = static_cast<float>(stream.normal(at++));
  for (Index r = 0; r < neurons; ++r) {
    auto b = p.weights.encoder.row(r);
    const auto x = p.X.row(r % samples);
    for (int round = 0; round < 2; ++round) {
      const Eigen::RowVectorXd xd = x.cast<double>(), bd = b.cast<double>();
      b = (bd - bd.dot(xd) / xd.squaredNorm() * xd).cast<float>();
    }
  }
  p.weights.decoder = p.weights.encoder;
  p.weights.decoder.array() += 0.5F;
  p.weights.scale = 1.0F / static_cast<float>(neurons);
  return p;
}

TEST(SignRepair, GivesEverySignOfTheExactProduct) {
  const Problem<float> p = nearly_orthogonal(40, 203, 500);
  MatrixF Z = p.weights.encoder * p.X.transpose();
  const Matrix exact = p.weights.encoder.cast<double>() * p.X.cast<double>().transpose();
  const auto wrong = [&] { return ((Z.array() > 0) != (exact.array() > 0)).count(); };
  ASSERT_GT(wrong(), 50);  // else there is nothing to repair
  repair_signs(p.weights.encoder, p.X, largest_norm(p.X), Z.data());
  EXPECT_EQ(wrong(), 0);
}

TEST(SignRepair, LeavesNaNAndInfinityAlone) {
  const Problem<float> p = nearly_orthogonal(3, 5, 3);
  MatrixF Z = MatrixF::Zero(3, 3);
  Z(0, 0) = std::numeric_limits<float>::quiet_NaN();
  Z(1, 1) = std::numeric_limits<float>::infinity();
  repair_signs(p.weights.encoder, p.X, largest_norm(p.X), Z.data());
  EXPECT_TRUE(std::isnan(Z(0, 0)));
  EXPECT_EQ(Z(1, 1), std::numeric_limits<float>::infinity());
  EXPECT_NE(Z(0, 1), 0);
}

// A neuron that fires on the wrong side moves by a whole sample's share: 1e-2 of the update here,
// where rounding gives √d 2⁻²⁴ ~ 1e-6 and a sum over 40 samples a few times that.
TEST(SignRepair, KeepsJointStepsFromMovingTheWrongNeurons) {
  const Problem<float> p = nearly_orthogonal(40, 203, 500);
  ThreadPool pool(2);
  JointStep<float> step(p.X, 500, TrainedFactors::Both);
  model::Weights<float> moved = p.weights;
  (void)step.start(moved, pool);
  (void)step.advance(moved, {1.0F, 1.0F}, pool);

  Problem<double> exact{p.X.cast<double>(), {}};
  exact.weights.encoder = p.weights.encoder.cast<double>();
  exact.weights.decoder = p.weights.decoder.cast<double>();
  exact.weights.scale = static_cast<double>(p.weights.scale);
  model::Weights<double> gradient = zeros_like(exact.weights);
  (void)reference::loss_gradient<double>(exact.X, exact.weights, model::Relu{}, gradient);
  const Matrix wanted = -40.0 * gradient.encoder;
  const Matrix got = moved.encoder.cast<double>() - exact.weights.encoder;
  // Of the rows, so that one wrong neuron among many shows. The weights themselves are of size 1
  // and rounded to 6e-8, the moves of size 40/500.
  EXPECT_LT(((got - wanted).rowwise().norm().array() / wanted.rowwise().norm().array()).maxCoeff(),
            1e-4);
}

}  // namespace
}  // namespace twofold::ops
