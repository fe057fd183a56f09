#include "twofold/theory/state_evolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "twofold/core/error.hpp"
#include "twofold/model/sign_channel.hpp"

namespace twofold::theory {
namespace {

using data::ScalarPrior;

/// Errors of layers 1, 2, 3 and of the fixed point, known to five digits after the point;
/// negative: not known.
struct Entry {
  double rate;
  double layer[3];
  double fixed_point;
};

void expect_table(const ScalarPrior& prior, const std::vector<Entry>& table) {
  for (const auto& entry : table) {
    const auto layers = state_evolution(prior, entry.rate, 3);
    for (std::size_t t = 0; t < 3; ++t) {
      if (entry.layer[t] < 0) continue;
      // Half a unit of the last digit of the table, and its own quadrature error.
      EXPECT_NEAR(layers[t].mse, entry.layer[t], 2e-5)
          << prior.name() << " r = " << entry.rate << " layer " << t + 1;
    }
    const auto fixed = state_evolution_fixed_point(prior, entry.rate);
    EXPECT_EQ(fixed.status, numerics::SolveStatus::Converged);
    EXPECT_LT(fixed.residual, 1e-9);
    EXPECT_NEAR(fixed.value.mse, entry.fixed_point, 2e-5) << prior.name() << " r = " << entry.rate;
  }
}

TEST(StateEvolution, SparseGaussianTable) {
  expect_table(ScalarPrior::sparse_gaussian(0.1), {{0.5, {.40213, .31291, .28669}, .27265},
                                                   {1.0, {.11749, .07933, .06806}, .06082},
                                                   {1.5, {.07624, .04140, .03146}, .02431},
                                                   {2.0, {.05566, .02570, .01779}, .01217}});
  expect_table(ScalarPrior::sparse_gaussian(0.3), {{0.5, {.61501, .59588, .59374}, .59346},
                                                   {1.0, {.25605, .24192, .24014}, .23986},
                                                   {1.5, {.17888, .14885, .14187}, .13925},
                                                   {2.0, {.13634, .10089, .09131}, .08637}});
  expect_table(ScalarPrior::sparse_gaussian(0.5), {{0.5, {.66363, .65925, .65910}, .65909},
                                                   {1.0, {.32151, .31908, .31901}, .31901},
                                                   {1.5, {.23469, .21686, .21432}, .21385},
                                                   {2.0, {.18393, .15604, .15017}, .14827}});
  expect_table(ScalarPrior::sparse_gaussian(0.05), {{1.0, {.06268, -1, -1}, .01476}});
  expect_table(ScalarPrior::sparse_gaussian(0.2), {{1.0, {.19980, -1, -1}, .16510}});
  expect_table(ScalarPrior::sparse_gaussian(0.8), {{1.0, {.35858, -1, -1}, .35855}});
}

TEST(StateEvolution, SparseRademacherTable) {
  expect_table(ScalarPrior::sparse_rademacher(0.8), {{0.5, {.67098, .66842, .66836}, .66835},
                                                     {1.0, {.30858, .30393, .30364}, .30362},
                                                     {1.5, {.21270, .18705, .18140}, .17951},
                                                     {2.0, {.15946, .12360, .11321}, .10715}});
  expect_table(ScalarPrior::sparse_rademacher(0.3), {{0.5, {.67996, .67957, -1}, .67957},
                                                     {1.0, {.32209, .31908, .31890}, .31889},
                                                     {1.5, {.20495, .16703, .15186}, .13369},
                                                     {2.0, {.13231, .06977, .03596}, 0.0}});
}

TEST(StateEvolution, SparseLaplaceAndMixtureTables) {
  expect_table(ScalarPrior::sparse_laplace(0.3), {{0.5, {.53570, .49366, .48678}, .48533},
                                                  {1.0, {.22047, .20055, .19758}, .19700},
                                                  {1.5, {.15747, .12686, .11998}, .11746},
                                                  {2.0, {.12235, .08872, .08017}, .07612}});
  expect_table(ScalarPrior::sparse_mixture(0.3, 0.8), {{0.5, {.66304, .65841, .65822}, .65822},
                                                       {1.0, {.29838, .29206, .29157}, .29153},
                                                       {1.5, {.20489, .17705, .17039}, .16782},
                                                       {2.0, {.15221, .11434, .10293}, .09588}});
}

TEST(StateEvolution, GaussianTable) {
  const double half = 1.0 - 1.0 / std::numbers::pi;  // 1 - 2r/π at r = 1/2
  expect_table(ScalarPrior::gaussian(), {{0.5, {half, half, half}, half},
                                         {1.0, {.36338, .36338, .36338}, .36338},
                                         {1.5, {.27564, -1, -1}, .26611},
                                         {2.0, {.22203, -1, -1}, .19968},
                                         {3.0, {.15985, -1, -1}, .12141},
                                         {4.0, {.12488, -1, -1}, .08025}});
}

TEST(StateEvolution, FirstLayerIsThePosteriorMeanDecoder) {
  const auto prior = ScalarPrior::sparse_laplace(0.4);
  for (const double r : {0.3, 1.0, 2.5}) {
    const auto first = state_evolution(prior, r, 1).front();
    EXPECT_NEAR(first.tau / first_layer_noise(r), 1.0, 1e-13) << r;  // rounding
    EXPECT_EQ(first.vz, 1.0);
    EXPECT_NEAR(first.ez, 1.0 - 2.0 / std::numbers::pi, 1e-15);
  }
  EXPECT_NEAR(first_layer_noise(0.5), std::numbers::pi - 1.0, 1e-15);
  EXPECT_NEAR(first_layer_noise(2.0), 0.25 * std::numbers::pi - 0.5, 1e-15);
}

TEST(StateEvolution, TheTwoFormsMeetAtRateOne) {
  const auto prior = ScalarPrior::sparse_gaussian(0.2);
  const auto below = state_evolution(prior, 1.0 - 1e-9, 8), at = state_evolution(prior, 1.0, 8),
             above = state_evolution(prior, 1.0 + 1e-9, 8);
  for (std::size_t t = 0; t < at.size(); ++t) {
    // The error has a slope of order 1 in r, times 1e-9, times a few layers.
    EXPECT_NEAR(below[t].mse, at[t].mse, 1e-7);
    EXPECT_NEAR(above[t].mse, at[t].mse, 1e-7);
  }
}

// The layer written with one term of memory carries the same information: its scalars give the
// recursion back.
TEST(StateEvolution, LayerFormIsTheSameRecursion) {
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  for (const double r : {0.5, 1.0, 2.0}) {
    const auto layers = state_evolution(prior, r, 5);
    const auto forms = layer_form(layers, r);
    for (std::size_t t = 0; t < layers.size(); ++t) {
      EXPECT_EQ(forms[t].v, layers[t].vz);
      EXPECT_EQ(forms[t].tau, layers[t].tau);
      if (t == 0) {
        EXPECT_EQ(forms[t].c, 0.0);
        continue;
      }
      // m is an unbiased belief: c - q = 1, since 1/ex is the sum of the two precisions. Rounding.
      EXPECT_NEAR(forms[t].c - forms[t].q, 1.0, 1e-12) << r << " " << t;
      EXPECT_EQ(forms[t].b, r <= 1.0 ? forms[t].c : 0.0);
    }
  }
}

TEST(StateEvolution, InformativeStartEndsNoHigher) {
  const auto prior = ScalarPrior::sparse_rademacher(0.3);
  const auto up =
      state_evolution_fixed_point(prior, 1.5, {StateEvolutionStart::Informative, 1e-9, 1000});
  EXPECT_EQ(up.status, numerics::SolveStatus::Converged);
  EXPECT_LT(up.value.mse, 1e-9);  // inside the hard phase: perfect recovery from the good side
}

TEST(StateEvolution, SaysWhenItWasCutShort) {
  const auto cut = state_evolution_fixed_point(ScalarPrior::sparse_gaussian(0.1), 1.0,
                                               {StateEvolutionStart::Uninformative, 1e-9, 3});
  EXPECT_EQ(cut.status, numerics::SolveStatus::MaxIterations);
  EXPECT_EQ(cut.iterations, 3);
  EXPECT_GT(cut.residual, 1e-9);
}

TEST(StateEvolution, RejectsBadInput) {
  const auto prior = ScalarPrior::gaussian();
  EXPECT_THROW((void)state_evolution(prior, 0.0, 1), InvalidArgument);
  EXPECT_THROW((void)state_evolution(prior, 1.0, 0), InvalidArgument);
  EXPECT_THROW((void)first_layer_noise(std::nan("")), InvalidArgument);
  EXPECT_THROW(
      (void)state_evolution_fixed_point(prior, 1.0, {StateEvolutionStart::Uninformative, 0.0, 10}),
      InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
