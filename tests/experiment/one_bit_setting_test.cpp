#include <gtest/gtest.h>

#include <cmath>

#include "experiment/one_bit_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kRows = 400, kTrain = 320;  // the default split keeps 80 % for training

// A setting on kRows rows of a file, with more of the spec.
class RowsOfAFile : public testing::Test {
 protected:
  OneBitSetting open(const Matrix& rows, const std::string& more = "") {
    const auto file = folder_.path() / "rows.npy";
    data::write_npy(file, ConstView<double>(rows));
    return one_bit_setting("[data]\nsource = 'npy'\npath = '" + file.string() + "'\n" + more);
  }

  // All signs of (a, b), again and again; every second pair of rows `factor` times as long.
  static Matrix signs(double a, double b, double factor = 1.0) {
    Matrix rows(kRows, 2);
    for (Index i = 0; i < kRows; ++i) {
      const double scale = i % 8 < 4 ? 1.0 : factor;
      rows.row(i) << (i % 2 == 0 ? a : -a) * scale, (i % 4 < 2 ? b : -b) * scale;
    }
    return rows;
  }

  TemporaryFolder folder_;
};

constexpr const char* kNoNorm = "[model]\nstore_norm = false\n";

TEST(OneBitSetting, KnowsTheLawOfItsSource) {
  const OneBitSetting s = one_bit_setting(
      "[data]\nsource = 'sparse_gaussian'\nsparsity = 0.25\ndimension = 10\n"
      "[model]\nrate = 1.26\nencoder = 'haar'\n");
  EXPECT_EQ(s.d, 10);
  EXPECT_EQ(s.n, 13);  // the nearest whole number
  EXPECT_EQ(s.rate(), 1.3);
  EXPECT_FALSE(s.fitted_prior);
  EXPECT_EQ(s.prior->sparsity(), 0.25);
  EXPECT_EQ(s.energy, 1.0);
  EXPECT_EQ(s.variances.size(), 0);
}

TEST(OneBitSetting, TakesOverTheSameDataOnly) {
  const std::string text = "[data]\nsource = 'sparse_laplace'\ndimension = 8\n";
  ThreadPool pool(1);
  const OneBitSetting first = one_bit_setting(text);
  const auto next = [&](const std::string& toml, std::int64_t seed) {
    return make_setting(one_bit_spec(toml), seed, pool, &first).dataset.train;
  };
  EXPECT_EQ(next(text + "[model]\nrate = 0.5\n", 1), first.dataset.train);
  EXPECT_NE(next(text, 2), first.dataset.train);
  EXPECT_NE(next(text + "sparsity = 0.2\n", 1), first.dataset.train);
}

TEST(OneBitSetting, SpectraBecomeVariancesOfMeanOne) {
  const OneBitSetting s = one_bit_setting("[data]\nsource = 'gaussian'\nspectrum = [6.0, 2.0]\n");
  EXPECT_EQ(s.energy, 4.0);
  EXPECT_EQ(s.variances(0), 1.5);
  EXPECT_EQ(s.variances(1), 0.5);
}

TEST(OneBitSetting, UnequalVariancesNeedAnEncoderThatMixesOrKnowsThem) {
  const std::string data = "[data]\nsource = 'gaussian'\nspectrum = [6.0, 2.0]\n";
  for (const char* model : {"[model]\nencoder = 'identity'\n", "[model]\nencoder = 'learned'\n"}) {
    expect_throw<InvalidArgument>([&] { (void)one_bit_setting(data + model); },
                                  {"unequal variances", "population"});
  }
  EXPECT_NO_THROW(
      one_bit_setting(data + "[model]\nencoder = 'learned'\n[train]\nmethod = 'population'\n"));
}

TEST_F(RowsOfAFile, ACovarianceHasAxesThatADecoderOfCoordinatesMisses) {
  Matrix covariance(2, 2);
  covariance << 2, 1, 1, 2;
  const auto file = folder_.path() / "covariance.npy";
  data::write_npy(file, ConstView<double>(covariance));
  const std::string data = "[data]\nsource = 'gaussian'\ncovariance = '" + file.string() + "'\n";
  expect_throw<InvalidArgument>([&] { (void)one_bit_setting(data); },
                                {"data.covariance", "data.spectrum"});
  EXPECT_NO_THROW(
      one_bit_setting(data + "[model]\nencoder = 'learned'\n[train]\nmethod = 'population'\n"));
}

