#include "twofold/theory/one_bit_limit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;

Vector power_law(Index d, double exponent) {
  Vector variances(d);
  for (Index i = 0; i < d; ++i) variances[i] = std::pow(static_cast<double>(i + 1), -exponent);
  return variances;
}

// The tables below are the values derived in docs/theory/one_bit.md, computed independently.

TEST(OneBitLimit, GaussianLimitHasTheTabulatedValues) {
  const std::vector<std::pair<double, double>> table{
      {0.25, 0.84085}, {0.5, 0.68169}, {0.75, 0.52254}, {1.0, 0.36338}, {1.25, 0.31349},
      {1.5, 0.27564},  {2.0, 0.22203}, {3.0, 0.15985},  {4.0, 0.12488}};
  for (const auto& [rate, value] : table) {
    EXPECT_NEAR(gaussian_limit(rate), value, 5e-6) << rate;  // five digits
  }
}

TEST(OneBitLimit, RandomEncoderHasTheTabulatedValues) {
  const std::vector<std::pair<double, double>> table{
      {0.5, 0.72094}, {1.0, 0.52222}, {1.5, 0.39059}, {2.0, 0.30439}};
  for (const auto& [rate, value] : table) {
    EXPECT_NEAR(random_encoder_limit(rate), value, 5e-6) << rate;  // five digits
  }
}

// R = c m where m solves the fixed point of the Marchenko-Pastur law, c m² + (c + r − 1) m = 1.
TEST(OneBitLimit, RandomEncoderSolvesItsQuadratic) {
  for (const double r : {1e-6, 0.1, 0.42, 0.43, 1.0, 3.0, 1e6}) {
    const double m = random_encoder_limit(r) / kSignNoise;
    // Rounding, of terms as large as r m.
    EXPECT_NEAR(kSignNoise * m * m + (kSignNoise + r - 1.0) * m, 1.0, 1e-14 * (1.0 + r * m)) << r;
  }
}

TEST(OneBitLimit, EncodersAreOrderedAtEveryRate) {
  for (const double r : {0.01, 0.3, 0.9, 1.0, 1.1, 4.0, 50.0}) {
    EXPECT_LT(gaussian_limit(r), random_encoder_limit(r)) << r;
    EXPECT_LT(random_encoder_limit(r), matched_filter_limit(r)) << r;
    EXPECT_GT(gaussian_limit(r), 0.0) << r;
    EXPECT_LT(matched_filter_limit(r), 1.0) << r;
  }
}

TEST(OneBitLimit, IsContinuousAtRateOne) {
  const double above = std::nextafter(1.0, 2.0);
  // The slopes are finite: one step of eps.
  EXPECT_NEAR(gaussian_limit(1.0), gaussian_limit(above), 1e-15);
  EXPECT_NEAR(channel_noise(1.0), channel_noise(above), 1e-15);
  EXPECT_NEAR(gaussian_limit(1.0), 1.0 - 2.0 / pi, 1e-15);
}

TEST(OneBitLimit, IsTheLinearLossOfItsScalarChannel) {
  for (const double r : {0.2, 0.7, 1.0, 1.6, 9.0}) {
    const double t = channel_noise(r);
    EXPECT_NEAR(gaussian_limit(r), t / (1.0 + t), 1e-15) << r;  // rounding
    const double u = random_channel_noise(r);
    EXPECT_NEAR(matched_filter_limit(r), u / (1.0 + u), 1e-15) << r;  // rounding
  }
}

TEST(OneBitLimit, FiniteDimensionHasTheTabulatedValues) {
  // Sparse Gaussian p = 0.3, Haar rows at d = 64, as simulated: two standard errors of 0.0011, and
  // the next order (k4 s/24)² is 2e-4.
  EXPECT_NEAR(finite_dimension_limit(1.0, 10.0, 3.0 / 66), 0.3803, 2.4e-3);
  EXPECT_NEAR(finite_dimension_limit(0.5, 10.0, 3.0 / 66), 0.6902, 2.4e-3);
  EXPECT_EQ(finite_dimension_limit(0.7, 3.0, 0.1), gaussian_limit(0.7));
}

