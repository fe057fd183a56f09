#include "twofold/theory/ri_gamp_evolution.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/rectangular_cumulants.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::theory {
namespace {

using data::ScalarPrior;

const double kC1 = std::sqrt(2.0 / 3.14159265358979323846);

numerics::Solved<std::vector<model::RiGampScalars>> orthogonal(const ScalarPrior& prior,
                                                               double rate, int layers) {
  return ri_gamp_evolution(prior, rate, model::orthogonal_cumulants(rate, 2 * layers + 4),
                           {layers, 0.0, 1e12});
}

// For an orthogonal encoder the full-memory recursion is GVAMP, layer for layer.
TEST(RiGampEvolution, EqualsGvampForOrthogonalEncoders) {
  for (const auto& prior : {ScalarPrior::sparse_gaussian(0.3), ScalarPrior::sparse_gaussian(0.1),
                            ScalarPrior::sparse_laplace(0.3)}) {
    for (const double r : {0.5, 1.0, 1.5, 2.0}) {
      const auto memory = orthogonal(prior, r, 4);
      const auto layers = state_evolution(prior, r, 4);
      ASSERT_EQ(memory.value.size(), layers.size());
      for (std::size_t t = 0; t < layers.size(); ++t) {
        // The quadrature's 1e-9 times the condition number of Ω (9e4 at four layers), at worst.
        EXPECT_NEAR(memory.value[t].tau / layers[t].tau, 1.0, 1e-5) << prior.name() << r << t;
        EXPECT_NEAR(memory.value[t].mse / layers[t].mse, 1.0, 1e-5) << prior.name() << r << t;
        if (t + 1 < layers.size()) {
          EXPECT_NEAR(memory.value[t].v / layers[t + 1].vz, 1.0, 1e-5);
          EXPECT_NEAR(memory.value[t].ez / layers[t + 1].ez, 1.0, 1e-5);
        }
      }
    }
  }
}

TEST(RiGampEvolution, MemoryCollapsesToOneTermForOrthogonalEncoders) {
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  for (const double r : {0.5, 1.0, 1.5}) {
    const auto memory = orthogonal(prior, r, 5).value;
    const auto forms = layer_form(state_evolution(prior, r, 6), r);
    for (std::size_t t = 0; t < memory.size(); ++t) {
      const auto& layer = memory[t];
      const auto last = static_cast<Index>(t);
      // Stray terms vanish up to 1e-9 times the condition number.
      if (last > 0) {
        EXPECT_LT(layer.alpha.head(last).cwiseAbs().maxCoeff(), 2e-6) << r << t;
      }
      if (last > 1) {
        EXPECT_LT(layer.beta.head(last - 1).cwiseAbs().maxCoeff(), 2e-6) << r << t;
      }
      // In the layer form the first s is c1 y, here it is y.
      const double unit = t == 0 ? kC1 : 1.0;
      EXPECT_NEAR(layer.alpha[last], unit * forms[t + 1].alpha, 1e-5) << r << t;
      EXPECT_NEAR(layer.mixing[last], forms[t + 1].c, 1e-5 * forms[t + 1].c) << r << t;
      if (r <= 1.0) {
        EXPECT_NEAR(layer.weights[last], unit * forms[t].w, 1e-5 * forms[t].w) << r << t;
        if (t > 0) {
          EXPECT_NEAR(-layer.beta[last - 1] * layer.weights[last], forms[t].b, 1e-5 * forms[t].b)
              << r << t;
        }
      }
    }
  }
}

// Known to four digits: independent Gaussian rows, sparse Gaussian with p = 0.3, eight layers.
TEST(RiGampEvolution, GaussianEncoderHasItsKnownErrors) {
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  const double known[][2] = {{0.5, .6481}, {1.0, .3553}, {1.5, .1953}};
  for (const auto& [rate, error] : known) {
    const auto solved =
        ri_gamp_evolution(prior, rate, model::gaussian_cumulants(20), {8, 0.0, 1e9});
    EXPECT_EQ(solved.status, numerics::SolveStatus::Converged);
    EXPECT_EQ(solved.iterations, 8);
    EXPECT_NEAR(solved.value.back().mse, error, 6e-5) << rate;  // the digits given
    // First layer: matched filter of noise π/(2r).
    EXPECT_NEAR(solved.value.front().tau, 0.5 * 3.14159265358979 / rate, 1e-12) << rate;
  }
}

TEST(RiGampEvolution, CumulantsFromMomentsServeAsWell) {
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  const std::vector<double> moments(12, 1.0);  // B Bᵀ = I
  const auto given =
      ri_gamp_evolution(prior, 0.5, model::rectangular_cumulants(moments, 0.5), {4, 0.0, 1e12});
  const auto closed = orthogonal(prior, 0.5, 4);
  // Equal up to the rounding of cumulants of order 4^10 eps times the condition number.
  EXPECT_NEAR(given.value.back().mse, closed.value.back().mse, 1e-6);
}

TEST(RiGampEvolution, StopsWhenSettledOrIllConditioned) {
  const auto prior = ScalarPrior::sparse_gaussian(0.5);
  const auto kappa = model::orthogonal_cumulants(0.5, 60);
  const auto settled = ri_gamp_evolution(prior, 0.5, kappa, {20, 1e-3, 1e12});
  EXPECT_EQ(settled.status, numerics::SolveStatus::Converged);
  EXPECT_LT(settled.iterations, 20);
  const auto stopped = ri_gamp_evolution(prior, 0.5, kappa, {20, 0.0, 1e4});
  EXPECT_EQ(stopped.status, numerics::SolveStatus::MaxIterations);
  EXPECT_GT(stopped.residual, 1e4);
  EXPECT_EQ(stopped.value.size(), static_cast<std::size_t>(stopped.iterations));
}

TEST(RiGampEvolution, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  const std::vector<double> kappa{1.0};
  EXPECT_THROW((void)ri_gamp_evolution(prior, 0.0, kappa), InvalidArgument);
  EXPECT_THROW((void)ri_gamp_evolution(prior, 1.0, std::vector<double>{}), InvalidArgument);
  EXPECT_THROW((void)ri_gamp_evolution(prior, 1.0, std::vector<double>{2.0}), InvalidArgument);
  EXPECT_THROW((void)ri_gamp_evolution(prior, 1.0, kappa, {0, 0.0, 1e7}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