TEST_F(RowsOfAFile, EnergiesAreMeasuredBeforeScaling) {
  // ‖x‖² is 2 or 18: mean 10, standard deviation 8 but for Bessel's factor.
  const OneBitSetting s = open(signs(1, 1, 3));
  EXPECT_TRUE(s.fitted_prior);
  EXPECT_NEAR(s.energy, 5.0, 1e-12);  // whole numbers, one division
  const double bessel = std::sqrt(static_cast<double>(kTrain) / (kTrain - 1));
  EXPECT_NEAR(s.energy_spread, 0.8 * bessel, 1e-12);
}

TEST_F(RowsOfAFile, EffectiveShareIsOneForEqualVariancesOnly) {
  EXPECT_EQ(open(signs(1, 1), kNoNorm).effective_share, 1.0);
  // Variances 1 and 4: 5²/(2 · 17), where tr S² gets 5²/320 less for the finite number of rows.
  EXPECT_NEAR(open(signs(1, 2), kNoNorm).effective_share, 25.0 / (2.0 * (17.0 - 25.0 / kTrain)),
              1e-6);  // rows are in single precision
}

TEST_F(RowsOfAFile, AreEncodedWithNormRootDOrVarianceOne) {
  const Matrix rows = signs(1, 1, 3);
  const OneBitSetting with = open(rows), without = open(rows, kNoNorm);
  const MatrixF a = encoded_rows(with, *with.dataset.train, 0, 8);
  const MatrixF b = encoded_rows(without, *without.dataset.train, 0, 8);
  ASSERT_EQ(a.rows(), 8);
  for (Index i = 0; i < 8; ++i) {
    // Single precision: a few roundings of 1e-7.
    EXPECT_NEAR(a.row(i).norm(), std::sqrt(2.0), 1e-6);
    EXPECT_NEAR(b.row(i).norm(), rows.row(i).norm() / std::sqrt(5.0), 1e-6);
  }
}

TEST_F(RowsOfAFile, ZerosAreLeftOutWhereTheNormIsStored) {
  Matrix rows = signs(1, 2);
  rows.row(1).setZero();
  rows.row(4).setZero();
  const OneBitSetting with = open(rows), without = open(rows, kNoNorm);
  const MatrixF a = encoded_rows(with, *with.dataset.train, 0, 6);
  ASSERT_EQ(a.rows(), 4);
  // Row 2 moved up: its signs, its ratio.
  EXPECT_FLOAT_EQ(a(1, 1) / a(1, 0), static_cast<float>(rows(2, 1) / rows(2, 0)));
  EXPECT_EQ(encoded_rows(without, *without.dataset.train, 0, 6).rows(), 6);
}

TEST_F(RowsOfAFile, NothingButZerosIsRefused) {
  for (const char* more : {"", kNoNorm}) {
    expect_throw<InvalidArgument>([&] { (void)open(Matrix::Zero(kRows, 2), more); },
                                  {"rows are all 0"});
  }
}

TEST_F(RowsOfAFile, EndWhereTheFileEnds) {
  const OneBitSetting s = open(signs(1, 2), "[decode]\nfit_samples = 1000\n");
  EXPECT_EQ(encoded_rows(s, *s.dataset.train, kTrain - 3, 100).rows(), 3);
  EXPECT_EQ(encoded_rows(s, *s.dataset.train, kTrain + 3, 100).rows(), 0);
  EXPECT_EQ(s.fit_samples(), kTrain);  // no more than there are
}

TEST_F(RowsOfAFile, TrustCountsTheRowsThereAre) {
  OneBitResult r;
  r.setting = open(signs(1, 2, 3), "[decode]\nfit_samples = 1000\n[model]\nstore_norm = false\n");
  predict_case(r);
  std::string cautions;
  for (const TrustEntry& t : r.trust) {
    if (t.verdict == "caution") cautions += t.name + " ";
    if (t.name == "samples_per_bit") {
      EXPECT_EQ(t.value, kTrain / 2.0);
    }
  }
  EXPECT_NE(cautions.find("energy_spread"), std::string::npos) << cautions;
  EXPECT_NE(cautions.find("effective_share"), std::string::npos) << cautions;
}

TEST_F(RowsOfAFile, TheUnrolledDecoderWantsVarianceOne) {
  const std::string unrolled = "[unrolled]\nsteps = 1\n";
  expect_throw<InvalidArgument>([&] { (void)open(signs(2, 2), unrolled); },
                                {"variance 4", "unit_variance"});
  EXPECT_NO_THROW(open(signs(1, 1), unrolled));
}

}  // namespace
}  // namespace twofold::experiment
