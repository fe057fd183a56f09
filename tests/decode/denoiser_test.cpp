#include "twofold/decode/denoiser.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::decode {
namespace {

using data::ScalarPrior;

// A tenth of the values are equal, the rest skewed: an atom, bins and no symmetry; mean 0.
ScalarPrior skewed_samples() {
  const RandomStream stream(1, "denoiser tests");
  std::vector<double> samples;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    samples.push_back(i % 10 == 0 ? 1.2 : std::exp(0.7 * stream.normal(i)));
  }
  const double mean = std::accumulate(samples.begin(), samples.end(), 0.0) / 4000.0;
  for (double& x : samples) x -= mean;
  return ScalarPrior::empirical(samples);
}

std::vector<ScalarPrior> all_priors() {
  return {ScalarPrior::sparse_gaussian(0.1), ScalarPrior::sparse_gaussian(0.3),
          ScalarPrior::sparse_rademacher(0.8), ScalarPrior::sparse_laplace(0.3), skewed_samples()};
}

Vector falling_deviations(Index d, double exponent) {
  Vector s(d);
  for (Index j = 0; j < d; ++j) s[j] = std::pow(static_cast<double>(j + 1), -exponent);
  return s / std::sqrt(s.squaredNorm() / static_cast<double>(d));
}

struct Sample {
  std::vector<float> x, r;
};

Sample observe(const ScalarPrior& prior, const Vector& deviations, double tau) {
  const RandomStream stream(2, "observations"), noise(2, "noise");
  Sample sample;
  for (Index j = 0; j < deviations.size(); ++j) {
    const auto index = static_cast<std::uint64_t>(j);
    const double x = deviations[j] * prior.sample(stream, index);
    sample.x.push_back(static_cast<float>(x));
    sample.r.push_back(static_cast<float>(x + std::sqrt(tau) * noise.normal(index)));
  }
  return sample;
}

template <typename Scalar>
double denoise(const Denoiser& denoiser, const std::vector<Scalar>& r, double tau,
               std::vector<Scalar>& x) {
  x.resize(r.size());
  return denoiser.apply(std::span<const Scalar>(r), tau, std::span<Scalar>(x));
}

double square_distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (std::size_t j = 0; j < a.size(); ++j) {
    sum += std::pow(static_cast<double>(a[j]) - static_cast<double>(b[j]), 2);
  }
  return sum;
}

double largest_distance(const std::vector<float>& a, const std::vector<float>& b) {
  float largest = 0.0F;
  for (std::size_t j = 0; j < a.size(); ++j) largest = std::max(largest, std::abs(a[j] - b[j]));
  return static_cast<double>(largest);
}

// x_j ~ N(0, s²): E[x|r] = r s²/(s² + τ), Var = s² τ/(s² + τ).
TEST(Denoiser, OfGaussiansIsTheWienerFilter) {
  const Vector s{{1.5, 0.5, std::sqrt(4.0 - 1.5 * 1.5 - 0.25), 0.0}};
  const std::vector<double> r{0.7, -2.0, 30.0, 5.0};
  for (const double tau : {1e-3, 0.5, 40.0}) {
    double variance = 0.0;
    Vector expected(4);
    for (Index j = 0; j < 4; ++j) {
      const double share = s[j] * s[j] / (s[j] * s[j] + tau);
      expected[j] = share * r[static_cast<std::size_t>(j)];
      variance += 0.25 * tau * share;
    }
    // Rounding, and four-point interpolation in ln t: 3/128 (1/8)^4 = 6e-6 of a fourth derivative.
    const std::pair<Denoiser, double> made[] = {
        {Denoiser::exact(ScalarPrior::gaussian(), s), 1e-14},
        {Denoiser::tabulated(ScalarPrior::gaussian(), s), 1e-5}};
    for (const auto& [denoiser, tolerance] : made) {
      std::vector<double> x;
      EXPECT_NEAR(denoise(denoiser, r, tau, x), variance, tolerance * variance) << tau;
      for (Index j = 0; j < 4; ++j) {
        EXPECT_NEAR(x[static_cast<std::size_t>(j)], expected[j], tolerance * std::abs(expected[j]))
            << tau << " " << j;
      }
      EXPECT_EQ(x[3], 0.0);
    }
  }
}

TEST(Denoiser, ExactIsThePosteriorOfEachCoordinate) {
  const auto prior = skewed_samples();
  const Vector s{{1.2, std::sqrt(2.0 - 1.44)}};
  std::vector<double> x;
  const double variance = denoise(Denoiser::exact(prior, s), {0.4, -1.0}, 0.3, x);
  const auto a = prior.posterior(0.4 / s[0], 0.3 / (s[0] * s[0]));
  const auto b = prior.posterior(-1.0 / s[1], 0.3 / (s[1] * s[1]));
  EXPECT_NEAR(x[0], s[0] * a.mean, 1e-14);  // rounding
  EXPECT_NEAR(x[1], s[1] * b.mean, 1e-14);
  EXPECT_NEAR(variance, 0.5 * (s[0] * s[0] * a.variance + s[1] * s[1] * b.variance), 1e-14);
}

