#include "experiment/judging.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

struct Named {
  std::string_view name, about;
};
constexpr std::array kKnown{Named{"loss", "how far off"}, Named{"gain", "how much is kept"}};

std::string_view about(std::string_view quantity) {
  return find_by_name(kKnown, quantity, "test").about;
}

ClaimOptions claim(std::string quantity, double tolerance = 0.5) {
  ClaimOptions options;
  options.quantity = std::move(quantity);
  options.tolerance = tolerance;
  options.reason = "because";
  options.source = "docs";
  return options;
}

// "loss" is `loss` and measures 0.25 more; "gain" has two comparisons, [0] off by 0, [1] by 1.
JudgedCase one_case(std::string label, double value, double loss, std::string why = "") {
  const auto evaluate = [loss](const ClaimOptions& options) -> std::vector<Comparison> {
    if (options.quantity == "loss") return {{"", "", loss, loss + 0.25, 0.125, 0.0625}};
    return {{"[0]", "first", 1.0, 1.0}, {"[1]", "second", 4.0 * loss, 4.0 * loss + 1.0}};
  };
  return {std::move(label), value, true, evaluate, [why](const ClaimOptions&) { return why; }};
}

JudgedCase diverged_case(std::string label) {
  return {std::move(label), 1.0, false,
          [](const ClaimOptions&) -> std::vector<Comparison> {
            ADD_FAILURE() << "there is nothing to evaluate";
            return {};
          },
          [](const ClaimOptions&) { return std::string("it diverged"); }};
}

JudgedCase skipped_case(std::string label) {
  JudgedCase one = diverged_case(std::move(label));
  one.measured = true;
  one.predicted = false;
  return one;
}

TEST(Judging, WithoutATheoryNothingIsJudged) {
  const auto expect_skipped = [](const Claim& judged) {
    EXPECT_EQ(judged.verdict, Verdict::NotApplicable);
    EXPECT_NE(judged.why.find("predict.skip"), std::string::npos) << judged.why;
  };
  const std::vector<JudgedCase> cases{skipped_case("a"), one_case("b", 2, 2.0)};
  const auto list = judge_claims(claim("loss"), cases, about);
  ASSERT_EQ(list.size(), 2u);
  expect_skipped(list[0]);
  EXPECT_EQ(list[1].verdict, Verdict::Holds);
  expect_skipped(judge_claims(claim("minimum:loss"), cases, about)[0]);
  const auto by_default = judge_spec(
      {}, cases, about, [](std::size_t) { return std::vector<ClaimOptions>{claim("loss")}; });
  ASSERT_EQ(by_default.size(), 1u);
  EXPECT_EQ(by_default[0].name, "loss@b");
}

TEST(Judging, AClaimCarriesWhatWasCompared) {
  const auto list = judge_claims(claim("loss"), {one_case("a", 1, 2.0)}, about);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].name, "loss@a");
  EXPECT_EQ(list[0].title, "how far off (a)");
  EXPECT_EQ(list[0].predicted, 2.0);
  EXPECT_EQ(list[0].measured, 2.25);
  EXPECT_EQ(list[0].standard_error, 0.125);
  EXPECT_EQ(list[0].tolerance, 0.5625);  // its own and that of the comparison
  EXPECT_EQ(list[0].reason, "because");
  EXPECT_EQ(list[0].source, "docs");
  EXPECT_EQ(list[0].verdict, Verdict::Holds);
  EXPECT_EQ(list[0].why, "");
}

TEST(Judging, RelativeTolerancesLeaveTheExtraOneAlone) {
  ClaimOptions options = claim("loss", 0.125);
  options.relative = true;
  const auto list = judge_claims(options, {one_case("", 1, -2.0)}, about);
  EXPECT_EQ(list[0].tolerance, 0.125 * 2.0 + 0.0625);  // |predicted|
  EXPECT_EQ(list[0].verdict, Verdict::Holds);
}

TEST(Judging, AnIndexSelectsOneComparison) {
  const auto all = judge_claims(claim("gain"), {one_case("", 1, 1.0)}, about);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].title, "how much is kept, first");
  EXPECT_EQ(all[0].verdict, Verdict::Holds);
  EXPECT_EQ(all[1].verdict, Verdict::Fails);
  ClaimOptions second = claim("gain");
  second.index = 1;
  const auto one = judge_claims(second, {one_case("", 1, 1.0)}, about);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].name, "gain[1]");
  second.index = 2;  // would be a claim that cannot fail
  EXPECT_THROW((void)judge_claims(second, {one_case("", 1, 1.0)}, about), InvalidArgument);
  EXPECT_EQ(judge_claims(second, {diverged_case("a")}, about).size(), 1u);
}

TEST(Judging, NotApplicableSaysWhyAndStillShowsTheNumbers) {
  const auto list =
      judge_claims(claim("loss"), {one_case("a", 1, 2.0, "no norm"), one_case("b", 2, 2.0)}, about);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].verdict, Verdict::NotApplicable);
  EXPECT_EQ(list[0].why, "no norm");
  EXPECT_EQ(list[0].measured, 2.25);
  EXPECT_EQ(list[1].verdict, Verdict::Holds);
}

