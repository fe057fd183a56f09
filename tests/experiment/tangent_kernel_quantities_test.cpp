#include "experiment/tangent_kernel_quantities.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "experiment/tangent_kernel_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

Claim judged(const TangentResult& result, const std::string& quantity, double time = -1.0) {
  ClaimOptions claim{.quantity = quantity, .tolerance = 0.1, .time = time};
  claim.reason = "a test";
  return judge_claims(claim, judged_cases({result}), about_tangent_kernel).front();
}

TEST(TangentKernelQuantities, LossIsTakenAtTheEndOrAtAReportedStep) {
  const TangentResult r = measured_tangent();
  EXPECT_EQ(judged(r, "loss").measured, 0.125);
  EXPECT_EQ(judged(r, "loss").predicted, 0.25);
  const Claim at = judged(r, "loss", 1.0);
  EXPECT_EQ(at.measured, 0.5);
  EXPECT_EQ(at.predicted, 0.625);
  // Of a run that ended before, at its target.
  EXPECT_TRUE(std::isnan(judged(r, "loss", 7.0).measured));
}

TEST(TangentKernelQuantities, LossAtAStepThatIsNotReportedIsRefusedBeforeTheRun) {
  const TangentSpec spec = tangent_spec("[train]\nsteps = 10\n[record]\nsteps = [0, 10]\n");
  const auto check = [&](double time) {
    check_tangent_kernel_claim({.quantity = "loss", .time = time}, spec);
  };
  EXPECT_NO_THROW(check(10.0));
  EXPECT_NO_THROW(check(-1.0));
  expect_throw<InvalidArgument>([&] { check(3.0); }, {"time = 3", "record.steps"});
  expect_throw<InvalidArgument>([&] { check(0.5); }, {"time = 0.5"});
}

TEST(TangentKernelQuantities, WhatWasNotMeasuredIsNotApplicableAndSaysWhy) {
  TangentResult r = measured_tangent();
  const auto why = [&](const std::string& quantity) {
    const Claim claim = judged(r, quantity);
    EXPECT_EQ(claim.verdict, Verdict::NotApplicable) << quantity;
    return claim.why;
  };
  EXPECT_NE(why("slope").find("record.window = [0.001, 1e-07]"), std::string::npos) << why("slope");
  EXPECT_NE(why("flips").find("no 'flips'"), std::string::npos) << why("flips");
  TangentResult fast = measured_tangent();
  fast.measured.front().values["slope"] = {-0.1, -0.1};
  EXPECT_NE(judged(fast, "pair_rate").why.find("other mode"), std::string::npos);
  r.setting.spec.train.halve = true;
  EXPECT_NE(why("slope").find("halved"), std::string::npos);
  r.measured.front().values["final loss"].predicted = kNoNumber;
  EXPECT_NE(why("loss").find("halved"), std::string::npos);
  r.setting.spec.train.steps = 0;
  EXPECT_NE(why("slope").find("train.steps = 0"), std::string::npos);
  r.setting.queries.resize(0, 3);
  r.measured.front().values.erase("test error");
  EXPECT_NE(why("test_error").find("data.split"), std::string::npos);
}

TEST(TangentKernelQuantities, ConstantsAreTimesTheRootOfTheWidth) {
  const TangentResult r = measured_tangent();
  EXPECT_EQ(judged(r, "trajectory").measured, 0.25);
  EXPECT_EQ(judged(r, "trajectory_constant").measured, 2.0);  // √64/4
  EXPECT_DOUBLE_EQ(judged(r, "movement_constant").measured, 1.6);
  EXPECT_DOUBLE_EQ(judged(r, "movement_constant").predicted, 0.8);
}

TEST(TangentKernelQuantities, TwiceTheStructuralWidthReachesTheTarget) {
  TangentResult r = measured_tangent();
  EXPECT_EQ(judged(r, "reached").predicted, 1.0);
  r.setting.spec.model.neurons = 3;  // joint, four samples: structural width 2
  EXPECT_EQ(judged(r, "reached").predicted, 0.0);
  r.setting.spec.model.neurons = 4;
  EXPECT_EQ(judged(r, "reached").predicted, 1.0);
}