// z = Σ x_j/√m with sparse Gaussian x: given N ~ Binomial(m, p) non-zeros z ~ N(0, N/(p m)), hence
// E|z| = c1 E √(N/(p m)) exactly, and R = 1 − r (E|z|)².
TEST(OneBitLimit, FiniteDimensionIsTheFirstTermInTheKurtosis) {
  const double p = 0.3;
  for (const int m : {32, 128, 512}) {
    double root = 0.0;
    for (int k = 0; k <= m; ++k) {
      const double log_weight = std::lgamma(m + 1.0) - std::lgamma(k + 1.0) -
                                std::lgamma(m - k + 1.0) + k * std::log(p) +
                                (m - k) * std::log(1.0 - p);
      root += std::exp(log_weight) * std::sqrt(k / (p * m));
    }
    // Next order of E √(1 + δ), δ = N/(pm) − 1: E δ³/16 − 5 E δ⁴/128 = −0.45/m².
    EXPECT_NEAR(finite_dimension_limit(1.0, 3.0 / p, 1.0 / m), 1.0 - 2.0 / pi * root * root,
                1.0 / (1.0 * m * m))
        << m;
  }
}

TEST(OneBitLimit, BestScalingHasTheTabulatedValues) {
  constexpr Index d = 512;
  struct Row {
    double exponent, raw, best;
  };
  for (const Row& row : {Row{0.5, 0.3369, 0.3303}, Row{1.0, 0.2324, 0.1999},
                         Row{1.5, 0.1000, 0.0684}, Row{2.0, 0.0392, 0.0210}}) {
    const Vector variances = power_law(d, row.exponent);
    // Four digits each.
    EXPECT_NEAR(best_scaling(variances, d).loss, row.best, 5e-5) << row.exponent;
    EXPECT_NEAR(scaling_loss(variances, variances / variances.mean()), row.raw, 5e-5);
    EXPECT_NEAR(scaling_loss(variances, Vector::Ones(d)), gaussian_limit(1.0), 1e-14);
  }
  const std::vector<std::tuple<Index, double, double>> more{{64, 0.5, 0.3391},
                                                            {64, 1.0, 0.2552},
                                                            {128, 1.0, 0.2351},
                                                            {64, 1.5, 0.1497},
                                                            {128, 1.5, 0.1172}};
  for (const auto& [n, exponent, value] : more) {
    EXPECT_NEAR(best_scaling(power_law(n, exponent), n).loss, value, 5e-5) << n;  // four digits
  }
  const Vector share = best_scaling(power_law(64, 0.5), 64).share;
  // Energies to two digits.
  EXPECT_NEAR(share[0], 2.83, 5e-3);
  EXPECT_NEAR(share[1], 2.29, 5e-3);
  EXPECT_NEAR(share[2], 2.02, 5e-3);
  EXPECT_NEAR(share[63], 0.63, 5e-3);
}

// Karush-Kuhn-Tucker: the gain of one more bit, s² c/(c + λ)², is the same wherever λ > 0, and no
// larger elsewhere. The objective is convex, so this is the minimum.
TEST(OneBitLimit, BestScalingIsStationary) {
  for (const double exponent : {0.3, 1.0, 2.5, 6.0}) {
    for (const Index bits : {Index{40}, Index{64}, Index{200}}) {
      const Vector variances = power_law(64, exponent);
      const BitSharing sharing = best_scaling(variances, bits);
      // Rounding of a sum of 64 terms.
      EXPECT_NEAR(sharing.share.sum(), static_cast<double>(bits),
                  1e-11 * static_cast<double>(bits));
      const auto gain = [&](Index i) {
        const double c = kSignNoise + sharing.share[i];
        return variances[i] * kSignNoise / (c * c);
      };
      Index used = 0;
      while (used < 64 && sharing.share[used] > 0.0) ++used;
      EXPECT_LE(used, bits);
      for (Index i = 0; i < used; ++i) EXPECT_NEAR(gain(i) / gain(0), 1.0, 1e-9) << i;
      if (used == bits) continue;  // the number of bits stops it before the gain does
      for (Index i = used; i < 64; ++i) EXPECT_LE(gain(i), gain(0) * (1.0 + 1e-9)) << i;
    }
  }
}

