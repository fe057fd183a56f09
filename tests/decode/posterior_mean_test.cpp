#include "twofold/decode/posterior_mean.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "codes.hpp"
#include "twofold/core/error.hpp"
#include "twofold/decode/gvamp.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::decode {
namespace {

const auto kPrior = data::ScalarPrior::sparse_gaussian(0.3);

TEST(PosteriorMean, IsTheFirstLayerOfGvamp) {
  ThreadPool pool(2);
  for (const Index n : {32, 64, 128}) {
    const ops::EncoderOperator<double> encoder(model::hadamard_encoder(64, n, 1));
    const Matrix Y = codes_of(pool, encoder, sample_rows(kPrior, 20, 64, true, 1));
    const double noise = theory::first_layer_noise(encoder.rate());
    const Matrix direct = posterior_mean(pool, encoder, kPrior, Y, noise);
    const auto layer = gvamp(pool, encoder, kPrior, Y, {.layers = 1});
    EXPECT_LT((direct - layer.estimate).cwiseAbs().maxCoeff(), 1e-12) << n;  // rounding
  }
}

TEST(PosteriorMean, HasTheErrorOfItsScalarChannelForAGaussianEncoder) {
  ThreadPool pool(2);
  const ops::EncoderOperator<double> encoder(model::gaussian_encoder(512, 512, 2));
  const Matrix X = sample_rows(kPrior, 100, 512, true, 3);
  const double noise = std::numbers::pi / 2;
  const Matrix estimate = posterior_mean(pool, encoder, kPrior, codes_of(pool, encoder, X), noise);
  const auto error = error_of(estimate, X);
  // Finite dimension 2 %, and three s.e.
  EXPECT_NEAR(error.mean, kPrior.mmse(noise), 0.02 * error.mean + 3 * error.standard_error);
}

TEST(PosteriorMean, IsTheSameForAnyNumberOfThreads) {
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(96, 96, 4));
  ThreadPool single(1);
  const MatrixF Y = codes_of(single, encoder, sample_rows(kPrior, 50, 96, true, 4));
  const MatrixF first = posterior_mean(single, encoder, kPrior, Y, 0.57);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(posterior_mean(pool, encoder, kPrior, Y, 0.57), first) << threads;
  }
}

TEST(PosteriorMean, RejectsBadInput) {
  ThreadPool pool(1);
  const ops::EncoderOperator<double> encoder(model::hadamard_encoder(8, 8, 1));
  EXPECT_THROW((void)posterior_mean(pool, encoder, kPrior, Matrix::Ones(1, 7), 1.0),
               InvalidArgument);
  EXPECT_THROW((void)posterior_mean(pool, encoder, kPrior, Matrix::Ones(1, 8), 0.0),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::decode
