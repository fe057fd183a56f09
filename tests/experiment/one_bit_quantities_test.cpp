#include "experiment/one_bit_quantities.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "experiment/one_bit_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

// A few roundings of numbers near 1.
constexpr double kRounding = 1e-14;

ClaimOptions claim(std::string quantity) {
  ClaimOptions options;
  options.quantity = std::move(quantity);
  options.reason = "because";
  return options;
}

std::vector<Comparison> evaluate(const std::string& quantity, const OneBitResult& r) {
  const std::vector<OneBitResult> results{r};
  return judged_cases(results)[0].evaluate(claim(quantity));
}

std::string obstacle(const std::string& quantity, const OneBitResult& r) {
  const std::vector<OneBitResult> results{r};
  return judged_cases(results)[0].obstacle(claim(quantity));
}

std::vector<Claim> judged(std::vector<ClaimOptions> claims, std::vector<OneBitResult> results) {
  ExperimentSpec spec;
  spec.claims = std::move(claims);
  return judge_claims(spec, results);
}

// The same result as if its law had been fitted to rows of a file.
OneBitResult from_rows(double energy_spread, double effective_share, bool store_norm) {
  OneBitResult r = measured_layers();
  r.setting.fitted_prior = true;
  r.setting.energy_spread = energy_spread;
  r.setting.effective_share = effective_share;
  r.setting.spec.model.store_norm = store_norm;
  return r;
}

TEST(OneBitQuantities, AreListedOnceEachAndFoundByName) {
  std::set<std::string_view> names;
  for (const auto& [name, about] : one_bit_quantities()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(about.empty()) << name;
    if (name.find(":") == std::string_view::npos) {  // else it is about a sweep
      EXPECT_EQ(about_one_bit(name), about);
    }
  }
  expect_throw<InvalidArgument>([] { (void)about_one_bit("linaer"); },
                                {"'linaer'", "did you mean 'linear'?"});
}

TEST(OneBitQuantities, StandardErrorsEnterTheTolerance) {
  const OneBitResult r = measured_layers();
  const Comparison c = evaluate("linear", r).front();
  EXPECT_EQ(c.predicted, r.predicted.linear);
  EXPECT_NEAR(c.measured, r.predicted.linear + kPlus, kRounding);
  EXPECT_NEAR(c.standard_error, kError / std::sqrt(2.0), kRounding);  // of two repeats
  EXPECT_NEAR(c.extra_tolerance, 3.0 * c.standard_error, kRounding);
  // Off by 0.02; 3 standard errors are 0.0212.
  ClaimOptions options = claim("linear");
  EXPECT_EQ(judged({options}, {r})[0].verdict, Verdict::Holds);
  OneBitResult sure = r;
  for (OneBitMeasured& m : sure.measured) m.values["linear"].standard_error *= 0.5;
  EXPECT_EQ(judged({options}, {sure})[0].verdict, Verdict::Fails);
}

TEST(OneBitQuantities, FittedDecodersPayForTheirSamples) {
  const OneBitResult r = measured_layers();
  // n = 64 bits, N = 6400 samples.
  EXPECT_NEAR(evaluate("fitted", r)[0].predicted, 1.01 * r.predicted.linear, kRounding);
  EXPECT_EQ(evaluate("linear", r)[0].predicted, r.predicted.linear);
  OneBitResult axes = predicted_result(
      "[data]\nsource = 'sparse_gaussian'\ndimension = 32\n[model]\nencoder = 'identity'\n"
      "[decode]\nfit_samples = 320\n");
  axes.measured.resize(1);
  axes.measured[0].values["linear"] = {1.0, 0.0};
  EXPECT_NEAR(evaluate("linear", axes)[0].predicted, 1.1 * axes.predicted.identity, kRounding);
}

TEST(OneBitQuantities, EveryNumberOfLayersIsCompared) {
  const OneBitResult r = measured_layers();
  for (const std::string quantity : {"layer", "unrolled"}) {
    const auto list = evaluate(quantity, r);
    ASSERT_EQ(list.size(), 2u) << quantity;
    EXPECT_EQ(list[0].name, "[1]");
    EXPECT_EQ(list[1].title, "L = 3");
    EXPECT_EQ(list[1].predicted, r.predicted.layers[1]);
    EXPECT_NEAR(list[1].measured, r.predicted.layers[1] + kPlus, kRounding);
  }
  EXPECT_EQ(evaluate("denoised", r)[0].predicted, r.predicted.layers[0]);
  const Comparison deepest = evaluate("deepest", r)[0];
  EXPECT_EQ(deepest.predicted, r.predicted.fixed_point);
  EXPECT_NEAR(deepest.measured, r.predicted.layers[1] + kPlus, kRounding);
}

