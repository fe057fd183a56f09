#include "twofold/theory/scaled_state_evolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::theory {
namespace {

using data::ScalarPrior;

// Relative error of an interpolated mmse, as the header states it.
constexpr double kTableError = 2e-6;

Vector power_law(Index d, double exponent) {
  Vector variances(d);
  for (Index i = 0; i < d; ++i) variances[i] = std::pow(static_cast<double>(i + 1), -exponent);
  return variances;
}

ScalarPrior some_samples() {
  const RandomStream stream(3, "scaled state evolution");
  const auto laplace = ScalarPrior::sparse_laplace(0.5);
  std::vector<double> samples(600);
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i] = laplace.sample(stream, i);
  return ScalarPrior::empirical(samples);
}

TEST(ScaledStateEvolution, IsTheStateEvolutionForEqualVariances) {
  for (const auto& prior : {ScalarPrior::sparse_gaussian(0.1), ScalarPrior::sparse_rademacher(0.8),
                            ScalarPrior::sparse_laplace(0.3), some_samples()}) {
    for (const double rate : {0.5, 1.0, 1.5}) {
      const auto one = state_evolution(prior, rate, 4);
      const auto scaled = scaled_state_evolution(prior, Vector::Ones(3), rate, 4);
      for (std::size_t t = 0; t < 4; ++t) {
        // An error of a layer moves the next by less than itself, times at most 1/(1 - slope) ~ 3.
        EXPECT_NEAR(scaled[t].mse, one[t].mse, 3 * kTableError * one[t].mse) << prior.name() << t;
        EXPECT_NEAR(scaled[t].tau, one[t].tau, 10 * kTableError * one[t].tau) << prior.name() << t;
      }
    }
  }
}

TEST(ScaledStateEvolution, MeanOverCoordinatesIsTheDirectSum) {
  Vector variances = power_law(60, 2.3);
  variances /= variances.mean();
  for (const auto& prior : {ScalarPrior::sparse_gaussian(0.05), ScalarPrior::sparse_rademacher(0.3),
                            ScalarPrior::sparse_mixture(0.5, 0.9), some_samples()}) {
    const auto layer = scaled_state_evolution(prior, variances, 1.0, 1).front();
    double sum = 0.0, weighted = 0.0;
    Vector weights(60);
    for (Index i = 0; i < 60; ++i) {
      weights[i] = 1.0 + 0.1 * static_cast<double>(i);
      const double mmse = prior.mmse(layer.tau / variances[i]);
      sum += variances[i] * mmse;
      weighted += weights[i] * mmse;
    }
    EXPECT_NEAR(layer.mse, sum / 60, kTableError * layer.mse) << prior.name();
    const double error = scaled_error(prior, variances, weights, layer.tau);
    EXPECT_NEAR(error, weighted / weights.sum(), kTableError * error) << prior.name();
  }
}

// Gaussian, r >= 1: Σ s_i² c/(c + λ_i), which one_bit_limit computes without any prior.
TEST(ScaledStateEvolution, FirstLayerOfGaussiansIsTheBestLinearDecoder) {
  for (const double exponent : {0.5, 1.0, 1.5, 2.0}) {
    const Vector variances = power_law(256, exponent);
    for (const Index bits : {256, 512}) {
      const Vector energies = best_scaling(variances, bits).share;
      const double rate = static_cast<double>(bits) / 256.0;
      const Vector encoded = energies / rate;
      const auto layer = scaled_state_evolution(ScalarPrior::gaussian(), encoded, rate, 1).front();
      const double error = scaled_error(ScalarPrior::gaussian(), encoded, variances, layer.tau);
      const double expected = scaling_loss(variances, energies);
      EXPECT_NEAR(error, expected, kTableError * expected) << exponent << " " << bits;
    }
  }
}

