#include "twofold/decode/gvamp.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "codes.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/scaled_state_evolution.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::decode {
namespace {

using data::ScalarPrior;

struct Row {
  ScalarPrior prior;
  double rate;
  double tolerance;  // relative
};

// d = 1024 with the norm stored: the error of 1, 2 and 10 layers is that of the state evolution.
TEST(Gvamp, ErrorIsThatOfTheStateEvolution) {
  // 2 % for the finite dimension; 5 % for 10 % non-zeros, where the number of them fluctuates.
  const Row rows[] = {{ScalarPrior::sparse_gaussian(0.3), 0.5, 0.02},
                      {ScalarPrior::sparse_gaussian(0.3), 1.0, 0.02},
                      {ScalarPrior::sparse_gaussian(0.3), 1.5, 0.02},
                      {ScalarPrior::sparse_gaussian(0.3), 2.0, 0.02},
                      {ScalarPrior::sparse_gaussian(0.1), 1.0, 0.05},
                      {ScalarPrior::sparse_gaussian(0.1), 2.0, 0.05},
                      {ScalarPrior::sparse_laplace(0.3), 1.0, 0.02},
                      {ScalarPrior::sparse_rademacher(0.8), 1.0, 0.02},
                      {ScalarPrior::sparse_mixture(0.3, 0.8), 1.0, 0.02}};
  ThreadPool pool(2);
  for (const auto& row : rows) {
    const auto n = static_cast<Index>(1024 * row.rate);
    const ops::EncoderOperator<float> encoder(model::hadamard_encoder(1024, n, 11));
    const Matrix X = sample_rows(row.prior, 200, 1024, true, 123);
    const MatrixF Y = codes_of(pool, encoder, X);
    const auto predicted = theory::state_evolution(row.prior, row.rate, 10);
    for (const auto& denoiser : {Denoiser::exact(row.prior), Denoiser::tabulated(row.prior)}) {
      for (const int layers : {1, 2, 10}) {
        const auto result = gvamp(pool, encoder, denoiser, Y, {.layers = layers});
        const auto error = error_of(result.estimate, X);
        const double expected = predicted[static_cast<std::size_t>(layers - 1)].mse;
        EXPECT_NEAR(error.mean, expected, row.tolerance * expected + 3 * error.standard_error)
            << row.prior.name() << " r = " << row.rate << " layers " << layers;
      }
    }
  }
}

TEST(Gvamp, WithoutTheNormItIsStillCloseWhereNormsConcentrate) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(1024, 1024, 12));
  const Matrix X = sample_rows(prior, 200, 1024, false, 5);
  const auto result = gvamp(pool, encoder, prior, codes_of(pool, encoder, X));
  const double expected = theory::state_evolution(prior, 1.0, 10).back().mse;
  const auto error = error_of(result.estimate, X);
  // 3 % for the spread of the norms, and three s.e.
  EXPECT_NEAR(error.mean, expected, 0.03 * expected + 3 * error.standard_error);
}

// Few non-zeros: the norm varies by 1/√(d p), and that costs; ever less with the dimension.
TEST(Gvamp, WithoutTheNormSparseVectorsCostMoreAndEverLessWithTheDimension) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_gaussian(0.1);
  const double expected = theory::state_evolution(prior, 1.0, 10).back().mse;
  double before = 1.0;
  for (const Index d : {128, 512, 2048}) {
    const ops::EncoderOperator<float> encoder(model::hadamard_encoder(d, d, 13));
    const Matrix X = sample_rows(prior, 65536 / d + 100, d, false, 6);
    const auto error =
        error_of(gvamp(pool, encoder, prior, codes_of(pool, encoder, X)).estimate, X);
    EXPECT_LT(error.mean, before) << d;
    EXPECT_GT(error.mean, expected - 3 * error.standard_error) << d;
    before = error.mean;
  }
  EXPECT_LT(before, 1.3 * expected);  // the band measured from d = 1024 on
}