TEST(OneBitQuantities, BoundsCountOnTheirWrongSideOnly) {
  const OneBitPrediction p = measured_training(0.5).predicted;
  ASSERT_LT(p.tilted, p.identity);
  ASSERT_LT(p.identity, p.gaussian_limit);
  const auto amount = [](const std::string& quantity, double loss) {
    const Comparison c = evaluate(quantity, measured_training(loss))[0];
    EXPECT_EQ(c.predicted, 0.0) << quantity;
    EXPECT_NEAR(c.extra_tolerance, 3.0 * kError, kRounding) << quantity;
    return c.measured;
  };
  EXPECT_EQ(amount("below_limit", p.gaussian_limit + 0.1), 0.0);
  EXPECT_NEAR(amount("below_limit", p.gaussian_limit - 0.1), 0.1, kRounding);
  EXPECT_EQ(amount("above_family", p.tilted - 0.1), 0.0);
  EXPECT_NEAR(amount("above_family", p.tilted + 0.1), 0.1, kRounding);
  EXPECT_EQ(amount("above_identity", p.identity - 0.1), 0.0);
  EXPECT_NEAR(amount("above_identity", p.identity + 0.1), 0.1, kRounding);
}

TEST(OneBitQuantities, TrainedIsComparedWithItsFormulaOrTheLimit) {
  const OneBitResult r = measured_training(0.3);
  EXPECT_EQ(evaluate("trained", r)[0].predicted, r.predicted.trained);
  EXPECT_EQ(evaluate("trained_gaussian", r)[0].predicted, r.predicted.gaussian_limit);
  EXPECT_EQ(evaluate("trained_gaussian", r)[0].measured, 0.3);
}

TEST(OneBitQuantities, RowsLookAlongAxesWhereTheRotationIsUnstable) {
  OneBitResult r = measured_training(0.3);
  EXPECT_EQ(evaluate("axis_rows", r)[0].predicted, 1.0);
  EXPECT_EQ(evaluate("axis_rows", r)[0].measured, 0.75);
  r.setting.prior = data::ScalarPrior::sparse_rademacher(0.3);  // E x⁴ = 3.33
  EXPECT_EQ(evaluate("axis_rows", r)[0].predicted, 0.0);
}

TEST(OneBitQuantities, WhatWasNotMeasuredIsRefusedByName) {
  const OneBitResult layered = measured_layers(), learned = measured_training(0.3);
  const auto refused = [](const std::string& quantity, const OneBitResult& r,
                          std::string_view key) {
    SCOPED_TRACE(quantity);
    expect_throw<InvalidArgument>([&] { (void)evaluate(quantity, r); },
                                  {key, "was not measured", "'" + r.label + "'"});
  };
  refused("ri_gamp", layered, "'ri_gamp'");
  refused("energies", layered, "'energies'");
  for (const char* q : {"trained", "trained_gaussian", "below_limit", "above_family"}) {
    refused(q, layered, "'trained'");
  }
  refused("linear", learned, "'linear'");
  refused("fitted", learned, "'fitted'");
  refused("denoised", learned, "'layer 1'");
  refused("layer", learned, "'layer 1'");
  refused("unrolled", learned, "'unrolled 1'");
  expect_throw<InvalidArgument>([&] { (void)judged({claim("minimum:layer")}, {learned}); },
                                {"'layer 1' was not measured"});
}

TEST(OneBitQuantities, NothingIsComparedWithABoundThatDoesNotExist) {
  OneBitResult r = measured_training(0.3);
  r.predicted.identity = r.predicted.tilted = OneBitPrediction::kNone;  // r > 1
  for (const char* quantity : {"above_family", "above_identity"}) {
    expect_throw<InvalidArgument>([&] { (void)evaluate(quantity, r); },
                                  {"theory gives no value", "'trained'"});
  }
  OneBitResult layered = measured_layers();
  layered.predicted.fixed_point = OneBitPrediction::kNone;
  expect_throw<InvalidArgument>([&] { (void)evaluate("deepest", layered); },
                                {"theory gives no value", "'layer 3'"});
}