TEST(TangentKernelQuantities, StandardErrorsAreThoseOfTheDifference) {
  TangentResult r = measured_tangent();
  TangentMeasured other = r.measured.front();
  other.values["encoder movement"] = {4.0, 4.3};
  other.values["reached"] = {kNoNumber, 0.0};
  r.measured.push_back(other);
  // Differences .1 and .3: half of .2 apart; rounding.
  EXPECT_NEAR(judged(r, "encoder_movement").standard_error, 0.1, 1e-12);
  EXPECT_NEAR(judged(r, "encoder_movement").predicted, 3.0, 1e-12);
  EXPECT_EQ(judged(r, "reached").standard_error, 0.5);
  // 0.1 and 0.2 apart, times √64; rounding.
  r.measured.back().values["relative movement"] = {0.1, 0.3};
  EXPECT_NEAR(judged(r, "movement_constant").standard_error, 8.0 * 0.05, 1e-12);
}

TEST(TangentKernelQuantities, ADivergedRunHasACourseButNoCurve) {
  TangentResult r = measured_tangent();
  r.diverged_at = 9;
  r.measured.front().values["diverged"] = {1.0, 1.0};
  EXPECT_EQ(judged(r, "diverged").verdict, Verdict::Holds);
  EXPECT_NE(judged(r, "loss").why.find("diverged at step 9"), std::string::npos);
}

TEST(TangentKernelQuantities, StepsAboveTheLimitHaveNoCurve) {
  TangentResult r = measured_tangent();
  r.predicted.step = 3.0 / r.predicted.reference;
  const Claim claim = judged(r, "slope");
  EXPECT_EQ(claim.verdict, Verdict::NotApplicable);
  EXPECT_NE(claim.why.find("3/λ_max"), std::string::npos) << claim.why;
  EXPECT_EQ(judged(r, "monotone").verdict, Verdict::Holds);
}

TEST(TangentKernelQuantities, TiedNetworksHaveNoPredictor) {
  TangentResult r = measured_tangent();
  r.setting.spec.train.mode = "tied";
  EXPECT_NE(judged(r, "test_error").why.find("not lazy"), std::string::npos);
}

TEST(TangentKernelQuantities, RefusesWhatASpecDoesNotHave) {
  const TangentSpec spec = tangent_spec("[train]\nmode = 'decoder'\n[predict]\nqueries = 0\n");
  expect_throw<InvalidArgument>([&] { check_quantity("reached", spec); }, {"train.target"});
  expect_throw<InvalidArgument>([&] { check_quantity("test_error", spec); }, {"predict.queries"});
  expect_throw<InvalidArgument>([&] { check_quantity("flips", spec); }, {"decoder"});
  expect_throw<InvalidArgument>([&] { check_quantity("pair_rate", spec); }, {"data.samples = 2"});
  expect_throw<InvalidArgument>([&] { check_quantity("sloep", spec); }, {"did you mean 'slope'?"});
  EXPECT_NO_THROW(check_quantity("decoder_movement", spec));
}

TEST(TangentKernelQuantities, ADivergenceIsAResultWhereAClaimOrFigureIsAboutIt) {
  ExperimentSpec spec;
  TangentResult four, other;
  four.label = "four";
  other.label = "other";
  EXPECT_FALSE(expects_divergence(spec, four));
  spec.claims.push_back({.quantity = "diverged", .cases = {"other"}});
  EXPECT_FALSE(expects_divergence(spec, four));
  EXPECT_TRUE(expects_divergence(spec, other));
  spec.figures.push_back({.kind = "modes:reached"});
  EXPECT_TRUE(expects_divergence(spec, four));
}

TEST(TangentKernelQuantities, ASpecWithoutClaimsIsJudgedByItsTrajectory) {
  ExperimentSpec spec;
  TangentResult r = measured_tangent();
  r.predicted.trajectory_error = 0.2;
  auto claims = judge_claims(spec, {r});
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].name, "trajectory_constant@four");
  EXPECT_EQ(claims[0].verdict, Verdict::Holds);  // 0.25 against 2·0.2
  r.predicted.trajectory_error = 0.1;
  EXPECT_EQ(judge_claims(spec, {r})[0].verdict, Verdict::Fails);
  r.predicted.trajectory_error = kNoNumber;
  EXPECT_TRUE(judge_claims(spec, {r}).empty());
}

TEST(TangentKernelQuantities, ATiedSpecWithoutClaimsIsJudgedByItsStart) {
  ExperimentSpec spec;
  TangentResult r = measured_tangent();
  r.setting.spec.train.mode = "tied";
  r.measured.front().values["start gain"] = {0.5, 0.6};
  const auto claims = judge_claims(spec, {r});
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].name, "start_gain@four");
  EXPECT_DOUBLE_EQ(claims[0].tolerance, 0.5 * 6.7 / 8.0);
}

}  // namespace
}  // namespace twofold::experiment
