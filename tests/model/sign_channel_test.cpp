#include "twofold/model/sign_channel.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::model {
namespace {

double cdf(double k) {
  return 0.5 * std::erfc(-k / std::numbers::sqrt2);
}
double pdf(double k) {
  return std::exp(-0.5 * k * k) / std::sqrt(2.0 * std::numbers::pi);
}

/// ∫ f by a plain midpoint rule over ±14 with 2^18 points, an independent computation.
template <typename F>
double integral(F&& f) {
  constexpr int kPoints = 1 << 18;
  constexpr double kStep = 28.0 / kPoints;
  double sum = 0.0;
  for (int i = 0; i < kPoints; ++i) sum += f(-14.0 + (i + 0.5) * kStep);
  return sum * kStep;
}

TEST(SignChannel, PosteriorVarianceHasItsKnownValues) {
  EXPECT_NEAR(sign_posterior_variance(1.0), 1.0 - 2.0 / std::numbers::pi, 1e-15);
  // The values were given with six digits after the point, the last with seven.
  EXPECT_NEAR(sign_posterior_variance(0.9), 0.349026, 5e-7);
  EXPECT_NEAR(sign_posterior_variance(0.5), 0.259731, 5e-7);
  EXPECT_NEAR(sign_posterior_variance(0.1), 0.077465, 5e-7);
  EXPECT_NEAR(sign_posterior_variance(0.01), 0.0092802, 5e-8);
}

TEST(SignChannel, PosteriorVarianceAgreesWithPlainIntegration) {
  for (const double v : {0.02, 0.1, 0.3, 0.7, 0.95}) {
    const double s = std::sqrt((1.0 - v) / v);
    const double drop =
        2.0 * v * integral([s](double k) { return pdf(k) * pdf(k) / cdf(k) * pdf(k / s) / s; });
    // Rounding of 2^18 terms; the rule itself is exact to 1e-16 for functions this smooth.
    EXPECT_NEAR(sign_variance_drop(v) / drop, 1.0, 1e-12) << v;
  }
}

TEST(SignChannel, IsContinuousWhereTheWindowCloses) {
  // e(v) near 1 differs from e(1) by O(1 - v).
  EXPECT_NEAR(sign_posterior_variance(1.0 - 1e-15), sign_posterior_variance(1.0), 1e-14);
  // A nearly certain z: the drop falls like v^{3/2}, so 1/v^{3/2} times it is nearly constant.
  const double small = sign_variance_drop(1e-8) / std::pow(1e-8, 1.5);
  const double smaller = sign_variance_drop(1e-12) / std::pow(1e-12, 1.5);
  EXPECT_NEAR(small / smaller, 1.0, 1e-7);
}

// z ~ N(m, v), m ~ N(0, 1 - v): the variance left after the sign of z is seen.
TEST(SignChannel, PosteriorVarianceIsWhatSamplesShow) {
  const RandomStream stream(3, "sign channel");
  const double v = 0.4;
  numerics::RunningStatistics product;
  for (std::uint64_t i = 0; i < 400000; ++i) {
    double g[2];
    stream.fill_normal(i, g);
    const double m = std::sqrt(1.0 - v) * g[0], z = m + std::sqrt(v) * g[1];
    const double k = (z >= 0 ? m : -m) / std::sqrt(v);
    const double estimate = m + (z >= 0 ? 1 : -1) * std::sqrt(v) * pdf(k) / cdf(k);
    product.add((z - estimate) * (z - estimate));
  }
  // Four standard errors.
  EXPECT_NEAR(product.mean(), sign_posterior_variance(v), 4 * product.standard_error());
}

TEST(SignChannel, EntropyIsOneBitAtNoInformationAndFalls) {
  EXPECT_NEAR(sign_entropy(1.0), std::numbers::ln2, 1e-15);
  double before = 1.0;
  for (const double b : {1.0, 1.5, 3.0, 30.0, 1e6}) {
    EXPECT_LT(sign_entropy(b), before);
    before = sign_entropy(b);
  }
  for (const double b : {1.2, 4.0, 40.0}) {
    const double s = std::sqrt(b - 1.0);
    const double plain = integral([s](double k) {
      const double p = cdf(k);
      return p > 0 ? -2.0 * p * std::log(p) * pdf(k / s) / s : 0.0;
    });
    EXPECT_NEAR(sign_entropy(b) / plain, 1.0, 1e-12) << b;  // rounding of 2^18 terms
  }
}

TEST(SignChannel, RejectsVariancesOutsideTheUnitInterval) {
  EXPECT_THROW((void)sign_variance_drop(0.0), InvalidArgument);
  EXPECT_THROW((void)sign_posterior_variance(1.0001), InvalidArgument);
  EXPECT_THROW((void)sign_variance_drop(std::nan("")), InvalidArgument);
  EXPECT_THROW((void)sign_entropy(0.99), InvalidArgument);
}

}  // namespace
}  // namespace twofold::model