TEST(Gvamp, StaysStableForVerySparseVectors) {
  ThreadPool pool(2);
  for (const double p : {0.005, 0.02, 0.1}) {
    const auto prior = ScalarPrior::sparse_gaussian(p);
    const ops::EncoderOperator<float> encoder(model::hadamard_encoder(512, 512, 14));
    Matrix X = sample_rows(prior, 100, 512, false, 7);
    X.col(0).array() += 1e-3;  // no vector is zero
    for (Index i = 0; i < X.rows(); ++i) X.row(i) *= std::sqrt(512.0) / X.row(i).norm();
    const MatrixF Y = codes_of(pool, encoder, X);
    const auto one = gvamp(pool, encoder, prior, Y, {.layers = 1});
    const auto ten = gvamp(pool, encoder, prior, Y, {.layers = 10});
    const auto first = error_of(one.estimate, X), last = error_of(ten.estimate, X);
    EXPECT_LT(last.mean, first.mean) << p;
    for (Index i = 0; i < X.rows(); ++i) {
      // Never worse than sending nothing.
      EXPECT_LT((ten.estimate.row(i).cast<double>() - X.row(i)).squaredNorm() / 512, 1.0) << p;
    }
  }
}

TEST(Gvamp, SaysItsOwnError) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_laplace(0.3);
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(1024, 1024, 15));
  const Matrix X = sample_rows(prior, 100, 1024, true, 8);
  const auto result = gvamp(pool, encoder, prior, codes_of(pool, encoder, X));
  const double said = std::accumulate(result.variance.begin(), result.variance.end(), 0.0) / 100.0;
  EXPECT_NEAR(said, error_of(result.estimate, X).mean, 0.1 * said);  // within 10 % for p >= 0.1
  EXPECT_GE(*std::min_element(result.layers.begin(), result.layers.end()), 1);
}

TEST(Gvamp, StructuredAndDenseEncodersDecodeAlike) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  for (const Index n : {256, 512, 768, 1024}) {
    const Matrix X = sample_rows(prior, 200, 512, true, 9);
    double errors[2];
    int i = 0;
    for (const auto& made : {model::haar_encoder(512, n, 1), model::hadamard_encoder(512, n, 1)}) {
      const ops::EncoderOperator<float> encoder(made);
      errors[i++] =
          error_of(gvamp(pool, encoder, prior, codes_of(pool, encoder, X), {.layers = 3}).estimate,
                   X)
              .mean;
    }
    EXPECT_NEAR(errors[1] / errors[0], 1.0, 0.03) << n;  // 2 % and the s.e. of 200 vectors
  }
}

TEST(Gvamp, FloatIsEnough) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  for (const Index n : {128, 256, 512}) {
    const auto made = model::hadamard_encoder(256, n, 16);
    const ops::EncoderOperator<double> encoder(made);
    const ops::EncoderOperator<float> encoder_f(made);
    const Matrix Y = codes_of(pool, encoder, sample_rows(prior, 50, 256, true, 10));
    const auto schedule = theory::state_evolution(prior, encoder.rate(), 8);
    const Matrix x = gvamp_scheduled(pool, encoder, prior, Y, schedule);
    const MatrixF xf = gvamp_scheduled(pool, encoder_f, prior, MatrixF(Y.cast<float>()), schedule);
    // Float rounding 6e-8 times transforms (2 per layer, √(log2 d) each) and gains below 100.
    EXPECT_LT((x - xf.cast<double>()).cwiseAbs().maxCoeff(), 1e-4) << n;
  }
}

