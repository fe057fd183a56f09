#include "twofold/theory/tangent_kernel_width.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

TEST(StructuralWidth, IsHalvedByTheSecondFactor) {
  EXPECT_EQ(structural_width(20, kWeak), 20);
  EXPECT_EQ(structural_width(20, kDecoderOnly), 20);
  EXPECT_EQ(structural_width(20, kJoint), 10);
  EXPECT_EQ(structural_width(21, kJoint), 11);
}

TEST(PracticalWidth, InvertsTheError) {
  for (const KernelRates& rates : {kWeak, kJoint, KernelRates{1.0, 0.1}}) {
    const Index width = practical_width(20, rates, 0.02);
    EXPECT_LE(trajectory_error(width, rates), 0.02);
    EXPECT_GT(trajectory_error(width - 1, rates), 0.02);
  }
  EXPECT_EQ(practical_width(100'000, kWeak, 0.1), 100'000);
  // The measured constants of docs/theory/tangent_kernel.md#width.
  EXPECT_DOUBLE_EQ(trajectory_error(100, kWeak), 0.35);
  EXPECT_DOUBLE_EQ(trajectory_error(100, kJoint), 0.15);
  // A slow decoder does not bring the accuracy of joint training.
  EXPECT_EQ(trajectory_error(100, {1.0, 0.1}), trajectory_error(100, kWeak));
}

// n = 10, d = 6 unit samples with λ_n = 2.6 and λ_min of 0.1 and 0.02, by hand:
// 163·100·1296·2.6·15/1e-4 = 8.24e12 and 256·6·17.576·15/1.6e-7 = 2.53e12; digits shown.
TEST(SufficientWidths, AreTheFormulas) {
  const SufficientWidths widths = sufficient_widths({10, 6, 2.6, 0.1, 0.02, 15.0}, 0.01);
  EXPECT_NEAR(widths.weak / 8.2386e12, 1.0, 1e-4);
  EXPECT_NEAR(widths.joint / 2.5309e12, 1.0, 1e-4);
  EXPECT_NEAR(widths.kernel, 32 * 6 * 2.6 / 0.1 * std::log(6000.0), 1e-6);
  EXPECT_EQ(sufficient_widths({10, 6, 2.6, 0.0, 0.02, 15.0}).weak,
            std::numeric_limits<double>::infinity());
}

TEST(Width, RefusesBadInput) {
  EXPECT_THROW((void)structural_width(0, kWeak), InvalidArgument);
  EXPECT_THROW((void)trajectory_error(0, kWeak), InvalidArgument);
  EXPECT_THROW((void)practical_width(10, kWeak, 0.0), InvalidArgument);
  EXPECT_THROW((void)practical_width(10, kWeak, 1e-12), InvalidArgument);
  EXPECT_THROW((void)sufficient_widths({10, 6, 2.6, 0.1, 0.02, 15.0}, 0.0), InvalidArgument);
  EXPECT_THROW((void)sufficient_widths({0, 6, 2.6, 0.1, 0.02, 15.0}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
