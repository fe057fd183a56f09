#include "twofold/theory/mean_field_cloud.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

TEST(EmpiricalGain, OfABalancedFrameIsTheInitialGain) {
  const Matrix W = model::initial_neurons(model::Initialization::Balanced, 12, 3, 0.4, 1);
  const Vector a = empirical_gain(W, Matrix::Identity(3, 3), 0.5);
  EXPECT_LT((a.array() - 0.5 * 0.16).abs().maxCoeff(), 1e-15);  // orthogonality to rounding
}

TEST(CloudAsymmetry, IsZeroForPairsAndOneForAPoint) {
  const Matrix W = model::initial_neurons(model::Initialization::Paired, 10, 3, 0.4, 1);
  EXPECT_LT(cloud_asymmetry(W), 1e-16);
  EXPECT_NEAR(cloud_asymmetry(Matrix::Ones(5, 2)), 1.0, 1e-15);
  EXPECT_EQ(cloud_asymmetry(Matrix::Zero(5, 2)), 0.0);
}

TEST(LinearPartLoss, IsTheLossOfTheGainsForAFrame) {
  const Matrix W = model::initial_neurons(model::Initialization::Balanced, 6, 3, 0.4, 1);
  const Vector s{{1.0, 0.5, 0.2}};
  const double expected = loss(s, Vector::Constant(3, 0.08));
  EXPECT_NEAR(linear_part_loss(W, s.asDiagonal(), 0.5), expected, 1e-15);  // rounding
}

TEST(Cloud, RejectsShapesThatDisagree) {
  EXPECT_THROW((void)empirical_gain(Matrix::Ones(2, 3), Matrix::Identity(2, 2), 0.5),
               InvalidArgument);
  EXPECT_THROW((void)linear_part_loss(Matrix::Ones(2, 3), Matrix::Ones(3, 2), 0.5),
               InvalidArgument);
  EXPECT_THROW((void)cloud_asymmetry(Matrix()), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
