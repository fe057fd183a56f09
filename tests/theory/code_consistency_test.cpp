#include "twofold/theory/code_consistency.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "theory/recovery_cases.hpp"
#include "twofold/core/error.hpp"

namespace twofold::theory {
namespace {

using data::CodeLaw;

struct Counts {
  double consistent = 0, miss = 0, false_alarm = 0;
};

Counts count_labels(const data::DictionaryModel& model, double threshold, double distance,
                    Index samples, std::uint64_t seed) {
  const Drawn drawn = draw(model, samples, seed);
  const Matrix Z = drawn.X * displaced_atoms(model, distance, seed).transpose();
  Counts counts;
  double on = 0.0;
  for (Index s = 0; s < samples; ++s) {
    bool right = true;
    for (Index i = 0; i < model.size(); ++i) {
      const double z = model.law == CodeLaw::Sparse ? std::abs(Z(s, i)) : Z(s, i);
      const bool active = drawn.C(s, i) != 0.0, fires = z >= threshold;
      on += active ? 1.0 : 0.0;
      counts.miss += active && !fires ? 1.0 : 0.0;
      counts.false_alarm += !active && fires ? 1.0 : 0.0;
      right = right && active == fires;
    }
    counts.consistent += right ? 1.0 / static_cast<double>(samples) : 0.0;
  }
  counts.miss /= on;
  counts.false_alarm /= static_cast<double>(samples * model.size()) - on;
  return counts;
}

// Mean of five dictionaries of 1000 samples each.
TEST(CodeConsistency, AgreesWithSamples) {
  struct Row {
    Index m, k;
    double noise, distance;
  };
  for (const Row& row : {Row{128, 2, 0, 0}, Row{192, 3, 0, 0}, Row{128, 3, 0.05, 0.3}}) {
    double predicted = 0.0, measured = 0.0;
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u}) {
      const auto model = codes(CodeLaw::Sparse, "random", row.m, 128, row.k, row.noise, 1.0, seed);
      predicted += code_consistency(model, 0.5, row.distance) / 5;
      measured += count_labels(model, 0.5, row.distance, 1000, seed).consistent / 5;
    }
    // The bound chosen for this check; sampling is √(0.16/5000) = 0.6 % of it.
    EXPECT_NEAR(predicted, measured, 0.03);
  }
}

// Golden: the law with g = 1/d, from an independent program.
TEST(CodeConsistency, ReproducesTabulatedValues) {
  struct Row {
    Index d, m, k;
    double noise, distance, law;
  };
  for (const Row& row :
       {Row{128, 128, 2, 0, 0, .992}, Row{128, 128, 3, 0, 0, .873}, Row{128, 192, 3, 0, 0, .814},
        Row{128, 128, 3, .05, .3, .787}, Row{256, 256, 4, .1, .3, .635}}) {
    const auto model = codes(CodeLaw::Sparse, "random", row.m, row.d, row.k, row.noise);
    // g scatters by √2/(m) of 1/d, which moves ln P by x²/2 = 5 times that share: 1 % or so.
    EXPECT_NEAR(code_consistency(model, 0.5, row.distance), row.law, 0.02);
  }
}

TEST(LabelError, IsTheNormalTailForOrthonormalMeans) {
  const auto model = mixture("orthonormal", 10, 100, 0.15);
  const LabelError error = label_error(model, 0.5, 0.0);
  const double tail = 0.5 * std::erfc(0.5 / 0.15 / std::numbers::sqrt2);  // 4.29e-4
  // Rounding.
  EXPECT_NEAR(error.miss, tail, 1e-15);
  EXPECT_NEAR(error.false_alarm, tail, 1e-15);
  EXPECT_NEAR(error.rate, tail, 1e-15);
  // Golden: 4.38e-4 of the entries of 100 000 samples are wrong; 10 % was the bound.
  EXPECT_NEAR(error.rate, 4.38e-4, 0.1 * 4.38e-4);
}

