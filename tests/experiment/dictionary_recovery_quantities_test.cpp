#include "experiment/dictionary_recovery_quantities.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "experiment/dictionary_recovery_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

Claim judged(const RecoveryResult& result, ClaimOptions claim) {
  claim.reason = "a test";
  return judge_claims(claim, judged_cases({result}), about_dictionary_recovery).front();
}

Claim judged(const RecoveryResult& result, const std::string& quantity, double time = -1.0) {
  return judged(result, ClaimOptions{.quantity = quantity, .tolerance = 0.1, .time = time});
}

std::vector<Claim> all_judged(const RecoveryResult& result, const std::string& quantity) {
  ClaimOptions claim;
  claim.quantity = quantity;
  claim.reason = "a test";
  return judge_claims(claim, judged_cases({result}), about_dictionary_recovery);
}

TEST(DictionaryRecoveryQuantities, ErrorIsTheSumOverAtomsAtTheEndOrAnIteration) {
  const RecoveryResult r = measured_recovery();
  const Claim end = judged(r, "error");
  EXPECT_DOUBLE_EQ(end.measured, 0.04);  // 0.01 + 0.03
  EXPECT_EQ(end.predicted, r.predicted->final_error);
  const Claim start = judged(r, "error", 0.0);
  EXPECT_DOUBLE_EQ(start.measured, 0.5);
  // Two atoms at δ = 0.5: rounding of cos and sin.
  EXPECT_NEAR(start.predicted, 0.5, 1e-12);
  expect_throw<InvalidArgument>([&] { (void)judged(r, "error", 1.5); },
                                {"iteration 1.5", "train.records"});
}

TEST(DictionaryRecoveryQuantities, ContractionIsTheRatioOfTangents) {
  // D = 1/4: λ = 7/8, tan = √15/7; D = 1/16: λ = 31/32, tan = √63/31.
  const Claim first = judged(measured_recovery(), "contraction", 0.0);
  // Rounding of four roots.
  EXPECT_NEAR(first.measured, std::sqrt(63.0) / 31.0 * 7.0 / std::sqrt(15.0), 1e-14);
  // τ = 1, c = (7/8 − 1/2)² = 9/64: (1 − c)/(2 − c).
  EXPECT_NEAR(first.predicted, 55.0 / 119.0, 1e-14);
  expect_throw<InvalidArgument>([] { (void)judged(measured_recovery(), "contraction", 2.0); },
                                {"iterations 2 and 3", "train.records"});
}

// τ is the step of the most frequent component; one that occurs with p takes τ p/max p. At p = 1/4,
// 3/4 the first has τ = 1/3: (1 − c/3)/(1 − c/3 + 1/3) with c = 9/64.
TEST(DictionaryRecoveryQuantities, RareComponentsContractMoreSlowly) {
  RecoveryResult r = predicted_recovery(
      std::string(kTwoClusters)
          .replace(std::string(kTwoClusters).find("dictionary ="), 0, "weights = [0.25, 0.75]\n"));
  r.measured = measured_recovery().measured;
  // Rounding of four roots.
  EXPECT_NEAR(judged(r, "contraction", 0.0).predicted, (183.0 / 247.0 + 55.0 / 119.0) / 2, 1e-14);
}

TEST(DictionaryRecoveryQuantities, EachAtomHasAFloor) {
  const auto claims = all_judged(measured_recovery(), "atom_error");
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_DOUBLE_EQ(claims[1].measured, 0.03);
  // (d − 1) σ² (1 + σ²)/(N p): rounding.
  EXPECT_NEAR(claims[1].predicted, 3.0 * 0.01 * 1.01 / 500.0, 1e-12);
}

TEST(DictionaryRecoveryQuantities, StandardErrorsOfTheValueOrTheRepeatsEnterTheTolerance) {
  RecoveryResult r = measured_recovery();
  EXPECT_DOUBLE_EQ(judged(r, "consistency").tolerance, 0.1 + 3.0 * 0.01);
  r.measured.push_back(r.measured.front());
  r.measured.back().values["start consistency"] = {0.85, 0.5};
  const Claim two = judged(r, "consistency");
  EXPECT_DOUBLE_EQ(two.measured, 0.8);
  // Half the difference of two values.
  EXPECT_NEAR(two.standard_error, 0.05, 1e-15);
}

TEST(DictionaryRecoveryQuantities, AllRecoveredCountsWholeRuns) {
  RecoveryResult r = measured_recovery();
  r.measured.push_back(r.measured.front());
  r.measured.back().values["recovered"] = {0.5, 0.0};
  const Claim claim = judged(r, "all_recovered");
  EXPECT_EQ(claim.predicted, 1.0);
  EXPECT_EQ(claim.measured, 0.5);
  // √(p(1 − p)/2): rounding.
  EXPECT_NEAR(claim.standard_error, std::sqrt(0.125), 1e-15);
  r.setting.spec.train.start = "samples";
  // Two samples of two clusters are of different ones half of the time.
  EXPECT_NEAR(judged(r, "all_recovered").predicted, 0.5, 1e-12);
  r.setting.spec.train.start = "near";
  r.setting.spec.train.start_distance = 1.3;
  EXPECT_EQ(judged(r, "recovered").predicted, 0.0);
}

