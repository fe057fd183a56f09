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
  repair_signs(p.weights.encoder, p.X, norms_for_repair(p.X).data(),
               ProductError::in_float(p.X.cols()), Z);
  EXPECT_EQ(wrong(), 0);
}

TEST(SignRepair, LeavesNaNAndInfinityAlone) {
  const Problem<float> p = nearly_orthogonal(3, 5, 3);
  MatrixF Z = MatrixF::Zero(3, 3);
  Z(0, 0) = std::numeric_limits<float>::quiet_NaN();
  Z(1, 1) = std::numeric_limits<float>::infinity();
  repair_signs(p.weights.encoder, p.X, norms_for_repair(p.X).data(),
               ProductError::in_float(p.X.cols()), Z);
  EXPECT_TRUE(std::isnan(Z(0, 0)));
  EXPECT_EQ(Z(1, 1), std::numeric_limits<float>::infinity());
  EXPECT_NE(Z(0, 1), 0);
}

TEST(SignRepair, GivesEverySignForHugeAndTinyNumbers) {
  for (const float size : {1e-30F, 1e-22F, 1e-18F, 1e18F, 1e30F}) {
    Problem<float> p = nearly_orthogonal(20, 33, 100);
    p.X *= size;
    p.weights.encoder *= size < 1 ? 1.0F : 1 / size;
    if (size < 1e-20F) p.weights.encoder *= size;  // the products are less than a float can be
    const Matrix exact = p.weights.encoder.cast<double>() * p.X.cast<double>().transpose();
    MatrixF Z = MatrixF::Zero(100, 20);
    repair_signs(p.weights.encoder, p.X, norms_for_repair(p.X).data(), {1.0}, Z);
    EXPECT_TRUE(((Z.array() > 0) == (exact.array() > 0)).all()) << size;
  }
}

// A sample of a norm that is 1e6 times the others' does not have them computed again.
TEST(SignRepair, BoundsTheErrorOfEachSampleByItsOwnNorm) {
  Problem<float> p = nearly_orthogonal(70, 20, 3);
  p.X.row(69) *= 1e6F;
  const float wrong = 1e-3F;  // 4 d 2^-24 times norms of about 5 are 1e-4
  MatrixF Z = MatrixF::Constant(3, 70, wrong);
  repair_signs(p.weights.encoder, p.X, norms_for_repair(p.X).data(), ProductError::in_float(20), Z);
  EXPECT_TRUE((Z.leftCols(69).array() == wrong).all());
  EXPECT_TRUE((Z.col(69).array() != wrong).all());
}

TEST(SignRepair, KeepsToTheRowsOfItsView) {
  const Problem<float> p = nearly_orthogonal(7, 5, 3);
  MatrixF Z = MatrixF::Zero(3, 9);
  repair_signs(p.weights.encoder, p.X, norms_for_repair(p.X).data(), {1.0}, Z.middleCols(1, 7));
  EXPECT_TRUE((Z.col(0).array() == 0).all() && (Z.col(8).array() == 0).all());
  EXPECT_TRUE((Z.middleCols(1, 7).array() != 0).all());
}

// Of the rows of the encoder's update, the largest relative error: one wrong neuron among many
// shows.
double worst_move(const Problem<float>& p, FloatProducts products) {
  const auto n = static_cast<double>(p.X.rows());
  ThreadPool pool(2);
  JointStep<float> step(p.X, p.weights.neurons(), TrainedFactors::Both, products);
  model::Weights<float> moved = p.weights;
  (void)step.start(moved, pool);
  (void)step.advance(moved, {1.0F, 1.0F}, pool);

  Problem<double> exact{p.X.cast<double>(), {}};
  exact.weights.encoder = p.weights.encoder.cast<double>();
  exact.weights.decoder = p.weights.decoder.cast<double>();
  exact.weights.scale = static_cast<double>(p.weights.scale);
  model::Weights<double> gradient = zeros_like(exact.weights);
  (void)reference::loss_gradient<double>(exact.X, exact.weights, model::Relu{}, gradient);
  const Matrix wanted = -n * gradient.encoder;
  const Matrix got = moved.encoder.cast<double>() - exact.weights.encoder;
  return ((got - wanted).rowwise().norm().array() / wanted.rowwise().norm().array()).maxCoeff();
}

// A neuron that fires on the wrong side moves by a whole sample's share: 1e-2 of the update here,
// where rounding gives √d 2⁻²⁴ ~ 1e-6 and a sum over 40 samples a few times that; in three products
// of bfloat16, 1e-5. The weights themselves are of size 1 and rounded to 6e-8, the moves of 40/500.
// Dimension 12 is where those products are off by more than the bound for float.
TEST(SignRepair, KeepsJointStepsFromMovingTheWrongNeurons) {
  for (const Index d : {12, 203}) {
    for (const FloatProducts products : {FloatProducts::Float, FloatProducts::SplitBf16}) {
      EXPECT_LT(worst_move(nearly_orthogonal(40, d, 500), products), 1e-4) << d;
    }
  }
}

}  // namespace
}  // namespace twofold::ops
