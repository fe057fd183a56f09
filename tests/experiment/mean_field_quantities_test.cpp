#include "experiment/mean_field_quantities.hpp"

#include <gtest/gtest.h>

#include <set>

#include "experiment/synthetic_result.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::experiment {
namespace {

// All arithmetic is on a handful of numbers near 1: a few roundings.
constexpr double kRounding = 1e-14;

std::vector<Comparison> evaluate(std::string_view name, const ClaimOptions& claim = {},
                                 const MeanFieldResult& result = synthetic_result()) {
  return find_quantity(name).evaluate(result, claim);
}

void expect_comparison(const Comparison& c, double predicted, double measured,
                       double standard_error) {
  EXPECT_NEAR(c.predicted, predicted, kRounding);
  EXPECT_NEAR(c.measured, measured, kRounding);
  EXPECT_NEAR(c.standard_error, standard_error, kRounding);
}

TEST(Quantities, AreListedOnceEachAndFoundByName) {
  std::set<std::string_view> names;
  for (const auto& [name, about] : mean_field_quantities()) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(about.empty()) << name;
    if (name.find(':') == std::string_view::npos) {
      EXPECT_EQ(find_quantity(name).name, name);
    }
  }
  expect_throw<InvalidArgument>([] { (void)find_quantity("los"); },
                                {"'los'", "did you mean 'loss'?"});
}

TEST(Quantities, GainOfEachBlockIsTakenWhereItIsFarthestOff) {
  const auto list = evaluate("gain");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "[0]");
  EXPECT_EQ(list[1].title, "2: s = 0.25");
  expect_comparison(list[0], 0.5, 0.6, kScatter);
  expect_comparison(list[1], 0.05, 0.15, kScatter);
}

TEST(Quantities, RelativeDeviationsCompareWithThePrediction) {
  ClaimOptions relative;
  relative.relative = true;
  MeanFieldResult r = synthetic_result();
  for (Path& p : r.measured) p.gain(0, 0) += 0.09;  // 0.09 of 0.1 outweighs 0.1 of 0.5
  expect_comparison(evaluate("gain", relative, r)[0], 0.1, 0.19, kScatter);
  expect_comparison(evaluate("gain", {}, r)[0], 0.5, 0.6, kScatter);
}

TEST(Quantities, NotANumberIsFarthestOff) {
  MeanFieldResult r = synthetic_result();
  r.measured[0].loss(2) = std::nan("");
  EXPECT_TRUE(std::isnan(evaluate("loss", {}, r)[0].measured));
}

TEST(Quantities, LossIsInUnitsOfTheInitialLoss) {
  expect_comparison(evaluate("loss")[0], 0.4, 0.5, kScatter);
  expect_comparison(evaluate("end_loss")[0], 0.2, 0.2, kScatter);
  EXPECT_NEAR(evaluate("loss_rms")[0].measured, 0.1 / std::sqrt(3.0), kRounding);
}

TEST(Quantities, LeadingGains) {
  // Two deviations of 0.1 among six numbers, one of them among the two at the end.
  EXPECT_NEAR(evaluate("gain_mean")[0].measured, 0.2 / 6.0, kRounding);
  EXPECT_NEAR(evaluate("end_gain_rms")[0].measured, 0.1 / std::sqrt(2.0), kRounding);
  expect_comparison(evaluate("end_gain")[0], 0.05, 0.15, kScatter);
  MeanFieldResult first_only = synthetic_result();
  first_only.setting.spec.record.components = 1;
  expect_comparison(evaluate("gain_max", {}, first_only)[0], 0.5, 0.6, kScatter);
}

TEST(Quantities, LearnedCountsWhatGrewAmongWhatClearlyMoves) {
  MeanFieldResult r = synthetic_result();
  for (Path& p : r.measured) p.gain(2, 1) -= 0.1;
  expect_comparison(evaluate("learned", {}, r)[0], 1.0, 1.0, 0.0);
  // As it is, component 2 grew in both repeats though theory lets it decay.
  expect_comparison(evaluate("learned")[0], 1.0, 2.0, 0.0);
  // Theory that hardly moves it does not count it at all.
  r.predicted.gain(2, 1) = 0.11;
  expect_comparison(evaluate("learned", {}, r)[0], 1.0, 1.0, 0.0);
}

TEST(Quantities, ScaleIsARatioAndScaleAtAValue) {
  const auto ratio = evaluate("scale");
  expect_comparison(ratio[0], 1.0, 1.2, kScatter / 0.5);
  expect_comparison(ratio[1], 1.0, 3.0, kScatter / 0.05);
  ClaimOptions at;
  at.time = 1.2;  // the nearest record is at 1
  expect_comparison(evaluate("scale_at", at)[0], 1.0, 1.2, 2 * kScatter);
  MeanFieldResult leading = synthetic_result();
  leading.setting.spec.train.units = "leading";
  leading.setting.spectrum *= 2.0;  // t s_1 = 4 is t = 2
  at.time = 4.0;
  expect_comparison(evaluate("scale_at", at, leading)[0], 1.8, 1.8, 2 * kScatter);
}

TEST(Quantities, OnlyWhatFallsIsForgotten) {
  const auto list = evaluate("forgotten");
  ASSERT_EQ(list.size(), 1u);  // component 1 peaks at the end
  EXPECT_EQ(list[0].name, "[1]");
  expect_comparison(list[0], 0.3, 0.1, 0.0);  // both repeats fall alike
}

TEST(Quantities, SlopeLooksAtLearnedDirections) {
  const auto list = evaluate("slope");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].title, "component 1");
  expect_comparison(list[0], 0.9, 0.9, kScatter);
}

TEST(Quantities, HalfTimeIsACrossingByInterpolation) {
  MeanFieldResult r = synthetic_result();
  r.measured.resize(1);
  r.measured[0].gain.col(0) = vector_of({0.1, 0.5, 0.9});
  const auto list = evaluate("half_time", {}, r);
  ASSERT_EQ(list.size(), 1u);  // component 2 has no half time
  EXPECT_NEAR(list[0].predicted, 0.8, kRounding);
  EXPECT_NEAR(list[0].measured, 0.875, kRounding);  // 0.45 between 0.1 and 0.5
  r.summary.half_time[0] = 2.5;                     // after the run
  EXPECT_TRUE(evaluate("half_time", {}, r).empty());
}

TEST(Quantities, ExcessAndBracketUseTheWidthBand) {
  MeanFieldResult r = synthetic_result();
  for (Path& p : r.measured) p.loss(2) += 0.03125;  // half the band of 0.0625
  const Comparison excess = evaluate("excess", {}, r)[0];
  EXPECT_NEAR(excess.measured, 0.05, kRounding);
  EXPECT_NEAR(excess.predicted, 0.1 * theory::kEvenShareTypical / theory::kEvenShare, kRounding);
  const Comparison bracket = evaluate("bracket", {}, r)[0];
  EXPECT_NEAR(bracket.predicted, 0.25, kRounding);
  EXPECT_NEAR(bracket.measured, 0.25, kRounding);
  EXPECT_NEAR(bracket.extra_tolerance, 0.05, kRounding);
}

TEST(Quantities, WhatWasNotMeasuredIsAnErrorWithTheRemedy) {
  expect_throw<InvalidArgument>([] { evaluate("train_loss"); }, {"finite training set"});
  expect_throw<InvalidArgument>([] { evaluate("denoising"); }, {"[data] noise"});
}

}  // namespace
}  // namespace twofold::experiment
