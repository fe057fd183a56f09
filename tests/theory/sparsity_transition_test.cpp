#include "twofold/theory/sparsity_transition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/theory/one_bit_limit.hpp"

namespace twofold::theory {
namespace {

using data::ScalarPrior;
using std::numbers::pi;

// The tables below are the values derived in docs/theory/one_bit.md, computed independently.

TEST(SparsityTransition, CriticalSparsityHasTheTabulatedValues) {
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_rademacher(0.4)), 2.0 / pi, 1e-14);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_gaussian(0.4)), 1.0, 1e-14);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_laplace(0.4)), 4.0 / pi, 1e-14);
  // Three digits each, the last of them computed from three digits of E|u|; a = 1 is the uniform
  // slab.
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_beta(0.4, 1.0)), 0.849, 1e-3);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_beta(0.4, 0.5)), 0.785, 1e-3);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_beta(0.4, 0.1)), 0.680, 1e-3);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_mixture(0.4, 0.5)), 0.936, 1e-3);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_mixture(0.4, 0.8)), 0.782, 1e-3);
  EXPECT_NEAR(critical_sparsity(ScalarPrior::sparse_mixture(0.4, 0.95)), 0.670, 1e-3);
}

// The definition: R_Id crosses R_Gauss exactly at p_c, at every rate up to 1.
TEST(SparsityTransition, IdentityMeetsTheRotationAtTheCriticalSparsity) {
  for (const double rate : {0.3, 1.0}) {
    const double p = critical_sparsity(ScalarPrior::sparse_mixture(0.4, 0.8));
    const ScalarPrior at = ScalarPrior::sparse_mixture(p, 0.8);
    EXPECT_NEAR(identity_limit(at, rate), gaussian_limit(rate), 1e-14);  // rounding
    EXPECT_GT(identity_limit(ScalarPrior::sparse_mixture(p - 0.01, 0.8), rate),
              gaussian_limit(rate));
  }
  EXPECT_NEAR(identity_limit(ScalarPrior::sparse_rademacher(0.5), 1.0), 0.5, 1e-15);
}

TEST(SparsityTransition, StabilityEndsWhereTheFourthMomentIsThree) {
  EXPECT_NEAR(stability_sparsity(ScalarPrior::sparse_rademacher(0.5)), 1.0 / 3.0, 1e-15);
  EXPECT_NEAR(stability_sparsity(ScalarPrior::sparse_gaussian(0.5)), 1.0, 1e-15);
  EXPECT_NEAR(stability_sparsity(ScalarPrior::sparse_laplace(0.5)), 2.0, 1e-14);
  EXPECT_TRUE(rotation_is_stable(ScalarPrior::sparse_rademacher(0.33)));
  EXPECT_FALSE(rotation_is_stable(ScalarPrior::sparse_rademacher(0.34)));
  EXPECT_TRUE(rotation_is_stable(ScalarPrior::sparse_laplace(1.0)));
}

TEST(TiltedRotation, BestMemberHasTheTabulatedValues) {
  const std::vector<std::pair<double, double>> table{
      {0.3, 0.3634}, {0.36, 0.3631}, {0.4, 0.3606}, {0.45, 0.3523},
      {0.5, 0.3387}, {0.55, 0.3203}, {0.6, 0.2979}, {2.0 / pi, 0.2793},
      {0.7, 0.2427}, {0.8, 0.1745},  {0.9, 0.0936}};
  for (const auto& [p, value] : table) {
    // Four digits.
    EXPECT_NEAR(best_tilted_rotation(ScalarPrior::sparse_rademacher(p)).loss, value, 6e-5) << p;
  }
}

// Rademacher atoms: a = √p (2Φ(k/√p) − 1), b = 2(1 − p)φ(0) + 2pφ(k/√p).
TEST(TiltedRotation, IsClosedForAtoms) {
  for (const double p : {0.2, 0.5, 1.0}) {
    for (const double k : {1e-3, 0.1, 1.0, 4.0, 300.0}) {
      const TiltedRotation value =
          tilted_rotation(ScalarPrior::sparse_rademacher(p), std::atan2(1.0, k));
      const double u = k / std::sqrt(p), peak = 2.0 / std::sqrt(2.0 * pi);
      // The documented accuracy.
      EXPECT_NEAR(value.axis, std::sqrt(p) * std::erf(u / std::numbers::sqrt2), 1e-9) << k;
      EXPECT_NEAR(value.others, peak * (1.0 - p + p * std::exp(-0.5 * u * u)), 1e-9) << k;
    }
  }
}

