#include "twofold/decode/unrolled_denoiser.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

#include "twofold/core/error.hpp"

namespace twofold::decode {
namespace {

using data::ScalarPrior;

const std::vector<UnrolledDenoiser> kDenoisers{{DenoiserFamily::Gate, {0.8, 1.7, 0.6}, 0.0},
                                               {DenoiserFamily::Tanh, {0.9, -0.4, 1.3}, 0.0},
                                               {DenoiserFamily::Table, {0.1, 0.3, 0.9, 1.5}, 0.5}};

// Inside and beyond the table, away from its knots.
const std::array kPlaces{-3.2, -0.7, -0.1, 0.2, 0.8, 1.9, 4.1};

TEST(UnrolledDenoiser, SlopeAndParameterGradientMatchCentralDifferences) {
  constexpr double h = 1e-5;
  for (const auto& f : kDenoisers) {
    for (const double u : kPlaces) {
      // Truncation h² times a third derivative below 10, rounding 1e-16/h: 1e-9, 1e-11.
      EXPECT_NEAR(f.at(u).slope, (f.at(u + h).value - f.at(u - h).value) / (2 * h), 1e-8) << u;
      std::vector<double> gradient(f.parameters.size(), 0.0);
      f.add_gradient(u, -2.0, gradient.data());
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        auto up = f, down = f;
        up.parameters[i] += h;
        down.parameters[i] -= h;
        const double difference = (up.at(u).value - down.at(u).value) / (2 * h);
        // The same, times the weight and up to u⁴ = 300 from a third derivative in γ.
        EXPECT_NEAR(gradient[i], -2.0 * difference, 1e-6) << u << " " << i;
      }
    }
  }
}

TEST(UnrolledDenoiser, IsOddAndATableIsLinearBeyondItsEnd) {
  for (const auto& f : kDenoisers) {
    for (const double u : kPlaces) {
      EXPECT_EQ(f.at(-u).value, -f.at(u).value);
      EXPECT_EQ(f.at(-u).slope, f.at(u).slope);
    }
    EXPECT_EQ(f.at(0.0).value, 0.0);
  }
  const auto& table = kDenoisers[2];
  EXPECT_NEAR(table.at(1.25).value, 0.5 * (0.3 + 0.9), 1e-15);       // rounding
  EXPECT_NEAR(table.at(5.0).value, 1.5 + 3.0 * (0.6 / 0.5), 1e-14);  // rounding
}

TEST(UnrolledDenoiser, GateIsThePosteriorMeanOfTheSparseGaussian) {
  for (const double p : {0.02, 0.3, 1.0}) {
    const auto prior = ScalarPrior::sparse_gaussian(p);
    for (const double tau : {1e-3, 0.1, 2.0}) {
      const auto gate = sparse_gaussian_gate(p, tau);
      const auto fitted = fit_denoiser(DenoiserFamily::Gate, prior, tau);
      for (const double u : {-7.0, -1.0, 0.05, 0.4, 1.5, 3.0, 12.0}) {
        // Rounding of an exponent γu² - β of up to 1e5, in a tail where the gate is open or shut;
        // 1e-10 is the accuracy of the posterior mean.
        const double mean = prior.posterior(u, tau).mean;
        EXPECT_NEAR(gate.at(u).value, mean, 1e-10 * (1.0 + std::abs(mean))) << p << tau << u;
        EXPECT_NEAR(fitted.at(u).value, mean, 1e-10 * (1.0 + std::abs(mean))) << p << tau << u;
      }
    }
  }
}

// At the minimum the error is orthogonal to each parameter's derivative, seen by an independent
// quadrature.
TEST(UnrolledDenoiser, FitIsAMinimumOfTheDistanceToThePosteriorMean) {
  struct Case {
    DenoiserFamily family;
    ScalarPrior prior;
  };
  for (const auto& [family, prior] :
       {Case{DenoiserFamily::Tanh, ScalarPrior::sparse_gaussian(0.3)},
        Case{DenoiserFamily::Tanh, ScalarPrior::sparse_rademacher(0.8)},
        Case{DenoiserFamily::Gate, ScalarPrior::sparse_laplace(0.3)},
        Case{DenoiserFamily::Gate, ScalarPrior::sparse_mixture(0.3, 0.8)}}) {
    const auto channel = prior.channel(0.4);
    const auto f = fit_denoiser(family, prior, 0.4);
    const auto inner = [&](std::size_t i) {
      return channel.mean([&](double w, const data::ScalarPosterior& posterior) {
        std::array<double, 3> gradient{};
        f.add_gradient(w, 1.0, gradient.data());
        return gradient[i] * (f.at(w).value - posterior.mean);
      });
    };
    const double distance = channel.mean([&](double w, const data::ScalarPosterior& posterior) {
      return std::pow(f.at(w).value - posterior.mean, 2);
    });
    // Far below the variance 1: the fit says something.
    EXPECT_LT(distance, 0.02) << prior.name();
    for (std::size_t i = 0; i < 3; ++i) {
      // 512 nodes of the midpoint rule, second order: 1e-5 of an integrand of order 0.1.
      EXPECT_NEAR(inner(i), 0.0, 1e-5) << prior.name() << " " << i;
    }
  }
}

TEST(UnrolledDenoiser, TableSamplesThePosteriorMean) {
  const auto prior = ScalarPrior::sparse_laplace(0.3);
  const auto f = fit_denoiser(DenoiserFamily::Table, prior, 0.5, {.knots = 16, .range = 4.0});
  ASSERT_EQ(f.parameters.size(), 16U);
  for (const double u : {-4.0, 0.25, 1.0, 3.75}) {
    EXPECT_NEAR(f.at(u).value, prior.posterior(u, 0.5).mean, 1e-14);  // rounding
  }
}

TEST(UnrolledDenoiser, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  EXPECT_THROW((void)sparse_gaussian_gate(0.0, 1.0), InvalidArgument);
  EXPECT_THROW((void)sparse_gaussian_gate(0.5, -1.0), InvalidArgument);
  EXPECT_THROW((void)naive_denoiser(DenoiserFamily::Table, {.knots = 0}), InvalidArgument);
  EXPECT_THROW((void)fit_denoiser(DenoiserFamily::Table, prior, 1.0, {.range = 0.0}),
               InvalidArgument);
  EXPECT_THROW((void)fit_denoiser(DenoiserFamily::Gate, prior, 0.0), InvalidArgument);
}

}  // namespace
}  // namespace twofold::decode
