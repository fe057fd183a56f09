#include "twofold/theory/mean_field_trust.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/gaussian.hpp"

namespace twofold::theory {
namespace {

Matrix exponentials(Index rows, Index cols) {
  Matrix X(rows, cols);
  RandomStream(3, "trust").fill_uniform(0, {X.data(), static_cast<std::size_t>(X.size())});
  return -X.array().log() - 1.0;
}

// In one dimension w drops out: ρ = |mean x|x|| / mean x².
TEST(Asymmetry, IsTheRatioOfMomentsInOneDimension) {
  const Matrix X = exponentials(2500, 1);
  const double even = (X.array() * X.array().abs()).mean(), odd = X.array().square().mean();
  ThreadPool pool(1);
  const data::ArraySource<double> source(X);
  // Sums of 2500 numbers in another order.
  EXPECT_NEAR(asymmetry(source, {}, pool), std::abs(even) / odd, 1e-12);
}

TEST(Asymmetry, VanishesOnMirroredData) {
  const Matrix half = exponentials(700, 6);
  Matrix X(1400, 6);
  X << half, -half;
  ThreadPool pool(1);
  EXPECT_LT(asymmetry(data::ArraySource<double>(X), {}, pool), 1e-13);  // rounding of the sums
}

TEST(Asymmetry, SeesSkewAndFindsNoneInGaussianData) {
  ThreadPool pool(2);
  const data::Gaussian gaussian = data::Gaussian::with_spectrum(Vector::Ones(20), 1);
  AsymmetryOptions options;
  options.max_samples = 8000;
  // Floor √(d/n) = 0.05 times a constant of order 1.
  EXPECT_LT(asymmetry(gaussian, options, pool), 0.1);
  EXPECT_GT(asymmetry(data::ArraySource<double>(exponentials(8000, 4)), options, pool), 0.1);
}

TEST(Asymmetry, SameBitsForAnyPool) {
  const data::ArraySource<double> source(exponentials(3000, 5));
  ThreadPool one(1);
  const double expected = asymmetry(source, {}, one);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(asymmetry(source, {}, pool), expected) << threads;
  }
}

TEST(Asymmetry, RejectsTooFewSamples) {
  ThreadPool pool(1);
  EXPECT_THROW((void)asymmetry(data::ArraySource<double>(Matrix::Ones(1, 3)), {}, pool),
               InvalidArgument);
  AsymmetryOptions none;
  none.directions = 0;
  EXPECT_THROW((void)asymmetry(data::ArraySource<double>(Matrix::Ones(5, 3)), none, pool),
               InvalidArgument);
}

TEST(TrustEntry, FollowsTheRuleForAsymmetry) {
  EXPECT_EQ(asymmetry_entry(0.05, false).verdict, "trust");
  EXPECT_EQ(asymmetry_entry(0.27, false).verdict, "partly");
  EXPECT_EQ(asymmetry_entry(1.1, false).verdict, "no");
  EXPECT_EQ(asymmetry_entry(1.1, true).verdict, "trust");
  EXPECT_THROW((void)asymmetry_entry(NAN, false), InvalidArgument);
}

TEST(TrustReport, HoldsTheEntriesThatApply) {
  TrustSetting setting;
  setting.spectrum = Vector::Ones(64);
  setting.gains = Vector::Ones(64);
  setting.activation = model::Relu{};
  setting.step = 0.13;
  setting.independent_samples = 4;
  setting.neurons = 100;
  setting.learned = 64;
  const auto report = trust_report(setting);
  ASSERT_EQ(report.size(), 3U);
  EXPECT_EQ(report[0].name, "noise_level");
  EXPECT_EQ(report[0].verdict, "no");  // ν = 2.08
  EXPECT_EQ(report[1].name, "even_mode_step");
  EXPECT_EQ(report[1].verdict, "no");  // 2.65 > 2
  EXPECT_EQ(report[2].name, "neurons_per_structural_minimum");
  EXPECT_EQ(report[2].verdict, "no");  // 100 < 128

  // Steps just below each limit and just above: ν = 64 η/4 against 0.03 and 0.16, 64 η/π against 2,
  // and two neurons for each direction.
  setting.neurons = 128;
  const auto verdicts = [&](double step) {
    setting.step = step;
    std::string list;
    for (const TrustEntry& entry : trust_report(setting)) list += entry.verdict + " ";
    return list;
  };
  EXPECT_EQ(verdicts(0.029 / 16), "trust trust trust ");
  EXPECT_EQ(verdicts(0.031 / 16), "partly trust trust ");
  EXPECT_EQ(verdicts(0.159 / 16), "partly trust trust ");
  EXPECT_EQ(verdicts(0.161 / 16), "no trust trust ");
  EXPECT_EQ(verdicts(0.098), "no trust trust ");
  EXPECT_EQ(verdicts(0.099), "no no trust ");

  setting.activation = model::Erf{};
  setting.neurons = 0;
  setting.independent_samples = 0;
  const auto bounded = trust_report(setting);
  ASSERT_EQ(bounded.size(), 1U);
  EXPECT_EQ(bounded[0].name, "effective_dimension");
  EXPECT_EQ(bounded[0].verdict, "trust");
}

}  // namespace
}  // namespace twofold::theory