TEST(Judging, WhatWasNotMeasuredIsNotEvaluated) {
  const auto list = judge_claims(claim("loss"), {diverged_case("a")}, about);
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].verdict, Verdict::NotApplicable);
  EXPECT_EQ(list[0].why, "it diverged");
  EXPECT_TRUE(std::isnan(list[0].predicted));
  const auto sweep =
      judge_claims(claim("exponent:loss"), {one_case("b", 2, 1.0), diverged_case("a")}, about);
  ASSERT_EQ(sweep.size(), 1u);
  EXPECT_EQ(sweep[0].verdict, Verdict::NotApplicable);
  EXPECT_NE(sweep[0].why.find("diverged"), std::string::npos);
}

TEST(Judging, MinimumIsThePlaceOfTheLeastValue) {
  const std::vector<JudgedCase> cases{one_case("a", 10, 3.0), one_case("b", 20, 1.0),
                                      one_case("c", 30, 2.0)};
  const Claim least = judge_claims(claim("minimum:loss", 0.0), cases, about)[0];
  EXPECT_EQ(least.name, "minimum:loss");
  EXPECT_EQ(least.predicted, 20.0);
  EXPECT_EQ(least.measured, 20.0);
  EXPECT_EQ(least.verdict, Verdict::Holds);
  ClaimOptions some = claim("minimum:loss");
  some.cases = {"a", "c"};
  EXPECT_EQ(judge_claims(some, cases, about)[0].predicted, 30.0);
}

TEST(Judging, ExponentIsTheSlopeOfLogarithms) {
  const auto power = [](double value) {  // measured 3 value², predicted value³
    return JudgedCase{"", value, true,
                      [value](const ClaimOptions&) -> std::vector<Comparison> {
                        return {{"", "", std::pow(value, 3), 3.0 * value * value}};
                      },
                      [](const ClaimOptions&) { return std::string(); }};
  };
  const Claim slope =
      judge_claims(claim("exponent:loss"), {power(1.0), power(2.0), power(5.0)}, about)[0];
  EXPECT_NEAR(slope.predicted, 3.0, 1e-13);  // rounding of three logarithms
  EXPECT_NEAR(slope.measured, 2.0, 1e-13);
  EXPECT_EQ(slope.verdict, Verdict::Fails);
}

TEST(Judging, SweepsTakeTheComparisonOfTheIndex) {
  // gain[0] is the same everywhere, gain[1] least where the loss is.
  const std::vector<JudgedCase> cases{one_case("a", 10, 3.0), one_case("b", 20, 1.0)};
  ClaimOptions options = claim("minimum:gain");
  EXPECT_EQ(judge_claims(options, cases, about)[0].predicted, 10.0);
  options.index = 1;
  EXPECT_EQ(judge_claims(options, cases, about)[0].predicted, 20.0);
  options.index = 2;
  expect_throw<InvalidArgument>([&] { (void)judge_claims(options, cases, about); },
                                {"'gain'", "index 2", "'a'"});
}

TEST(CheckClaim, KnowsTwoPrefixes) {
  for (const char* good : {"loss", "minimum:loss", "exponent:gain"}) {
    EXPECT_NO_THROW(check_claim(claim(good), about)) << good;
  }
  expect_throw<InvalidArgument>([] { check_claim(claim("most:loss"), about); },
                                {"most:loss", "minimum or exponent"});
  expect_throw<InvalidArgument>([] { check_claim(claim("minimum:lost"), about); },
                                {"'lost'", "did you mean 'loss'?", "list quantities"});
  expect_throw<InvalidArgument>([] { check_claim(claim("temperature"), about); },
                                {"unknown quantity 'temperature'"});
}

TEST(JudgeSpec, DefaultsApplyCaseByCaseOnlyWithoutClaims) {
  const std::vector<JudgedCase> cases{one_case("a", 1, 1.0), one_case("b", 2, 2.0)};
  const auto defaults = [](std::size_t i) {
    return std::vector<ClaimOptions>{claim(i == 0 ? "loss" : "gain")};
  };
  const auto by_default = judge_spec({}, cases, about, defaults);
  ASSERT_EQ(by_default.size(), 3u);
  EXPECT_EQ(by_default[0].name, "loss@a");
  EXPECT_EQ(by_default[1].name, "gain[0]@b");
  const auto asked = judge_spec({claim("gain"), claim("loss")}, {cases[0]}, about, defaults);
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].name, "gain[0]@a");
  EXPECT_EQ(asked[2].name, "loss@a");
}

TEST(ChosenResults, AreThoseNamedInTheirOwnOrder) {
  const std::vector<JudgedCase> cases{one_case("a", 1, 1.0), one_case("b", 2, 2.0)};
  EXPECT_EQ(chosen_results({}, cases).size(), 2u);
  const auto named = chosen_results({"b", "a"}, cases);
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0]->label, "a");
  EXPECT_TRUE(chosen_results({"c"}, cases).empty());
}

}  // namespace
}  // namespace twofold::experiment