// Tables in float against every posterior in double, through eight layers.
TEST(Gvamp, TablesAreEnough) {
  ThreadPool pool(2);
  for (const auto& prior :
       {ScalarPrior::sparse_gaussian(0.1), ScalarPrior::sparse_gaussian(0.3),
        ScalarPrior::sparse_rademacher(0.8), ScalarPrior::sparse_laplace(0.3)}) {
    const auto made = model::hadamard_encoder(256, 256, 16);
    const ops::EncoderOperator<double> encoder(made);
    const ops::EncoderOperator<float> encoder_f(made);
    const Matrix X = sample_rows(prior, 50, 256, true, 10);
    const Matrix Y = codes_of(pool, encoder, X);
    const auto schedule = theory::state_evolution(prior, 1.0, 8);
    const Matrix x = gvamp_scheduled(pool, encoder, prior, Y, schedule);
    const MatrixF xf = gvamp_scheduled(pool, encoder_f, Denoiser::tabulated(prior),
                                       MatrixF(Y.cast<float>()), schedule);
    // Means to 1e-3 in each layer, which the next ones change by a factor below 3.
    EXPECT_LT((x - xf.cast<double>()).cwiseAbs().maxCoeff(), 3e-3) << prior.name();
    const double error = error_of(x, X).mean;
    EXPECT_NEAR(error_of(xf, X).mean, error, 1e-4 * error) << prior.name();
  }
}

TEST(Gvamp, UnequalVariancesHaveTheErrorOfTheScaledStateEvolution) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_gaussian(0.3);
  Vector variances(1024);
  for (Index j = 0; j < 1024; ++j) variances[j] = 1.0 / std::sqrt(static_cast<double>(j + 1));
  variances /= variances.mean();
  const Vector deviations = variances.cwiseSqrt();
  for (const Index n : {512, 1024, 2048}) {
    const double rate = static_cast<double>(n) / 1024.0;
    const ops::EncoderOperator<float> encoder(model::hadamard_encoder(1024, n, 18));
    Matrix X = sample_rows(prior, 200, 1024, false, 12);
    for (Index i = 0; i < 200; ++i) {
      X.row(i).array() *= deviations.transpose().array();
      X.row(i) *= std::sqrt(1024.0) / X.row(i).norm();
    }
    const MatrixF Y = codes_of(pool, encoder, X);
    const auto predicted = theory::scaled_state_evolution(prior, variances, rate, 3);
    const auto denoiser = Denoiser::tabulated(prior, deviations);
    for (const int layers : {1, 3}) {
      const auto error =
          error_of(gvamp(pool, encoder, denoiser, Y, {.layers = layers}).estimate, X);
      const double expected = predicted[static_cast<std::size_t>(layers - 1)].mse;
      // 3 % for the finite dimension: (Σ v)²/Σ v² = 500 coordinates, 150 of them not 0.
      EXPECT_NEAR(error.mean, expected, 0.03 * expected + 3 * error.standard_error)
          << rate << " layers " << layers;
    }
  }
}

TEST(Gvamp, UnbiasedOutputHasUnitGainAndTheNoiseItSays) {
  ThreadPool pool(2);
  const auto prior = ScalarPrior::sparse_laplace(0.3);
  for (const Index n : {512, 1024, 1536}) {
    const ops::EncoderOperator<float> encoder(model::hadamard_encoder(1024, n, 19));
    const Matrix X = sample_rows(prior, 100, 1024, true, 13);
    for (const int layers : {1, 4}) {
      const auto result =
          gvamp(pool, encoder, Denoiser::tabulated(prior), codes_of(pool, encoder, X),
                {.layers = layers, .keep_unbiased = true});
      const Matrix r1 = result.unbiased.cast<double>();
      double gain = 0.0, shrunk = 0.0, noise = 0.0, said = 0.0;
      for (Index i = 0; i < 100; ++i) {
        gain += r1.row(i).dot(X.row(i)) / 102400;
        shrunk += result.estimate.row(i).cast<double>().dot(X.row(i)) / 102400;
        noise += (r1.row(i) - X.row(i)).squaredNorm() / 102400;
        said += result.noise[static_cast<std::size_t>(i)] / 100;
      }
      // √(τ/(100 d)) = 0.003 is the s.e. of the gain; 2 % for the finite dimension.
      EXPECT_NEAR(gain, 1.0, 0.02) << n << " layers " << layers;
      EXPECT_LT(shrunk, 0.9) << n;
      EXPECT_NEAR(noise, said, 0.05 * said) << n << " layers " << layers;
    }
  }
}