TEST(DictionaryRecoveryQuantities, KeptCountsUnitsAtTheirOwnAtom) {
  RecoveryResult r = measured_recovery();
  EXPECT_EQ(judged(r, "kept").measured, 1.0);
  r.measured.front().distance(2, 1) = 0.2;  // cos = 0.9
  EXPECT_EQ(judged(r, "kept").measured, 0.5);
}

TEST(DictionaryRecoveryQuantities, StableAndDestroyedAreYesOrNo) {
  RecoveryResult r = measured_recovery();
  EXPECT_EQ(judged(r, "stable").measured, 1.0);
  EXPECT_EQ(judged(r, "stable").predicted, 1.0);
  r.predicted->final_error = 0.04 / 19.0;
  EXPECT_EQ(judged(r, "destroyed").measured, 0.0);
  r.predicted->final_error = 0.04 / 21.0;
  EXPECT_EQ(judged(r, "destroyed").measured, 1.0);
  EXPECT_EQ(judged(r, "destroyed").predicted, 0.0);
  r.measured.front().distance.row(2) << 1.0, 1.0;
  EXPECT_EQ(judged(r, "stable").measured, 0.0);
}

TEST(DictionaryRecoveryQuantities, BaselinesAreComparedOnTheWrongSideOnly) {
  RecoveryResult r = measured_recovery();
  r.setting.spec.compare.baselines = {"em", "lloyd"};
  auto& values = r.measured.front().values;
  values["em error"] = {0.032, 0.0};
  values["lloyd error"] = {0.08, 0.0};
  values["em explained"] = {0.95, 0.0};
  values["lloyd explained"] = {0.8, 0.0};
  const auto above = all_judged(r, "error_above");
  ASSERT_EQ(above.size(), 2u);
  EXPECT_EQ(above[0].name, "error_above[em]@two");
  EXPECT_NEAR(above[0].measured, 0.25, 1e-12);  // 0.04/0.032 − 1
  EXPECT_EQ(above[1].measured, 0.0);
  const auto below = all_judged(r, "explained_below");
  EXPECT_NEAR(below[0].measured, 0.05, 1e-12);
  EXPECT_EQ(below[1].measured, 0.0);
  EXPECT_NEAR(all_judged(r, "explained_above")[1].measured, 0.1, 1e-12);
  expect_throw<InvalidArgument>([&] { (void)all_judged(r, "pursuit_below"); },
                                {"'em pursuit'", "not measured"});
}

TEST(DictionaryRecoveryQuantities, AViolatedAssumptionMakesTheFloorNotApplicable) {
  RecoveryResult r = measured_recovery();
  EXPECT_NE(judged(r, "error").verdict, Verdict::NotApplicable);
  auto& assumptions = r.predicted->run.assumptions;
  for (theory::Assumption& a : assumptions) {
    if (a.name == "bias") a.holds = false, a.text = "too small a bias";
  }
  const Claim claim = judged(r, "error");
  EXPECT_EQ(claim.verdict, Verdict::NotApplicable);
  EXPECT_NE(claim.why.find("too small a bias"), std::string::npos) << claim.why;
  EXPECT_NE(judged(r, "recovered").verdict, Verdict::NotApplicable);
  // The gate plays no part where the true support is given.
  r.setting.spec.train.support = "oracle";
  EXPECT_NE(judged(r, "error").verdict, Verdict::NotApplicable);
}

TEST(DictionaryRecoveryQuantities, AFloorIsThatOfRunsThatFoundEveryAtom) {
  RecoveryResult r = measured_recovery();
  r.measured.front().values["recovered"] = {0.5, 0.0};
  EXPECT_NE(judged(r, "error").why.find("50.0 %"), std::string::npos);
  r.setting.spec.train.gradient = "sign";
  EXPECT_NE(judged(r, "error").why.find("sign"), std::string::npos);
  r.diverged_at = 7;
  EXPECT_NE(judged(r, "error").why.find("collapsed at iteration 7"), std::string::npos);
}

TEST(DictionaryRecoveryQuantities, RefusesWhatASpecDoesNotHave) {
  const RecoverySpec digits =
      recovery_spec("[data]\nsource = 'mnist'\n[model]\natoms = 4\n[train]\nstart = 'samples'\n");
  expect_throw<InvalidArgument>([&] { check_quantity("error", digits); },
                                {"'error'", "known dictionary", "mnist"});
  expect_throw<InvalidArgument>([&] { check_quantity("explained_below", digits); },
                                {"compare.baselines"});
  expect_throw<InvalidArgument>([&] { check_quantity("eror", digits); }, {"did you mean 'error'?"});
  EXPECT_NO_THROW(check_quantity("distinct", digits));
}

TEST(DictionaryRecoveryQuantities, ASpecWithoutClaimsGetsTheObviousOnes) {
  ExperimentSpec spec;
  const auto claims = judge_claims(spec, {measured_recovery()});
  ASSERT_EQ(claims.size(), 2u);
  EXPECT_EQ(claims[0].name, "recovered@two");
  EXPECT_EQ(claims[1].name, "error@two");
}

}  // namespace
}  // namespace twofold::experiment
