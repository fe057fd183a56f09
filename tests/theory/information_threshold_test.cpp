#include "twofold/theory/information_threshold.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::theory {
namespace {

using data::ScalarPrior;

InformationPoint fixed_point(const ScalarPrior& prior, double rate) {
  return information_point(
      state_evolution_fixed_point(prior, rate, {StateEvolutionStart::Uninformative, 1e-13, 2000})
          .value);
}

TEST(InformationFunctional, IsStationaryAtFixedPoints) {
  for (const auto& prior : {ScalarPrior::sparse_gaussian(0.3), ScalarPrior::sparse_laplace(0.3),
                            ScalarPrior::sparse_rademacher(0.8)}) {
    for (const double r : {0.5, 1.0, 1.5}) {
      const auto at = fixed_point(prior, r);
      double change = 0.0;
      for (double InformationPoint::*field : {&InformationPoint::a, &InformationPoint::c,
                                              &InformationPoint::b, &InformationPoint::e}) {
        auto up = at, down = at, off = at;
        const double step = 1e-3 * at.*field;
        up.*field += step;
        down.*field -= step;
        off.*field *= 1.3;
        const double slope =
            (information_functional(prior, r, up) - information_functional(prior, r, down)) /
            (2 * step);
        // Third differences: 1e-6 relative; quadrature 1e-9 over the step.
        EXPECT_NEAR(slope * at.*field, 0.0, 1e-5) << prior.name() << " r = " << r;
        change = std::max(change, std::abs(information_functional(prior, r, off) -
                                           information_functional(prior, r, at)));
      }
      // Far from the point it does change, though not with every variable: at the fixed point of an
      // orthogonal encoder c or e drops out.
      EXPECT_GT(change, 1e-4) << prior.name() << " r = " << r;
    }
  }
}

// A full bit per code bit: the bits of a Gaussian under orthogonal rows are independent and fair.
TEST(InformationFunctional, IsOneBitPerCodeBitForGaussianData) {
  for (const double r : {0.25, 0.5, 1.0}) {
    const auto at = fixed_point(ScalarPrior::gaussian(), r);
    EXPECT_NEAR(information_functional(ScalarPrior::gaussian(), r, at), r * std::numbers::ln2,
                1e-8);  // quadrature
  }
  // Otherwise less, and never more than the code has room for.
  for (const double r : {1.5, 3.0}) {
    const double theta =
        information_functional(ScalarPrior::gaussian(), r, fixed_point(ScalarPrior::gaussian(), r));
    EXPECT_LT(theta, r * std::numbers::ln2);
    EXPECT_GT(theta, std::numbers::ln2);
  }
}

TEST(BayesLimit, EqualsTheDecoderWhereOneFixedPointExists) {
  for (const auto& prior :
       {ScalarPrior::sparse_gaussian(0.1), ScalarPrior::sparse_gaussian(0.3),
        ScalarPrior::sparse_laplace(0.3), ScalarPrior::sparse_mixture(0.3, 0.8)}) {
    for (const double r : {0.5, 1.5}) {
      const auto limit = bayes_limit(prior, r);
      EXPECT_FALSE(limit.hard) << prior.name() << r;
      EXPECT_EQ(limit.bayes, limit.algorithmic);
      EXPECT_NEAR(limit.informative, limit.algorithmic, 1e-6) << prior.name() << r;
      EXPECT_FALSE(limit.bayes_information.has_value());
      EXPECT_EQ(limit.status, numerics::SolveStatus::Converged);
    }
  }
}

TEST(BayesLimit, FindsTheHardPhase) {
  const auto prior = ScalarPrior::sparse_rademacher(0.3);
  const auto hard = bayes_limit(prior, 1.5);
  EXPECT_TRUE(hard.hard);
  EXPECT_EQ(hard.bayes, 0.0);
  EXPECT_NEAR(hard.algorithmic, 0.13369, 2e-5);  // the digits known
  // Perfect recovery carries the entropy of x.
  const double entropy = -0.7 * std::log(0.7) - 0.3 * std::log(0.15);
  EXPECT_NEAR(hard.bayes_information.value(), entropy, 1e-12);
  const auto below = bayes_limit(prior, 1.3);
  EXPECT_FALSE(below.hard);
  EXPECT_GT(below.bayes, 0.1);
}

// Known to 0.1 in the rate: the smallest rate on that grid at which recovery is possible.
TEST(RecoveryThresholds, AreWhereTheyAreKnownToBe) {
  const double known[][3] = {{0.1, 0.7, 0.8}, {0.3, 1.4, 1.6}, {0.5, 1.9, 2.3}, {0.8, 2.2, 2.7}};
  for (const auto& [p, information, algorithmic] : known) {
    const auto found = recovery_thresholds(ScalarPrior::sparse_rademacher(p), 0.02);
    EXPECT_EQ(found.status, numerics::SolveStatus::Converged) << p;
    // On the grid point or at most one step below it, and half the bisection's last bracket.
    EXPECT_NEAR(found.value.information, information - 0.05, 0.061) << p;
    EXPECT_NEAR(found.value.algorithmic, algorithmic - 0.05, 0.061) << p;
    const double bits = ScalarPrior::sparse_rademacher(p).entropy().value() / std::numbers::ln2;
    EXPECT_GT(found.value.information, bits) << p;  // no code is shorter than the entropy
  }
}

TEST(InformationThreshold, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  EXPECT_THROW((void)information_functional(prior, 1.0, {0, 1, 1, 1}), InvalidArgument);
  EXPECT_THROW((void)information_functional(prior, 1.0, {1, 1, 0.5, 1}), InvalidArgument);
  EXPECT_THROW((void)information_functional(prior, -1.0, {1, 1, 1, 1}), InvalidArgument);
  EXPECT_THROW((void)recovery_thresholds(prior), InvalidArgument);
  EXPECT_THROW((void)recovery_thresholds(ScalarPrior::sparse_rademacher(0.5), 0.0),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
