#include "experiment/mean_field_claims.hpp"

#include <gtest/gtest.h>

#include "experiment/synthetic_result.hpp"

namespace twofold::experiment {
namespace {

ClaimOptions claim(std::string quantity, double tolerance) {
  ClaimOptions options;
  options.quantity = std::move(quantity);
  options.tolerance = tolerance;
  options.reason = "because";
  return options;
}

std::vector<Claim> judged(std::vector<ClaimOptions> claims, std::vector<MeanFieldResult> results) {
  ExperimentSpec spec;
  spec.claims = std::move(claims);
  return judge_claims(spec, results);
}

MeanFieldResult labelled(std::string label, double value, double loss_factor) {
  MeanFieldResult r = synthetic_result();
  r.label = std::move(label);
  r.value = value;
  r.predicted.loss *= loss_factor;
  for (Path& p : r.measured) p.loss *= loss_factor;
  return r;
}

TEST(Claims, CompareTheDeviationWithTheTolerance) {
  // The loss is off by 0.1 of L0, at a prediction of 0.4.
  const auto list = judged({claim("loss", 0.11), claim("loss", 0.09)}, {synthetic_result()});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].verdict, Verdict::Holds);
  EXPECT_EQ(list[1].verdict, Verdict::Fails);
  EXPECT_EQ(list[0].name, "loss");
  EXPECT_EQ(list[0].reason, "because");
}

TEST(Claims, RelativeTolerancesAreFractionsOfThePrediction) {
  ClaimOptions options = claim("loss", 0.26);
  options.relative = true;  // 0.26 of 0.4 is 0.104
  const Claim judged_claim = judged({options}, {synthetic_result()})[0];
  EXPECT_NEAR(judged_claim.tolerance, 0.104, 1e-15);  // one product
  EXPECT_EQ(judged_claim.verdict, Verdict::Holds);
}

TEST(Claims, AnIndexPicksOneOfSeveral) {
  ClaimOptions options = claim("gain", 0.2);
  EXPECT_EQ(judged({options}, {synthetic_result()}).size(), 2u);
  options.index = 1;
  const auto list = judged({options}, {synthetic_result()});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].name, "gain[1]");
}

TEST(Claims, AreJudgedInEveryCaseTheyNameOrInAll) {
  const std::vector<MeanFieldResult> results{labelled("a", 1, 1), labelled("b", 2, 1)};
  ClaimOptions options = claim("loss", 0.2);
  const auto all = judged({options}, results);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "loss@a");
  EXPECT_EQ(all[1].name, "loss@b");
  options.cases = {"b"};
  const auto one = judged({options}, results);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].name, "loss@b");
}

TEST(Claims, ModerateAsymmetryLeavesOnlyThePhases) {
  MeanFieldResult r = synthetic_result();
  r.asymmetry = 0.3;
  const auto list = judged({claim("loss", 1.0), claim("learned", 2.0)}, {r});
  EXPECT_EQ(list[0].verdict, Verdict::NotApplicable);
  EXPECT_NE(list[0].why.find("asymmetry 0.300 > 0.1"), std::string::npos) << list[0].why;
  EXPECT_EQ(list[1].verdict, Verdict::Holds);
  EXPECT_EQ(list[1].why, "");
}

TEST(Claims, StrongAsymmetryLeavesNothing) {
  MeanFieldResult r = synthetic_result();
  r.asymmetry = 0.6;
  for (const Claim& c : judged({claim("loss", 1.0), claim("learned", 2.0)}, {r})) {
    EXPECT_EQ(c.verdict, Verdict::NotApplicable);
    EXPECT_NE(c.why.find("centre them"), std::string::npos) << c.why;
  }
}

TEST(Claims, ADivergedRunIsNotJudged) {
  MeanFieldResult r = synthetic_result();
  r.diverged_at = 12;
  r.measured.clear();
  const auto list = judged({claim("loss", 1.0), claim("exponent:loss", 1.0)}, {r});
  ASSERT_EQ(list.size(), 2u);
  for (const Claim& c : list) EXPECT_EQ(c.verdict, Verdict::NotApplicable);
  EXPECT_NE(list[0].why.find("diverged at step 12"), std::string::npos) << list[0].why;
  EXPECT_NE(list[1].why.find("diverged"), std::string::npos) << list[1].why;
}

TEST(Claims, MinimumFindsTheCaseWithTheLeastValue) {
  std::vector<MeanFieldResult> results{labelled("1", 1, 1.0), labelled("2", 2, 0.5),
                                       labelled("4", 4, 0.8)};
  const Claim found = judged({claim("minimum:end_loss", 0.0)}, results)[0];
  EXPECT_EQ(found.predicted, 2.0);
  EXPECT_EQ(found.measured, 2.0);
  EXPECT_EQ(found.verdict, Verdict::Holds);
  for (Path& p : results[2].measured) p.loss *= 0.1;
  const Claim moved = judged({claim("minimum:end_loss", 0.0)}, results)[0];
  EXPECT_EQ(moved.measured, 4.0);
  EXPECT_EQ(moved.verdict, Verdict::Fails);
}

TEST(Claims, ExponentIsTheSlopeOfLogarithms) {
  // loss = value^-2 for both.
  const std::vector<MeanFieldResult> results{labelled("1", 1, 1.0), labelled("2", 2, 0.25),
                                             labelled("4", 4, 0.0625)};
  const Claim slope = judged({claim("exponent:end_loss", 0.01)}, results)[0];
  EXPECT_NEAR(slope.predicted, -2.0, 1e-13);  // rounding of three logarithms
  EXPECT_NEAR(slope.measured, -2.0, 1e-13);
  EXPECT_EQ(slope.verdict, Verdict::Holds);
}

TEST(Claims, ASpecWithoutClaimsJudgesLossAndCount) {
  const auto list = judged({}, {synthetic_result()});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "loss");
  EXPECT_EQ(list[1].name, "learned");
  for (const Claim& c : list) EXPECT_FALSE(c.reason.empty());
  EXPECT_EQ(list[1].verdict, Verdict::Fails);  // component 2 grew though it should not
}

}  // namespace
}  // namespace twofold::experiment
