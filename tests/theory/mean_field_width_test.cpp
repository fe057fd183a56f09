#include "twofold/theory/mean_field_width.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

// Var|g| / E g² for g ~ N(0, 1).
TEST(EvenShare, IsTheRelativeVarianceOfAHalfNormal) {
  EXPECT_NEAR(kEvenShare, 1 - 2 / std::numbers::pi, 1e-16);  // rounding
}

TEST(EvenSlope, FollowsTheTails) {
  EXPECT_EQ(even_slope(model::Relu{}), 0.5);
  EXPECT_EQ(even_slope(model::Softplus{}), 0.5);
  EXPECT_EQ(even_slope(model::LeakyRelu{0.5}), 0.25);
  EXPECT_EQ(even_slope(model::Identity{}), 0.0);
  EXPECT_EQ(even_slope(model::Tanh{}), 0.0);
}

TEST(EvenExcess, IsZeroWithoutAnEvenPart) {
  EXPECT_DOUBLE_EQ(even_excess(model::Relu{}, "iid", 100, 0.4), 0.4 / 400);
  EXPECT_EQ(even_excess(model::Relu{}, "paired", 100), 0.0);
  EXPECT_EQ(even_excess(model::Relu{}, "iid", 0), 0.0);
  EXPECT_EQ(even_excess(model::Erf{}, "iid", 100), 0.0);
}

// Excess of a fully learned isotropic spectrum: φ d/N in units of L0 = d/2.
TEST(WidthExcess, IsRelativeToDimensionOverNeurons) {
  const double d = 64;
  EXPECT_NEAR(width_excess(model::Relu{}, d, d, 128) / (0.5 * d), kEvenShare * d / 128, 1e-14);
}

TEST(NeuronsForExcess, InvertsTheExcess) {
  const Vector s{{1.0, 0.4, 0.1}}, a{{0.9, 0.8, 0.1}};
  const Index n = neurons_for_excess(model::Relu{}, "iid", s, a, 2, 0.01);
  const double target = 0.01 * 0.5 * s.sum();
  EXPECT_LE(width_excess(model::Relu{}, a.sum(), a.dot(s), n), target);
  EXPECT_GT(width_excess(model::Relu{}, a.sum(), a.dot(s), n - 1), target);
}

TEST(NeuronsForExcess, NeverFallsBelowTheStructuralMinimum) {
  const Vector s{{1.0, 0.4}}, a{{0.9, 0.8}};
  EXPECT_EQ(neurons_for_excess(model::Relu{}, "paired", s, a, 2, 1e-6), 4);
  EXPECT_EQ(neurons_for_excess(model::Relu{}, "iid", s, a, 2, 100.0), 4);
  EXPECT_EQ(structural_minimum(8), 16);
}

TEST(Width, RejectsBadInput) {
  EXPECT_THROW((void)even_excess(model::Relu{}, "random", 10), InvalidArgument);
  EXPECT_THROW((void)even_excess(model::Relu{}, "iid", -1), InvalidArgument);
  EXPECT_THROW((void)even_excess(model::Relu{}, "iid", 10, 1.5), InvalidArgument);
  EXPECT_THROW((void)width_excess(model::Relu{}, 1.0, 1.0, 0), InvalidArgument);
  EXPECT_THROW((void)neurons_for_excess(model::Relu{}, "iid", Vector{{1.0}}, Vector{{1.0}}, 1, 0.0),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