// Gaussian and r < 1: layer 1 sees τ = π/2r - 1, so coordinate i keeps v τ/(v + τ).
TEST(ScaledStateEvolution, FirstLayerBelowRateOneIsThatOfIsotropicRows) {
  Vector variances = power_law(100, 1.0);
  variances /= variances.mean();
  const auto layers = scaled_state_evolution(ScalarPrior::gaussian(), variances, 0.5, 2);
  const double tau = first_layer_noise(0.5);
  EXPECT_NEAR(layers[0].tau, tau, 1e-13 * tau);  // rounding
  const double expected = (variances.array() * tau / (variances.array() + tau)).mean();
  EXPECT_NEAR(layers[0].mse, expected, kTableError * expected);
  EXPECT_LT(layers[1].mse, 0.99 * layers[0].mse);  // equal variances would gain nothing
}

// Simulated at d = n = 512. Finite vectors cost an error of relative order 1/m, with m effective
// coordinates m = (Σ v)²/Σ v² (400 down to 15 here); we allow 3/m, and half of the last digit.
TEST(ScaledStateEvolution, SecondLayerOfPowerLawsIsAsSimulated) {
  const double expected[][2] = {{0.5, 0.3307}, {1.0, 0.1976}, {1.5, 0.0622}, {2.0, 0.0169}};
  for (const auto& [exponent, simulated] : expected) {
    const Vector variances = power_law(512, exponent);
    const Vector encoded = best_scaling(variances, 512).share;
    const auto layers = scaled_state_evolution(ScalarPrior::gaussian(), encoded, 1.0, 2);
    const double error = scaled_error(ScalarPrior::gaussian(), encoded, variances, layers[1].tau);
    const double effective = encoded.sum() * encoded.sum() / encoded.squaredNorm();
    EXPECT_NEAR(error, simulated, 5e-5 + 3.0 / effective * simulated) << exponent;
    // The first layer's error, from which the second has to gain, is 0.1 % to 24 % higher.
    EXPECT_LT(error, scaled_error(ScalarPrior::gaussian(), encoded, variances, layers[0].tau));
  }
}

TEST(ScaledStateEvolution, NothingIsKnownOfACoordinateThatIsNotEncoded) {
  const auto prior = ScalarPrior::sparse_gaussian(0.2);
  const Vector variances{{2.0, 0.0}};
  const auto layer = scaled_state_evolution(prior, variances, 1.0, 1).front();
  const double mmse = prior.mmse(layer.tau / 2.0);
  EXPECT_NEAR(layer.mse, mmse, kTableError * mmse);  // v = 0 adds nothing to what is to be found
  const double error = scaled_error(prior, variances, Vector{{1.0, 3.0}}, layer.tau);
  EXPECT_NEAR(error, (mmse + 3.0) / 4.0, kTableError);
  // Far weaker than any noise: as good as not encoded.
  EXPECT_NEAR(scaled_error(prior, Vector{{1e-300}}, Vector{{1.0}}, 1.0), 1.0, 1e-15);
}

TEST(ScaledStateEvolution, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  const Vector one = Vector::Ones(2);
  EXPECT_THROW((void)scaled_state_evolution(prior, Vector(), 1.0, 1), InvalidArgument);
  EXPECT_THROW((void)scaled_state_evolution(prior, Vector{{2.0, 1.0}}, 1.0, 1), InvalidArgument);
  EXPECT_THROW((void)scaled_state_evolution(prior, Vector{{3.0, -1.0}}, 1.0, 1), InvalidArgument);
  EXPECT_THROW((void)scaled_state_evolution(prior, one, 0.0, 1), InvalidArgument);
  EXPECT_THROW((void)scaled_state_evolution(prior, one, 1.0, 0), InvalidArgument);
  EXPECT_THROW((void)scaled_error(prior, one, Vector::Ones(3), 1.0), InvalidArgument);
  EXPECT_THROW((void)scaled_error(prior, one, Vector::Zero(2), 1.0), InvalidArgument);
  EXPECT_THROW((void)scaled_error(prior, one, one, 0.0), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
