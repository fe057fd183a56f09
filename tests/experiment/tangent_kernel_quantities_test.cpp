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
  expect_throw<InvalidArgument>([&] { (void)judged(r, "loss", 7.0); },
                                {"step 7", "record.steps", "four"});
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
  const auto claims = judge_claims(spec, {measured_tangent()});
  ASSERT_EQ(claims.size(), 1u);
  EXPECT_EQ(claims[0].name, "trajectory_constant@four");
  EXPECT_EQ(claims[0].verdict, Verdict::Holds);
}

}  // namespace
}  // namespace twofold::experiment