TEST(OneBitLimit, EqualVariancesGiveTheGaussianLimit) {
  for (const Index bits : {Index{7}, Index{50}, Index{100}, Index{130}, Index{400}}) {
    const Vector variances = Vector::Constant(100, 3.0);
    const double limit = gaussian_limit(static_cast<double>(bits) / 100.0);
    EXPECT_NEAR(best_scaling(variances, bits).loss, limit, 1e-14) << bits;  // rounding
    EXPECT_NEAR(best_separate_rates(variances, bits).loss, limit, 1e-12) << bits;
  }
}

TEST(OneBitLimit, SharingFollowsTheOrderAndScaleOfTheVariances) {
  const Vector variances{{0.2, 5.0, 0.0, 1.0}};
  const BitSharing sharing = best_scaling(variances, 4);
  const BitSharing same = best_scaling(Vector(1e200 * variances), 4);
  EXPECT_EQ(sharing.share[2], 0.0);
  EXPECT_GT(sharing.share[1], sharing.share[3]);
  EXPECT_GT(sharing.share[3], sharing.share[0]);
  EXPECT_NEAR(sharing.loss, same.loss, 1e-15);  // rounding
}

TEST(OneBitLimit, SeparateRatesHaveTheTabulatedValues) {
  constexpr Index d = 512;
  for (const auto& [exponent, value] :
       std::vector<std::pair<double, double>>{{0.5, 0.3489}, {1.0, 0.2129}, {1.5, 0.0704}}) {
    const BitSharing sharing = best_separate_rates(power_law(d, exponent), d);
    EXPECT_NEAR(sharing.loss, value, 5e-5) << exponent;         // four digits
    EXPECT_NEAR(sharing.share.sum(), 512.0, 1e-9) << exponent;  // bisection to rounding
    EXPECT_GE(sharing.loss, best_scaling(power_law(d, exponent), d).loss);
  }
}

// No exchange of a little rate between two blocks helps; R_Gauss is convex, so this is the minimum.
TEST(OneBitLimit, SeparateRatesCannotBeImproved) {
  const Vector variances = power_law(20, 1.0);
  const BitSharing sharing = best_separate_rates(variances, 17);
  const auto loss = [&](Index i, double change) {
    const double rate = sharing.share[i] + change;
    return variances[i] * (rate > 0.0 ? gaussian_limit(rate) : 1.0);
  };
  constexpr double step = 1e-3;
  for (Index i = 0; i < 20; ++i) {
    for (Index j = 0; j < 20; ++j) {
      if (i == j || sharing.share[j] < step) continue;
      // Rounding.
      EXPECT_GE(loss(i, step) + loss(j, -step), loss(i, 0.0) + loss(j, 0.0) - 1e-14) << i << j;
    }
  }
}

TEST(OneBitLimit, RefusesWhatIsOutsideItsDomain) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double rate : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW((void)gaussian_limit(rate), InvalidArgument);
    EXPECT_THROW((void)random_encoder_limit(rate), InvalidArgument);
    EXPECT_THROW((void)matched_filter_limit(rate), InvalidArgument);
    EXPECT_THROW((void)channel_noise(rate), InvalidArgument);
  }
  EXPECT_THROW((void)finite_dimension_limit(1.1, 3.0, 0.1), InvalidArgument);
  EXPECT_THROW((void)finite_dimension_limit(1.0, 0.9, 0.1), InvalidArgument);
  EXPECT_THROW((void)finite_dimension_limit(1.0, 3.0, 0.0), InvalidArgument);
  EXPECT_THROW((void)best_scaling(Vector(), 3), InvalidArgument);
  EXPECT_THROW((void)best_scaling(Vector::Zero(3), 3), InvalidArgument);
  EXPECT_THROW((void)best_scaling(Vector{{1.0, -1.0}}, 3), InvalidArgument);
  EXPECT_THROW((void)best_scaling(Vector::Ones(3), 0), InvalidArgument);
  EXPECT_THROW((void)best_separate_rates(Vector{{1.0, nan}}, 3), InvalidArgument);
  EXPECT_THROW((void)scaling_loss(Vector::Ones(3), Vector::Ones(2)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