TEST(Gvamp, PackedCodesAreTheSameCodes) {
  ThreadPool pool(2);
  const auto denoiser = Denoiser::tabulated(ScalarPrior::sparse_gaussian(0.2));
  for (const auto& made : {model::hadamard_encoder(96, 83, 3), model::haar_encoder(40, 50, 3)}) {
    const ops::EncoderOperator<float> encoder(made);
    const Index d = encoder.dimension(), n = encoder.code_length();
    const MatrixF X = sample_rows(ScalarPrior::sparse_gaussian(0.2), 37, d, true, 14).cast<float>();
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(37 * ops::code_bytes(n)));
    ops::encode(pool, encoder, X, codes);
    for (const int layers : {1, 3}) {
      const auto a = gvamp_packed(pool, encoder, denoiser, codes, {.layers = layers});
      const auto b =
          gvamp(pool, encoder, denoiser, ops::unpack_codes<float>(codes, n), {.layers = layers});
      EXPECT_EQ(a.estimate, b.estimate) << d;
      EXPECT_EQ(a.variance, b.variance) << d;
    }
    codes.pop_back();
    EXPECT_THROW((void)gvamp_packed(pool, encoder, denoiser, codes), InvalidArgument);
  }
}

TEST(Gvamp, DoesNotDependOnThreadsOrOnTheRestOfTheBatch) {
  const auto prior = Denoiser::tabulated(ScalarPrior::sparse_laplace(0.2));
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(96, 80, 17));
  ThreadPool single(1);
  const auto law = ScalarPrior::sparse_laplace(0.2);
  const MatrixF Y = codes_of(single, encoder, sample_rows(law, 40, 96, true, 11));
  const auto first = gvamp(single, encoder, prior, Y);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    const auto result = gvamp(pool, encoder, prior, Y);
    EXPECT_EQ(result.estimate, first.estimate) << threads;
    EXPECT_EQ(result.variance, first.variance) << threads;
    EXPECT_EQ(result.layers, first.layers) << threads;
  }
  const auto alone = gvamp(single, encoder, prior, Y.middleRows(17, 1));
  EXPECT_EQ(MatrixF(alone.estimate), MatrixF(first.estimate.middleRows(17, 1)));
}

TEST(Gvamp, RejectsBadInput) {
  ThreadPool pool(1);
  const auto prior = ScalarPrior::gaussian();
  const ops::EncoderOperator<double> encoder(model::hadamard_encoder(8, 8, 1));
  EXPECT_THROW((void)gvamp(pool, encoder, prior, Matrix::Ones(1, 7)), InvalidArgument);
  EXPECT_THROW((void)gvamp(pool, encoder, prior, Matrix::Ones(1, 8), {.layers = 0}),
               InvalidArgument);
  EXPECT_THROW((void)gvamp(pool, encoder, prior, Matrix::Ones(1, 8), {.norm_tolerance = 0.0}),
               InvalidArgument);
  EXPECT_THROW((void)gvamp_scheduled(pool, encoder, prior, Matrix::Ones(1, 8), {}),
               InvalidArgument);
  EXPECT_THROW(
      (void)gvamp(pool, encoder, Denoiser::exact(prior, Vector::Ones(7)), Matrix::Ones(1, 8)),
      InvalidArgument);
  EXPECT_EQ(gvamp(pool, encoder, prior, Matrix(0, 8)).estimate.rows(), 0);
}

}  // namespace
}  // namespace twofold::decode
