#include "twofold/estimators/one_bit_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "twofold/core/error.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "vectors.hpp"

namespace twofold::estimators {
namespace {

using data::ScalarPrior;

TEST(OneBitFit, SparseRowsAreAlikeAndKeepTheirSpike) {
  const Matrix X = draw_rows(2000, Vector::Constant(64, 3.0), ScalarPrior::sparse_gaussian(0.1));
  const OneBitCodecParameters p = fitted(X).parameters();
  EXPECT_EQ(p.used(), 64);
  EXPECT_EQ(p.mean, Vector::Zero(64));
  EXPECT_LT((p.energies - Vector::Ones(64)).cwiseAbs().maxCoeff(), 1e-12);  // rounding
  // E ρ² [x_i ≠ 0] = p + (1 − p)/d: long vectors, which count more, have more non-zeros. Five
  // standard errors of a share 0.9 among 128 000 numbers, with 2.5 times the variance because they
  // are drawn with replacement (1) and with weights of variance (E x⁴ − 1)/d = 0.45.
  EXPECT_NEAR(p.prior.sparsity(), 0.1 + 0.9 / 64.0, 5.0 * std::sqrt(2.5 * 0.09 / 128e3));
  EXPECT_TRUE(p.norm_stored);
}

TEST(OneBitFit, ACommonMeanKeepsTheAtomBesideIt) {
  const Matrix X = draw_rows(2000, Vector::Ones(64), ScalarPrior::sparse_gaussian(0.5), 7.0);
  const OneBitCodecParameters p = fitted(X, {.norm = "none"}).parameters();
  EXPECT_EQ(p.mean, Vector::Constant(64, p.mean[0]));
  // The atom of about 0.5 lies at (7 − mean)/ρ: off 0 by 0.02 at most, and hardly blurred by ρ.
  double near_zero = 0.0;
  for (const auto& c : p.prior.components()) {
    if (std::abs(c.mean) < 0.02 && c.variance < 1e-4) near_zero += c.weight;
  }
  EXPECT_GT(near_zero, 0.45);
}

TEST(OneBitFit, MeansAndScalesThatDifferAreKept) {
  Matrix X = draw_rows(2000, falling(64, 0.5), ScalarPrior::gaussian());
  X.col(5).array() += 1.0;
  const OneBitCodecParameters p = fitted(X, {.prior = "gaussian"}).parameters();
  // Five standard errors √(variance/2000).
  EXPECT_NEAR(p.mean[5], 1.0, 5.0 * std::sqrt(1.0 / 6.0 / 2000.0));
  for (Index j = 0; j < 64; ++j) {
    // Five standard errors √(2/2000) of a Gaussian's variance.
    EXPECT_NEAR(p.variances[j] * static_cast<double>(j + 1), 1.0, 5.0 * std::sqrt(1e-3)) << j;
  }
  const theory::BitSharing best = theory::best_scaling(p.variances, 64);
  const auto used = static_cast<double>(p.used());
  EXPECT_LT((p.energies - best.share * (used / 64.0)).cwiseAbs().maxCoeff(), 1e-12);  // rounding
}

TEST(OneBitFit, DiscreteValuesAreFoundAndTheNormIsNotStored) {
  const Matrix X = draw_rows(2000, Vector::Constant(64, 0.3), ScalarPrior::sparse_rademacher(0.3));
  const OneBitCodecParameters p = fitted(X).parameters();
  EXPECT_TRUE(p.discrete);
  EXPECT_FALSE(p.norm_stored);
  EXPECT_EQ(p.prior.components().size(), 3u);
  EXPECT_TRUE(fitted(X, {.norm = "stored"}).parameters().norm_stored);
}

TEST(OneBitFit, NormsThatNeverVaryAreNotStored) {
  Matrix X = draw_rows(2000, Vector::Ones(64), ScalarPrior::gaussian());
  EXPECT_TRUE(fitted(X, {.prior = "gaussian"}).parameters().norm_stored);
  X.rowwise().normalize();
  EXPECT_FALSE(fitted(X, {.prior = "gaussian"}).parameters().norm_stored);
}

TEST(OneBitFit, ConstantColumnsTakeNoBits) {
  Matrix X = draw_rows(500, Vector::Ones(40), ScalarPrior::gaussian());
  X.col(3).setConstant(2.5);
  for (const char* transform : {"none", "pca"}) {
    const OneBitCodec codec = fitted(X, {.prior = "gaussian", .transform = transform});
    const MatrixF back = decoded(codec, encoded(codec, X.topRows(4)));
    // Principal directions are rounded to single precision: 40 terms of 6e-8 each.
    EXPECT_NEAR(back.col(3).maxCoeff(), 2.5f, 1e-5f) << transform;
    EXPECT_EQ(codec.parameters().used(), 39) << transform;
  }
}

TEST(OneBitFit, FewBitsAreSpreadWhereThePriorIsSparseOnly) {
  const auto used = [](const ScalarPrior& prior) {
    return fitted(draw_rows(2000, Vector::Ones(64), prior), {.rate = 0.5}).parameters().used();
  };
  EXPECT_EQ(used(ScalarPrior::sparse_gaussian(0.1)), 64);
  const OneBitCodec gaussian = fitted(draw_rows(2000, falling(64, 1.0), ScalarPrior::gaussian()),
                                      {.rate = 0.5, .prior = "gaussian"});
  EXPECT_LE(gaussian.parameters().used(), 32);
}

TEST(OneBitFit, TheFitIsTheSameOnAnyNumberOfThreads) {
  const Matrix X = draw_rows(700, falling(33, 0.3), ScalarPrior::sparse_laplace(0.5));
  const data::ArraySource<double> source(X);
  for (const char* transform : {"none", "dct", "pca"}) {
    ThreadPool one(1), three(3);
    // p comes from all numbers behind the prior, and is cheaper to predict with than the histogram.
    const OneBitFitOptions options{.prior = "sparse_gaussian", .transform = transform};
    const auto a = fit_one_bit_codec(source, options, one).codec.parameters();
    const auto b = fit_one_bit_codec(source, options, three).codec.parameters();
    EXPECT_EQ(a.variances, b.variances) << transform;
    EXPECT_EQ(a.mean, b.mean) << transform;
    EXPECT_EQ(a.predicted, b.predicted) << transform;
  }
}

TEST(OneBitFit, SmallSamplesGetAGaussianPrior) {
  const Matrix X = draw_rows(20, Vector::Ones(16), ScalarPrior::sparse_gaussian(0.1));
  EXPECT_EQ(fitted(X).parameters().prior.name(), ScalarPrior::gaussian().name());
}

TEST(OneBitFit, FamiliesTakeTheirSparsityFromTheFourthMoment) {
  const Matrix X = draw_rows(4000, Vector::Ones(64), ScalarPrior::sparse_gaussian(0.3));
  const auto p = fitted(X, {.prior = "sparse_gaussian"}).parameters().prior.sparsity();
  // Weighted directions have E z⁴/ρ² = m4 (1 − (m6/m4 − m4)/d + ...), m4 = 3/p, m6 = 15/p². The
  // next order is (0.1)², and three standard errors √(m8/m4²/256e3) of the fourth moment are 4 %.
  const double expected = 0.3 / (1.0 - (5.0 / 0.3 - 3.0 / 0.3) / 64.0);
  EXPECT_NEAR(p / expected, 1.0, 0.05);
}

TEST(OneBitFit, UnusableDataAndOptionsSayWhy) {
  const Matrix X = draw_rows(50, Vector::Ones(16), ScalarPrior::gaussian());
  EXPECT_THROW((void)fitted(X.leftCols(7)), InvalidArgument);
  EXPECT_THROW((void)fitted(X.topRows(1)), DataError);
  EXPECT_THROW((void)fitted(Matrix::Constant(50, 16, 3.0)), DataError);
  EXPECT_THROW((void)fitted(1e40 * X), DataError);
  EXPECT_THROW((void)fitted(1e-40 * X), DataError);
  for (const OneBitFitOptions& bad :
       {OneBitFitOptions{.rate = 0.0}, OneBitFitOptions{.rate = -1.0},
        OneBitFitOptions{.layers = 0}, OneBitFitOptions{.prior = "x"},
        OneBitFitOptions{.transform = "fft"}, OneBitFitOptions{.norm = "yes"}}) {
    EXPECT_THROW((void)fitted(X, bad), InvalidArgument);
  }
}

}  // namespace
}  // namespace twofold::estimators