TEST(OneBitQuantities, DenoisedNeedsOneLayer) {
  OneBitResult r = measured_layers();
  r.setting.spec.decode.layers = {2, 3};
  expect_throw<InvalidArgument>([&] { (void)evaluate("denoised", r); }, {"1 among decode.layers"});
}

TEST(OneBitObstacles, EnergiesThatSpreadNeedTheNorm) {
  const OneBitResult spread = from_rows(0.5, 1.0, false);
  for (const char* quantity : {"linear", "fitted", "denoised", "layer"}) {
    const std::string why = obstacle(quantity, spread);
    EXPECT_NE(why.find("energies spread by 0.50 > 0.2"), std::string::npos) << why;
    EXPECT_NE(why.find("set model.store_norm = true"), std::string::npos) << why;
  }
  EXPECT_EQ(obstacle("linear", from_rows(0.5, 1.0, true)), "");
  EXPECT_EQ(obstacle("linear", from_rows(0.1, 1.0, false)), "");
  EXPECT_EQ(obstacle("axis_rows", spread), "");
}

TEST(OneBitObstacles, FittedDecodersProfitFromUnequalDirections) {
  const std::string why = obstacle("fitted", from_rows(0.0, 0.5, true));
  EXPECT_NE(why.find("effective share 0.50 < 0.95"), std::string::npos) << why;
  EXPECT_EQ(obstacle("fitted", from_rows(0.0, 0.96, true)), "");
  EXPECT_EQ(obstacle("denoised", from_rows(0.0, 0.5, true)), "");
}

TEST(OneBitObstacles, BeyondTheFirstLayerThePooledLawIsAGuide) {
  const OneBitResult rows = from_rows(0.0, 1.0, true);
  for (const char* quantity : {"layer", "deepest", "unrolled"}) {
    const std::string why = obstacle(quantity, rows);
    EXPECT_NE(why.find("beyond the first layer"), std::string::npos) << why;
  }
  EXPECT_EQ(obstacle("denoised", rows), "");
  EXPECT_EQ(obstacle("layer", measured_layers()), "");  // the law is that of the source
}

TEST(OneBitClaims, NotApplicableCarriesTheObstacle) {
  ClaimOptions options = claim("linear");
  options.tolerance = 1.0;
  const auto list = judged({options}, {from_rows(0.5, 1.0, false), measured_layers()});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].verdict, Verdict::NotApplicable);
  EXPECT_NE(list[0].why.find("energies spread"), std::string::npos);
  EXPECT_EQ(list[1].verdict, Verdict::Holds);
  EXPECT_EQ(list[1].why, "");
}

TEST(OneBitClaims, ADivergedTrainingIsNotJudged) {
  OneBitResult r = measured_training(0.3);
  r.measured.clear();
  r.diverged_at = 7;
  const Claim judged_claim = judged({claim("axis_rows")}, {r})[0];
  EXPECT_EQ(judged_claim.verdict, Verdict::NotApplicable);
  EXPECT_NE(judged_claim.why.find("diverged at step 7"), std::string::npos) << judged_claim.why;
}

TEST(OneBitClaims, ASpecWithoutClaimsJudgesWhatItsCasesMeasure) {
  const auto list = judged({}, {measured_layers(), measured_training(0.3)});
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0].name, "linear@layered");
  EXPECT_EQ(list[1].name, "layer[1]@layered");
  EXPECT_EQ(list[2].name, "layer[3]@layered");
  EXPECT_EQ(list[3].name, "trained@trained");
  for (const Claim& c : list) {
    EXPECT_FALSE(c.reason.empty());
    EXPECT_TRUE(c.source.starts_with("docs/theory/one_bit")) << c.source;
  }
}

TEST(MeasuredValue, IsTheMeanOverTheRepeatsThatHaveIt) {
  OneBitResult r = measured_layers();
  EXPECT_FALSE(measured_value(r, "trained").has_value());
  r.measured[0].values["linear"] = {1.0, 0.3};
  r.measured[1].values["linear"] = {2.0, 0.4};
  EXPECT_EQ(measured_value(r, "linear")->mean, 1.5);
  EXPECT_NEAR(measured_value(r, "linear")->standard_error, 0.25, kRounding);  // √(.09 + .16)/2
  r.measured[1].values.erase("linear");
  EXPECT_EQ(measured_value(r, "linear")->mean, 1.0);
}

}  // namespace
}  // namespace twofold::experiment
