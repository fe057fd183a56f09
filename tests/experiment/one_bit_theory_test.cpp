#include "experiment/one_bit_theory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "experiment/one_bit_cases.hpp"

namespace twofold::experiment {
namespace {

// Published with five decimals; the computation is good to 2e-5.
constexpr double kTable = 2e-5;
// Closed forms: a few roundings of numbers near 1.
constexpr double kRounding = 1e-14;
constexpr double kTwoOverPi = 2.0 / std::numbers::pi;

const TrustEntry* find(const OneBitResult& r, std::string_view name) {
  for (const TrustEntry& t : r.trust) {
    if (t.name == name) return &t;
  }
  return nullptr;
}

OneBitResult sparse(const std::string& law, double p, double rate, const std::string& more = "") {
  return predicted_result("[data]\nsource = 'sparse_" + law +
                          "'\ndimension = 1024\nsparsity = " + std::to_string(p) +
                          "\n[model]\nrate = " + std::to_string(rate) + "\n" + more);
}

TEST(OneBitTheory, SparseGaussianAtOneBitPerCoordinate) {
  const OneBitPrediction p = sparse("gaussian", 0.1, 1.0).predicted;
  EXPECT_NEAR(p.gaussian_limit, 1.0 - kTwoOverPi, kRounding);
  EXPECT_NEAR(p.linear, 1.0 - kTwoOverPi, kRounding);
  ASSERT_EQ(p.layers.size(), 4u);
  EXPECT_NEAR(p.layers[0], 0.11749, kTable);
  EXPECT_NEAR(p.layers[1], 0.07933, kTable);
  EXPECT_NEAR(p.layers[2], 0.06806, kTable);
  EXPECT_NEAR(p.fixed_point, 0.06082, kTable);
  EXPECT_NEAR(p.bayes, 0.06082, kTable);
  EXPECT_GT(p.layers[3], p.fixed_point);
  EXPECT_NEAR(p.identity, 1.0 - 0.1 * kTwoOverPi, kRounding);
  EXPECT_NEAR(p.critical_sparsity, 1.0, kRounding);
  EXPECT_NEAR(p.stability_sparsity, 1.0, kRounding);
}

TEST(OneBitTheory, ThresholdsOfSparseRademacher) {
  const OneBitPrediction p = sparse("rademacher", 0.5, 1.0).predicted;
  EXPECT_NEAR(p.critical_sparsity, kTwoOverPi, kRounding);
  EXPECT_NEAR(p.stability_sparsity, 1.0 / 3.0, kRounding);
  EXPECT_NEAR(p.identity, 0.5, kRounding);
  EXPECT_NEAR(p.tilted, 0.3387, 5e-5);  // the table has four decimals
}

TEST(OneBitTheory, InTheHardPhaseTheBayesErrorIsOutOfReach) {
  const OneBitPrediction p = sparse("rademacher", 0.3, 1.5).predicted;
  EXPECT_NEAR(p.layers[0], 0.20495, kTable);
  EXPECT_NEAR(p.fixed_point, 0.13369, kTable);
  // Exact recovery, up to the 1e-12 at which the state evolution stops to count.
  EXPECT_NEAR(p.bayes, 0.0, 1e-9);
}

TEST(OneBitTheory, WhatIsNotDefinedIsNull) {
  const Json above = summary_json(sparse("gaussian", 0.1, 2.0));
  EXPECT_TRUE(above["identity"].is_null());
  EXPECT_TRUE(above["tilted_rotation"].is_null());
  EXPECT_NEAR(above["layers"][0].get<double>(), 0.05566, kTable);
  const Json below = summary_json(sparse("gaussian", 0.1, 0.5));
  EXPECT_NEAR(below["identity"].get<double>(), 1.0 - 0.05 * kTwoOverPi, kRounding);
  EXPECT_TRUE(below["tilted_rotation"].is_null());
}

TEST(OneBitTheory, IndependentRowsHaveNoBayesLimitHere) {
  const Json s = summary_json(sparse("gaussian", 0.3, 1.0, "encoder = 'gaussian'\n"));
  EXPECT_TRUE(s["bayes"].is_null());
  EXPECT_TRUE(s["fixed_point"].is_null());
  constexpr double noise = 0.5 * std::numbers::pi;  // of the channel that Bᵀy is equivalent to
  EXPECT_NEAR(s["linear"].get<double>(), noise / (1.0 + noise), kRounding);
  // Worse than an orthogonal encoder, .25605, and still better than linear.
  EXPECT_GT(s["layers"][0].get<double>(), 0.25605 + kTable);
  EXPECT_LT(s["layers"][0].get<double>(), s["linear"].get<double>());
}

TEST(OneBitTheory, TheIdentityHasNoLayers) {
  const OneBitResult r = sparse("rademacher", 0.8, 0.5, "encoder = 'identity'\n");
  EXPECT_TRUE(r.predicted.layers.empty());
  EXPECT_NEAR(r.predicted.linear, 1.0 - 0.5 * 0.8, kRounding);
  EXPECT_EQ(r.setting.fit_samples(), 100 * 512);
}

TEST(OneBitTheory, ALearnedEncoderStaysARotationOrLeavesIt) {
  const std::string learned = "encoder = 'learned'\n";
  const OneBitPrediction stays = sparse("gaussian", 0.3, 1.0, learned).predicted;
  // Rows as flat as training makes them, 1.3/d, and k4 = 3/p − 3 = 7.
  const double gain = 1.0 - 7.0 * 1.3 / 1024.0 / 24.0;
  EXPECT_NEAR(stays.trained, 1.0 - kTwoOverPi * gain * gain, kRounding);
  const OneBitPrediction leaves = sparse("rademacher", 0.5, 1.0, learned).predicted;
  EXPECT_EQ(leaves.trained, leaves.tilted);
  EXPECT_NE(leaves.trained_by.find("upper bound"), std::string::npos) << leaves.trained_by;
  EXPECT_EQ(sparse("gaussian", 0.3, 1.5, learned).predicted.trained,
            sparse("gaussian", 0.3, 1.5).predicted.gaussian_limit);
}

TEST(OneBitTheory, UnequalVariancesHaveALimitOfTheirOwn) {
  std::string spectrum = "[1.0";
  for (int i = 2; i <= 64; ++i) spectrum += ", " + std::to_string(1.0 / std::sqrt(i));
  spectrum += "]";
  const OneBitResult learned =
      predicted_result("[data]\nsource = 'gaussian'\nspectrum = " + spectrum +
                       "\n[model]\nencoder = 'learned'\n[train]\nmethod = 'population'\n");
  // Published with four decimals.
  EXPECT_NEAR(learned.predicted.trained, 0.3391, 5e-5);
  EXPECT_TRUE(summary_json(learned)["bayes"].is_null());
  const OneBitResult rotated =
      predicted_result("[data]\nsource = 'gaussian'\nspectrum = " + spectrum + "\n");
  EXPECT_GT(rotated.predicted.linear, learned.predicted.trained);
  EXPECT_LT(rotated.predicted.linear, rotated.predicted.gaussian_limit);
}

TEST(OneBitTrust, SaysWhereAnotherEncoderWins) {
  const OneBitResult sparse_one = sparse("rademacher", 0.2, 1.0);
  EXPECT_EQ(find(sparse_one, "fourth_moment")->verdict, "trust");
  EXPECT_NEAR(find(sparse_one, "fourth_moment")->value, 5.0, kRounding);
  const OneBitResult dense_one = sparse("rademacher", 0.5, 1.0);
  EXPECT_EQ(find(dense_one, "fourth_moment")->verdict, "caution");
}

TEST(OneBitTrust, NormalisingMovesDiscreteValues) {
  const OneBitResult few = sparse("rademacher", 0.1, 1.0);
  EXPECT_EQ(find(few, "nonzeros")->verdict, "caution");
  EXPECT_NEAR(find(few, "nonzeros")->value, 102.4, 1e-12);  // p d, one product
  EXPECT_EQ(find(sparse("rademacher", 0.9, 1.0), "nonzeros")->verdict, "trust");
  EXPECT_EQ(find(sparse("gaussian", 0.1, 1.0), "nonzeros"), nullptr);
  EXPECT_EQ(find(sparse("rademacher", 0.1, 1.0, "store_norm = false\n"), "nonzeros"), nullptr);
}

TEST(OneBitTrust, SamplesPerBitOfAFittedDecoder) {
  EXPECT_EQ(find(sparse("gaussian", 0.1, 1.0), "samples_per_bit"), nullptr);
  const OneBitResult few = sparse("gaussian", 0.1, 0.5, "[decode]\nfit_samples = 5120\n");
  EXPECT_EQ(find(few, "samples_per_bit")->value, 10.0);
  EXPECT_EQ(find(few, "samples_per_bit")->verdict, "caution");
  const OneBitResult enough = sparse("gaussian", 0.1, 0.5, "[decode]\nfit_samples = 20480\n");
  EXPECT_EQ(find(enough, "samples_per_bit")->verdict, "trust");
}

TEST(OneBitText, ShowsEveryLayerAndDashesForWhatIsNone) {
  const std::string text = one_bit_prediction_text(prediction_json(sparse("gaussian", 0.1, 2.0)));
  for (const char* shown : {"sparse Gaussian, p = 0.1: 1024 coordinates, 2048 bits", "0.22203",
                            "10 decoder layer(s)", "unstable above p = 1", "fourth_moment = 30"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << shown << " is not in\n" << text;
  }
  const std::string row = "identity encoder, linear decoder";
  const std::size_t at = text.find(row) + row.size();
  const std::string cell = text.substr(at, text.find('\n', at) - at);
  EXPECT_EQ(cell.substr(cell.find_first_not_of(' ')), "-");
}

TEST(OneBitText, ALearnedEncoderNamesItsFormula) {
  OneBitResult r = sparse("gaussian", 0.1, 1.5, "encoder = 'learned'\n");
  r.label = "mine";
  const std::string text = one_bit_prediction_text(prediction_json(r));
  for (const char* shown : {"case mine", "learned encoder", "(Gaussian limit)"}) {
    EXPECT_NE(text.find(shown), std::string::npos) << text;
  }
  EXPECT_EQ(text.find("decoder layer(s)"), std::string::npos);
}

}  // namespace
}  // namespace twofold::experiment