// Gaussian x with variance 1: every member is a rotation of the same law, R = R_Gauss.
TEST(TiltedRotation, CannotHelpGaussianData) {
  for (const double angle : {1e-3, 0.3, 1.0, 1.5}) {
    EXPECT_NEAR(tilted_rotation(ScalarPrior::gaussian(), angle).loss, gaussian_limit(1.0), 1e-9);
  }
}

TEST(TiltedRotation, EndsAreTheLimits) {
  for (const ScalarPrior& prior :
       {ScalarPrior::sparse_rademacher(0.5), ScalarPrior::sparse_gaussian(0.3),
        ScalarPrior::sparse_laplace(0.6), ScalarPrior::sparse_beta(0.7, 0.5)}) {
    const double spike = 1.0 - prior.sparsity(), size = prior.mean_abs();
    const double limit = 1.0 - size * size - 2.0 / pi * spike * spike;
    EXPECT_NEAR(tilted_rotation(prior, 0.0).loss, limit, 1e-14) << prior.name();
    // The next order in θ is the density of the slab at 0, below 1, times 2bθ.
    EXPECT_NEAR(tilted_rotation(prior, 2e-6).loss, limit, 1e-5) << prior.name();
    EXPECT_NEAR(tilted_rotation(prior, 0.5 * pi).loss, gaussian_limit(1.0), 1e-14) << prior.name();
    // Order k⁴.
    EXPECT_NEAR(tilted_rotation(prior, 0.5 * pi - 2e-3).loss, gaussian_limit(1.0), 1e-9);
  }
}

// a² + b² = (2/π)(1 + k⁴(3 − E x⁴)/12 + O(k⁶)): the sign of the excess decides about stability.
TEST(TiltedRotation, StabilityIsDecidedByTheFourthMoment) {
  constexpr double k = 0.05;
  for (const ScalarPrior& prior :
       {ScalarPrior::sparse_rademacher(0.2), ScalarPrior::sparse_rademacher(0.5),
        ScalarPrior::sparse_gaussian(0.4), ScalarPrior::sparse_laplace(0.9),
        ScalarPrior::sparse_mixture(0.9, 0.8), ScalarPrior::sparse_beta(0.8, 0.5)}) {
    const double gain = gaussian_limit(1.0) - tilted_rotation(prior, std::atan2(1.0, k)).loss;
    const double expected = 2.0 / pi * std::pow(k, 4) * (3.0 - prior.fourth_moment()) / 12.0;
    // The next order is (2/π) k⁶ (E x⁶/120 + (E x⁴)²/36 − E x⁴/8), below k⁶ for these priors and a
    // tenth of the gain at most; 2e-9 is the accuracy of the quadrature.
    EXPECT_NEAR(gain, expected, std::pow(k, 6) + 2e-9) << prior.name();
    EXPECT_EQ(gain < 0.0, rotation_is_stable(prior)) << prior.name();
  }
}

TEST(TiltedRotation, StableRotationsStayTheBestBelowTheThreshold) {
  for (const ScalarPrior& prior :
       {ScalarPrior::sparse_rademacher(0.3), ScalarPrior::sparse_gaussian(0.3),
        ScalarPrior::sparse_laplace(0.5)}) {
    // The documented accuracy.
    EXPECT_NEAR(best_tilted_rotation(prior).loss, gaussian_limit(1.0), 1e-9) << prior.name();
  }
}

TEST(SparsityTransition, RefusesWhatIsOutsideItsDomain) {
  const ScalarPrior prior = ScalarPrior::sparse_gaussian(0.3);
  EXPECT_THROW((void)identity_limit(prior, 1.5), InvalidArgument);
  EXPECT_THROW((void)identity_limit(prior, 0.0), InvalidArgument);
  EXPECT_THROW((void)tilted_rotation(prior, -0.1), InvalidArgument);
  EXPECT_THROW((void)tilted_rotation(prior, 1.6), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
