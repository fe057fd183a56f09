#include "twofold/estimators/one_bit_prediction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "twofold/core/error.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "vectors.hpp"

namespace twofold::estimators {
namespace {

using data::ScalarPrior;

numerics::MeanAndError measured(const OneBitCodec& codec, const Matrix& X, int layers) {
  ThreadPool pool(2);
  const std::array list{layers};
  return measure(codec, data::ArraySource<double>(X), list, 10'000, pool).front();
}

TEST(OneBitPrediction, TheLinearValueIsTheClosedForm) {
  const Matrix X = draw_rows(500, falling(64, 0.5), ScalarPrior::gaussian());
  for (const double rate : {0.5, 1.0, 2.0}) {
    const OneBitCodecParameters p =
        fitted(X, {.rate = rate, .prior = "gaussian", .norm = "stored"}).parameters();
    const double loss = theory::best_scaling(p.variances, p.code_length).loss;
    // For n < d the spread candidate may win, by as much as its prediction says. The rest is the
    // interpolation of mmse, 1e-7.
    EXPECT_LE(predicted_mse(p, ScalarPrior::gaussian(), 1), loss * (1.0 + 1e-6)) << rate;
    if (rate >= 1.0) {
      EXPECT_NEAR(predicted_mse(p, ScalarPrior::gaussian(), 1) / loss, 1.0, 1e-6);
    }
  }
}

// Vectors of very different lengths and of two kinds, which no pooled law without weights can
// describe: the long ones live in the first half of the coordinates.
Matrix two_kinds(Index rows, std::uint64_t seed) {
  Matrix X = draw_rows(rows, Vector::Ones(128), ScalarPrior::gaussian(), 0.0, seed);
  for (Index i = 0; i < rows; ++i) {
    if (i % 2 == 0) {
      X.row(i).head(64) *= 4.0;
    } else {
      X.row(i).head(64) *= 0.5;
    }
  }
  return X;
}

// Linear decoding needs variances only, so the prediction holds for any data up to 1/d = 0.8 %;
// three standard errors of 1000 vectors come on top.
TEST(OneBitPrediction, TheLinearValueHoldsForAnyDataWithTheNormStored) {
  const OneBitCodec codec =
      fitted(two_kinds(1000, 1), {.layers = 1, .prior = "gaussian", .norm = "stored"});
  const double predicted = predicted_mse(codec.parameters(), ScalarPrior::gaussian(), 1);
  const auto result = measured(codec, two_kinds(1000, 2), 1);
  EXPECT_NEAR(result.mean / predicted, 1.0, 0.016 + 3.0 * result.standard_error / predicted);
}

// 5 %: the agreement asked for at one layer; at d = 128 the codec is 2 % off at most.
TEST(OneBitPrediction, TheFittedDecoderMeasuresWhatIsPredicted) {
  const Vector deviations = falling(128, 0.3);
  const ScalarPrior prior = ScalarPrior::sparse_laplace(0.4);
  for (const char* norm : {"stored", "none"}) {
    const OneBitCodec codec =
        fitted(draw_rows(1500, deviations, prior), {.prior = "sparse_laplace", .norm = norm});
    const auto result = measured(codec, draw_rows(400, deviations, prior, 0.0, 2), 1);
    const double predicted = predicted_mse(codec.parameters(), codec.parameters().prior, 1);
    EXPECT_NEAR(result.mean / predicted, 1.0, 0.05 + 3.0 * result.standard_error / predicted)
        << norm;
  }
}

// Half of the coordinates sparse, half Gaussian: one law for all is wrong for each.
TEST(OneBitPrediction, CoordinatesOfDifferentLawsAreAveragedOverTheSample) {
  const auto rows = [](std::uint64_t seed) {
    Matrix X = draw_rows(1500, Vector::Ones(128), ScalarPrior::gaussian(), 0.0, seed);
    X.leftCols(64) =
        draw_rows(1500, Vector::Ones(64), ScalarPrior::sparse_gaussian(0.05), 0.0, seed);
    return X;
  };
  ThreadPool pool(2);
  const OneBitFit fit =
      fit_one_bit_codec(data::ArraySource<double>(rows(1)),
                        {.layers = 1, .prior = "sparse_gaussian", .norm = "stored"}, pool);
  const double common = predicted_mse(fit.codec.parameters(), fit.codec.parameters().prior, 1);
  const double sampled = fitted_mse(fit.prediction, 1);
  const auto result = measured(fit.codec, rows(2), 1);
  // 1/d = 0.8 % of finite dimension, 1 % of the sample, three standard errors.
  EXPECT_NEAR(result.mean / sampled, 1.0, 0.02 + 3.0 * result.standard_error / sampled);
  EXPECT_GT(std::abs(result.mean / common - 1.0), 0.05);
}

TEST(OneBitPrediction, RowsOfAnotherKindAreNoticed) {
  ThreadPool pool(2);
  const OneBitCodec codec = fitted(draw_rows(1000, falling(64, 0.5), ScalarPrior::gaussian()),
                                   {.prior = "gaussian", .norm = "stored"});
  const auto against = [&](const Vector& deviations) {
    const Matrix X = draw_rows(1000, deviations, ScalarPrior::gaussian(), 0.0, 2);
    return drift(codec, data::ArraySource<double>(X), pool);
  };
  // 1000 vectors of some 50 effective coordinates: 1/√(1000 · 25) = 0.6 % for one standard error.
  EXPECT_NEAR(against(falling(64, 0.5)), 0.0, 0.02);
  EXPECT_NEAR(against(3.0 * falling(64, 0.5)), 0.0, 0.02);  // longer, but alike
  EXPECT_GT(against(Vector::Ones(64)), 0.2);
}

TEST(OneBitPrediction, ANormThatIsNotStoredCostsItsVariance) {
  const Matrix train = two_kinds(1000, 1), test = two_kinds(1000, 2);
  const OneBitFitOptions stored{.layers = 1, .prior = "gaussian", .norm = "stored"};
  const OneBitFitOptions none{.layers = 1, .prior = "gaussian", .norm = "none"};
  const OneBitCodec with = fitted(train, stored), without = fitted(train, none);
  EXPECT_GT(without.parameters().predicted, 1.2 * with.parameters().predicted);
  const auto result = measured(without, test, 1);
  // As above: finite dimension, three standard errors.
  EXPECT_NEAR(result.mean / without.parameters().predicted, 1.0,
              0.03 + 3.0 * result.standard_error / without.parameters().predicted);
}

TEST(OneBitPrediction, TheTableHasEachDecoderAndOrderedLayers) {
  const Matrix X = draw_rows(1000, Vector::Ones(64), ScalarPrior::sparse_gaussian(0.2));
  const OneBitPrediction table = predict(fitted(X).parameters());
  ASSERT_EQ(table.decoders.size(), 9u);
  EXPECT_EQ(table.decoders[0].decoder, "linear");
  EXPECT_EQ(table.decoders[0].mse, table.decoders[1].mse);
  EXPECT_EQ(fitted_mse(table, 6), table.decoders[8].mse);
  EXPECT_THROW((void)fitted_mse(table, 5), InvalidArgument);
  for (const std::size_t first : {std::size_t{1}, std::size_t{5}}) {
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_LE(table.decoders[first + k + 1].mse, table.decoders[first + k].mse * (1.0 + 1e-9));
    }
  }
  EXPECT_LT(table.decoders[5].mse, 0.8 * table.decoders[1].mse);  // p = 0.2 is far from Gaussian
  // 1 − (E|u|)². For weighted directions E|u| = E|z|ρ = m1 (1 + (m3/m1 − 1)/2d − (m4 − 1)/8d) with
  // m1² = 2p/π, m3/m1 = 2/p, m4 = 3/p. The next order is 0.07², sampling 1 %.
  const double mean_abs =
      std::sqrt(0.4 / std::numbers::pi) * (1.0 + (10.0 - 1.0) / 128.0 - (15.0 - 1.0) / 512.0);
  EXPECT_NEAR((1.0 - *table.identity) / (mean_abs * mean_abs), 1.0, 0.03);
  EXPECT_FALSE(
      predict(fitted(X, {.rate = 1.5, .prior = "gaussian"}).parameters()).identity.has_value());
}

TEST(OneBitPrediction, ObstaclesAndWarningsNameTheirNumber) {
  const auto obstacles = [](const OneBitCodec& codec) {
    std::string all;
    for (const std::string& text : predict(codec.parameters()).obstacles) all += text + "\n";
    return all;
  };
  const auto warnings = [](const OneBitCodec& codec) {
    std::string all;
    for (const std::string& text : predict(codec.parameters()).warnings) all += text + "\n";
    return all;
  };
  using testing::HasSubstr;
  const Matrix steep = draw_rows(1000, falling(64, 2.0), ScalarPrior::gaussian());
  EXPECT_THAT(obstacles(fitted(steep, {.prior = "gaussian"})), HasSubstr("effective coordinates"));
  const Matrix flat = draw_rows(1000, Vector::Ones(64), ScalarPrior::gaussian());
  EXPECT_EQ(obstacles(fitted(flat, {.prior = "gaussian"})), "");
  EXPECT_THAT(obstacles(fitted(flat.topRows(100), {.prior = "gaussian"})),
              HasSubstr("100 training vectors"));
  EXPECT_THAT(obstacles(fitted(flat, {.prior = "gaussian", .transform = "pca"})),
              HasSubstr("fewer than 1280"));
  const Matrix flags = draw_rows(1000, Vector::Ones(64), ScalarPrior::sparse_rademacher(0.8));
  EXPECT_THAT(warnings(fitted(flags)), HasSubstr("E x⁴ = 1.2"));
  Matrix constant = flat;
  constant.col(0).setZero();
  EXPECT_THAT(warnings(fitted(constant, {.prior = "gaussian"})),
              HasSubstr("1 of 64 coordinates are constant"));
}

TEST(OneBitPrediction, TheVerdictWeighsDifferenceAgainstToleranceAndError) {
  OneBitPrediction table;
  EXPECT_EQ(judge(table, 0.100, {0.104, 0.0}, 1), Verdict::Holds);
  EXPECT_EQ(judge(table, 0.100, {0.106, 0.0}, 1), Verdict::Fails);
  EXPECT_EQ(judge(table, 0.100, {0.106, 0.001}, 1), Verdict::Holds);
  EXPECT_EQ(judge(table, 0.100, {0.094, 0.0}, 1), Verdict::Fails);
  EXPECT_EQ(judge(table, 0.100, {0.108, 0.0}, 3), Verdict::Holds);
  table.obstacles.push_back("few");
  EXPECT_EQ(judge(table, 0.100, {0.100, 0.0}, 1), Verdict::NotApplicable);
  EXPECT_EQ(to_string(Verdict::NotApplicable), "not applicable");
}

// Multiples of one row: errors spread as their squares do, the ratio to them does not.
TEST(OneBitPrediction, LengthsThatDifferAddNothingToTheErrorOfTheRatio) {
  const OneBitCodec codec = fitted(draw_rows(500, Vector::Ones(64), ScalarPrior::gaussian()),
                                   {.prior = "gaussian", .norm = "stored"});
  ASSERT_EQ(codec.parameters().mean, Vector::Zero(64));
  Matrix X = draw_rows(1, Vector::Ones(64), ScalarPrior::gaussian(), 0.0, 2).replicate(20, 1);
  for (Index i = 0; i < 20; ++i) X.row(i) *= 1.0 + 0.1 * static_cast<double>(i);
  const auto result = measured(codec, X, 1);
  // The norm is stored in half precision, 2⁻¹¹.
  EXPECT_LT(result.standard_error, 0x1p-11 * result.mean);
}

TEST(OneBitPrediction, MeasuringOnTheMeanAloneIsRefused) {
  const OneBitCodec codec =
      fitted(draw_rows(500, Vector::Ones(16), ScalarPrior::sparse_gaussian(0.5)));
  ASSERT_EQ(codec.parameters().mean, Vector::Zero(16));
  EXPECT_THROW((void)measured(codec, Matrix::Zero(3, 16), 1), DataError);
}

}  // namespace
}  // namespace twofold::estimators