TEST(LabelError, AgreesWithSamplesOfAllLaws) {
  // Amplitudes from 1 to 2, so that the mean over them counts; rates of per cents.
  const auto nonnegative = codes(CodeLaw::Nonnegative, "random", 96, 128, 4, 0.2, 2.0);
  const auto sparse = codes(CodeLaw::Sparse, "random", 96, 128, 4, 0.2, 2.0);
  auto means = mixture("random", 20, 60, 0.4);
  means.atoms.topRows(10) *= 1.5;
  for (const auto& [model, threshold] :
       {std::pair{nonnegative, 0.8}, {sparse, 0.8}, {means, 0.6}}) {
    const LabelError law = label_error(model, threshold, 0.4);
    const Counts counts = count_labels(model, threshold, 0.4, 4000, 7);
    // Rates of 1 to 10 % of 10⁴ to 10⁵ correlated entries, and a Gaussian law of cross-talk.
    EXPECT_NEAR(counts.miss, law.miss, 0.15 * law.miss);
    EXPECT_NEAR(counts.false_alarm, law.false_alarm, 0.15 * law.false_alarm);
  }
}

TEST(LabelError, AveragesOverTheAmplitudes) {
  const auto model = codes(CodeLaw::Sparse, "random", 40, 50, 3, 0.1, 2.5);
  const double s = cross_talk(model, true, 0.2), cosine = 1 - 0.02;
  double sum = 0.0;
  constexpr int kPoints = 20'000;
  for (int i = 0; i < kPoints; ++i) {
    const double c = 1 + 1.5 * (i + 0.5) / kPoints;
    sum += 0.5 * std::erfc((c * cosine - 1.2) / s / std::numbers::sqrt2) / kPoints;
  }
  // Mid-point rule: (1.5/s/20 000)²/24.
  EXPECT_NEAR(label_error(model, 1.2, 0.2).miss, sum, 1e-8);
  auto narrow = model;
  narrow.high = 1.0 + 1e-6;  // through the limit of one amplitude
  auto single = model;
  single.high = 1.0;
  // The difference of the two laws: half the width times the slope, which is below 3.
  EXPECT_NEAR(label_error(narrow, 0.9, 0.2).miss, label_error(single, 0.9, 0.2).miss, 3e-6);
}

TEST(CrossTalk, IsThatOfTheAtoms) {
  const auto model = codes(CodeLaw::Nonnegative, "random", 100, 400, 3, 0.0, 2.0);
  // Golden: std of the off pre-activations 0.134 at the atoms; k κ₂/d in closed form.
  EXPECT_NEAR(cross_talk(model, false), 0.134, 0.002);
  EXPECT_NEAR(cross_talk(model, true) / cross_talk(model, false), std::sqrt(2.0 / 3.0), 1e-12);
  const auto orthonormal = codes(CodeLaw::Sparse, "orthonormal", 20, 30, 3, 0.07);
  // Rounding.
  EXPECT_NEAR(cross_talk(orthonormal, false), 0.07, 1e-15);
  // Rows at a distance are random directions in part, sin²θ = δ²(1 − δ²/4).
  const double sine2 = 0.25 * (1 - 0.0625);
  EXPECT_NEAR(cross_talk(orthonormal, false, 0.5), std::sqrt(3 * sine2 / 30 + 0.0049), 1e-14);
}

TEST(BestThreshold, IsAsGoodAsAnyOther) {
  const auto model = codes(CodeLaw::Sparse, "random", 128, 64, 4, 0.02);
  const double best = best_threshold(model, 0.0);
  for (const double other : {0.3, 0.45, 0.55, 0.8, 0.95}) {
    EXPECT_LE(label_error(model, best, 0.0).rate, label_error(model, other, 0.0).rate);
  }
  const auto clean = codes(CodeLaw::Sparse, "orthonormal", 8, 8, 2);
  // All thresholds up to the code are right; the middle of them, to the grid.
  EXPECT_NEAR(best_threshold(clean, 0.0), 0.5, 1e-3);
}

TEST(LabelError, RejectsBadInput) {
  const auto model = codes(CodeLaw::Sparse, "random", 6, 8, 2);
  EXPECT_THROW((void)label_error(model, -0.1, 0.0), InvalidArgument);
  EXPECT_THROW((void)label_error(model, 0.5, 1.5), InvalidArgument);
  EXPECT_THROW((void)cross_talk(model, true, -0.1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