// The accuracy that the header states for noise from 0.03 to 100: means to 1e-3, the error they
// lead to within 1e-4 of the least.
TEST(Denoiser, TablesLoseNothingThatMatters) {
  const Vector ones = Vector::Ones(4096);
  for (const auto& prior : all_priors()) {
    const auto exact = Denoiser::exact(prior), tabulated = Denoiser::tabulated(prior);
    for (const double tau : {0.032, 0.11, 0.31, 0.57, 1.7, 90.0}) {
      const Sample sample = observe(prior, ones, tau);
      std::vector<float> x, y;
      const double said = denoise(tabulated, sample.r, tau, x);
      const double best = denoise(exact, sample.r, tau, y);
      EXPECT_LT(largest_distance(x, y), 1e-3) << prior.name() << " " << tau;
      EXPECT_NEAR(said, best, 3e-4 * best) << prior.name() << " " << tau;
      const double error = square_distance(y, sample.x);
      EXPECT_NEAR(square_distance(x, sample.x), error, 1e-4 * error) << prior.name() << " " << tau;
    }
  }
}

// Levels from t = 6e-4 to 4e5 in one vector: the first coordinates are far above the noise, the
// last far below, beyond the tables.
TEST(Denoiser, TablesHoldForUnequalDeviations) {
  const Vector s = falling_deviations(1000, 1.5);
  for (const auto& prior : all_priors()) {
    const auto exact = Denoiser::exact(prior, s), tabulated = Denoiser::tabulated(prior, s);
    const Sample sample = observe(prior, s, 0.4);
    std::vector<float> x, y;
    const double said = denoise(tabulated, sample.r, 0.4, x);
    const double best = denoise(exact, sample.r, 0.4, y);
    // 1e-3 in units of the deviation, twice that where t < 0.01 and bins show one by one.
    for (std::size_t j = 0; j < x.size(); ++j) {
      const double scale = s[static_cast<Index>(j)];
      EXPECT_NEAR(x[j], y[j], 2e-3 * scale) << prior.name() << " " << j;
    }
    EXPECT_NEAR(said, best, 1e-3 * best) << prior.name();
  }
}

TEST(Denoiser, BeyondTheTablesItIsStillThePosterior) {
  const auto prior = ScalarPrior::sparse_laplace(0.2);
  const auto exact = Denoiser::exact(prior), tabulated = Denoiser::tabulated(prior);
  const std::vector<double> r{0.0, 1.0, -300.0};
  for (const double tau : {3e4, 1e7}) {
    std::vector<double> x, y;
    // For t > 1e4 what is left of the prior's shape is of order E x⁴/t of the linear answer.
    EXPECT_NEAR(denoise(tabulated, r, tau, x) / denoise(exact, r, tau, y), 1.0, 0.03) << tau;
    for (std::size_t j = 0; j < 3; ++j) EXPECT_NEAR(x[j], y[j], 0.03 * std::abs(y[j])) << tau;
  }
  std::vector<double> x;
  (void)denoise(tabulated, {1e6, -1e6}, 0.5, x);
  // Far out the slab shifts by its own slope: w - τ √(2p) for the Laplace slab.
  EXPECT_NEAR(x[0], 1e6 - 0.5 * std::sqrt(2.0 * 5.0 * 0.04), 10.0);  // 1e-5: float slopes
  EXPECT_NEAR(x[1], -x[0], 1.0);
}

TEST(Denoiser, IsAFunctionOfTheVectorForAnyThread) {
  const auto prior = skewed_samples();
  const Vector s = falling_deviations(300, 0.7);
  const Sample sample = observe(prior, s, 0.5);
  const auto shared = Denoiser::tabulated(prior, s);
  std::vector<std::vector<float>> x(4);
  std::vector<double> variance(4);
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < 4; ++k) {  // all of them find the tables empty
    threads.emplace_back([&, k] { variance[k] = denoise(shared, sample.r, 0.5, x[k]); });
  }
  for (auto& thread : threads) thread.join();
  const auto fresh = Denoiser::tabulated(prior, s);
  std::vector<float> other, again;
  (void)denoise(fresh, sample.r, 0.01, other);  // levels made in another order
  const double expected = denoise(fresh, sample.r, 0.5, again);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(x[k], again);
    EXPECT_EQ(variance[k], expected);
  }
}

TEST(Denoiser, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  EXPECT_THROW((void)Denoiser::exact(prior, Vector::Constant(3, 1.1)), InvalidArgument);
  EXPECT_THROW((void)Denoiser::tabulated(prior, Vector{{-1.0, 1.0}}), InvalidArgument);
  for (const auto& denoiser :
       {Denoiser::exact(prior, Vector::Ones(2)), Denoiser::tabulated(prior, Vector::Ones(2))}) {
    std::vector<double> x;
    EXPECT_EQ(denoiser.dimension(), 2);
    EXPECT_THROW((void)denoise(denoiser, {1.0}, 1.0, x), InvalidArgument);
    EXPECT_THROW((void)denoise(denoiser, {1.0, 2.0}, 0.0, x), InvalidArgument);
    EXPECT_THROW((void)denoise(denoiser, {1.0, std::nan("")}, 1.0, x), InvalidArgument);
    EXPECT_THROW((void)denoise(denoiser, std::vector<double>{}, 1.0, x), InvalidArgument);
  }
}

}  // namespace
}  // namespace twofold::decode
