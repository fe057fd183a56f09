#include "twofold/numerics/positive_normal.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace twofold::numerics {
namespace {

// ∫_0^∞ y^power φ(y − k)/φ(k) dy = ∫_0^∞ y^power e^{−y²/2 + ky} dy by Simpson, in long double.
long double moment(double k, int power) {
  // Beyond the end the integrand is below e^{−46} = 1e-20 of its peak.
  const long double end = k > -2.0 ? std::max(0.0, k) + 13.0L : -46.0L / k;
  constexpr int steps = 40000;
  const long double h = end / steps;
  const long double peak = k > 0 ? 0.5L * k * k : 0.0L;
  long double sum = 0.0L;
  for (int i = 0; i <= steps; ++i) {
    const long double y = i * h;
    const long double weight = i == 0 || i == steps ? 1.0L : (i % 2 == 1 ? 4.0L : 2.0L);
    sum += weight * std::pow(y, power) * std::exp(-0.5L * y * y + k * y - peak);
  }
  return sum * h / 3.0L;
}

TEST(PositiveNormal, AgreesWithQuadratureOfTheDensity) {
  for (const double k : {-40.0, -12.0, -3.0, -2.8, -2.0, -0.5, 0.0, 0.7, 2.0, 5.0, 8.0}) {
    const long double mass = moment(k, 0), mean = moment(k, 1) / mass;
    const long double variance = moment(k, 2) / mass - mean * mean;
    const PositiveNormal value = positive_normal(k);
    // Simpson with 40000 steps over at most 50 decay lengths: relative error h⁴/180 below 2e-14.
    EXPECT_NEAR(value.mean / static_cast<double>(mean), 1.0, 1e-11) << k;
    EXPECT_NEAR(value.variance / static_cast<double>(variance), 1.0, 1e-10) << k;
    EXPECT_NEAR(value.hazard, value.mean - k, 1e-14 * std::max(1.0, std::abs(k))) << k;
  }
}

TEST(PositiveNormal, FollowsItsTails) {
  for (const double k : {-1e3, -1e6, -1e10}) {
    const PositiveNormal value = positive_normal(k);
    // The excess over a far threshold is exponential of rate |k|: mean 1/|k| (1 − 2/k²),
    // variance 1/k² (1 − 6/k²); the next terms are of order k^-4.
    EXPECT_NEAR(-value.mean * k, 1.0 - 2.0 / (k * k), 20.0 / std::pow(k, 4) + 1e-14) << k;
    EXPECT_NEAR(value.variance * k * k, 1.0 - 6.0 / (k * k), 60.0 / std::pow(k, 4) + 1e-14) << k;
  }
  const PositiveNormal sure = positive_normal(60.0);
  // φ(60) underflows: the bit says nothing.
  EXPECT_EQ(sure.mean, 60.0);
  EXPECT_EQ(sure.variance, 1.0);
}

TEST(PositiveNormal, IsContinuousWhereTheFormulaChanges) {
  const double k = -2.0 * std::numbers::sqrt2;
  const PositiveNormal above = positive_normal(std::nextafter(k, 0.0));
  const PositiveNormal below = positive_normal(std::nextafter(k, -3.0));
  // The direct form loses a factor k² of precision at most.
  EXPECT_NEAR(above.mean / below.mean, 1.0, 1e-13);
  EXPECT_NEAR(above.variance / below.variance, 1.0, 1e-13);
}

TEST(PositiveNormal, LogarithmsAgreeWithTheErrorFunction) {
  for (const double k : {-20.0, -5.0, -2.9, -2.7, -1.0, 0.0, 1.0, 6.0}) {
    const double cdf = 0.5 * std::erfc(-k / std::numbers::sqrt2);
    // Rounding; the condition of exp at |ln Φ| = 200 is 200.
    EXPECT_NEAR(log_normal_cdf(k), std::log(cdf), 1e-14 * (1.0 + std::abs(std::log(cdf)))) << k;
    const double x = -k / std::numbers::sqrt2;
    EXPECT_NEAR(log_scaled_erfc(x), std::log(std::erfc(x)) + x * x, 1e-14 * (2.0 + x * x)) << k;
  }
  // ln Φ(k) → −1 + Φ for large k: the relative accuracy survives.
  EXPECT_NEAR(log_normal_cdf(10.0) / (-0.5 * std::erfc(10.0 / std::numbers::sqrt2)), 1.0, 1e-13);
}

}  // namespace
}  // namespace twofold::numerics
