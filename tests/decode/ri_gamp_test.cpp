#include "twofold/decode/ri_gamp.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "codes.hpp"
#include "twofold/core/error.hpp"
#include "twofold/decode/gvamp.hpp"
#include "twofold/model/rectangular_cumulants.hpp"
#include "twofold/theory/ri_gamp_evolution.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::decode {
namespace {

const auto kPrior = data::ScalarPrior::sparse_gaussian(0.3);

std::vector<model::RiGampScalars> orthogonal_layers(double rate, int layers) {
  return theory::ri_gamp_evolution(kPrior, rate, model::orthogonal_cumulants(rate, 2 * layers + 4),
                                   {layers, 0.0, 1e14})
      .value;
}

double largest_difference(const Matrix& a, const Matrix& b) {
  return (a - b).cwiseAbs().maxCoeff();
}

// Full-memory RI-GAMP and GVAMP: two different algorithms, the same iterates.
TEST(RiGamp, IteratesAreThoseOfGvampForAnOrthogonalEncoder) {
  ThreadPool pool(2);
  for (const Index n : {64, 128, 192}) {
    const ops::EncoderOperator<double> encoder(model::haar_encoder(128, n, 1));
    const Matrix Y = codes_of(pool, encoder, sample_rows(kPrior, 20, 128, true, 1));
    const auto layers = orthogonal_layers(encoder.rate(), 5);
    const auto schedule = theory::state_evolution(kPrior, encoder.rate(), 5);
    ASSERT_EQ(layers.size(), 5U);
    for (std::size_t t = 1; t <= 5; ++t) {
      const Matrix a = ri_gamp(pool, encoder, kPrior, Y, std::span(layers).first(t));
      const Matrix b = gvamp_scheduled(pool, encoder, kPrior, Y, std::span(schedule).first(t));
      // Rounding 1e-16 times the condition number of Ω, 1e5 to 1e8 at five layers.
      EXPECT_LT(largest_difference(a, b), 1e-6) << "n = " << n << " layer " << t;
    }
  }
}

// The Onsager terms are what makes it RI-GAMP: without either it goes elsewhere, and does worse.
TEST(RiGamp, NeedsBothOnsagerTerms) {
  ThreadPool pool(2);
  for (const Index n : {256, 512}) {
    const ops::EncoderOperator<double> encoder(model::haar_encoder(512, n, 2));
    const Matrix X = sample_rows(kPrior, 50, 512, true, 2);
    const Matrix Y = codes_of(pool, encoder, X);
    const auto layers = orthogonal_layers(encoder.rate(), 3);
    const Matrix full = ri_gamp(pool, encoder, kPrior, Y, layers);
    auto no_alpha = layers, no_beta = layers;
    for (auto& layer : no_alpha) layer.alpha.setZero();
    for (auto& layer : no_beta) layer.beta.setZero();
    for (const auto& crippled : {no_alpha, no_beta}) {
      const Matrix x = ri_gamp(pool, encoder, kPrior, Y, crippled);
      // 1e5 times the agreement with GVAMP, and at least 5 % more error.
      EXPECT_GT(largest_difference(x, full), 0.1) << n;
      EXPECT_GT(error_of(x, X).mean, 1.05 * error_of(full, X).mean) << n;
    }
  }
}

TEST(RiGamp, ErrorIsThatOfItsStateEvolutionForAGaussianEncoder) {
  ThreadPool pool(2);
  for (const double rate : {0.5, 1.0, 1.5}) {
    const auto n = static_cast<Index>(512 * rate);
    const ops::EncoderOperator<double> encoder(model::gaussian_encoder(512, n, 3));
    const Matrix X = sample_rows(kPrior, 100, 512, true, 3);
    const Matrix Y = codes_of(pool, encoder, X);
    const auto layers =
        theory::ri_gamp_evolution(kPrior, rate, model::gaussian_cumulants(20), {8, 0.0, 1e9}).value;
    const auto error = error_of(ri_gamp(pool, encoder, kPrior, Y, layers), X);
    // 6 % for the spectrum of one finite matrix, and three s.e.
    EXPECT_NEAR(error.mean, layers.back().mse, 0.06 * layers.back().mse + 3 * error.standard_error)
        << rate;
  }
}

TEST(EmpiricalRiGamp, FindsTheCoefficientsFromTheCodes) {
  ThreadPool pool(2);
  const Index d = 512;
  const Matrix X = sample_rows(kPrior, 100, d, true, 4);
  for (const bool orthogonal : {true, false}) {
    const ops::EncoderOperator<double> encoder(orthogonal ? model::haar_encoder(d, d, 4)
                                                          : model::gaussian_encoder(d, d, 4));
    const auto kappa =
        orthogonal ? model::orthogonal_cumulants(1.0, 20) : model::gaussian_cumulants(20);
    const Matrix Y = codes_of(pool, encoder, X);
    const auto known = theory::ri_gamp_evolution(kPrior, 1.0, kappa, {3, 0.0, 1e9}).value;
    const auto found = empirical_ri_gamp(pool, encoder, kPrior, Y, kappa, {.layers = 3});
    EXPECT_EQ(found.status, SolveStatus::Converged);
    EXPECT_EQ(found.layers, 3);
    // 6 % as above; the averages over 51 200 entries add less than 1 %.
    EXPECT_NEAR(error_of(found.estimate, X).mean, known.back().mse, 0.06 * known.back().mse);
    EXPECT_NEAR(found.variance, known.back().mse, 0.06 * known.back().mse);
  }
}

TEST(RiGamp, IsTheSameForAnyNumberOfThreads) {
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(96, 48, 5));
  ThreadPool single(1);
  const MatrixF Y = codes_of(single, encoder, sample_rows(kPrior, 40, 96, true, 5));
  const auto layers = orthogonal_layers(0.5, 3);
  const auto kappa = model::orthogonal_cumulants(0.5, 12);
  const MatrixF first = ri_gamp(single, encoder, kPrior, Y, layers);
  const auto empirical = empirical_ri_gamp(single, encoder, kPrior, Y, kappa, {.layers = 3});
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(ri_gamp(pool, encoder, kPrior, Y, layers), first) << threads;
    const auto again = empirical_ri_gamp(pool, encoder, kPrior, Y, kappa, {.layers = 3});
    EXPECT_EQ(again.estimate, empirical.estimate) << threads;
    EXPECT_EQ(again.variance, empirical.variance) << threads;
  }
}

TEST(RiGamp, RejectsBadInput) {
  ThreadPool pool(1);
  const ops::EncoderOperator<double> encoder(model::hadamard_encoder(8, 8, 1));
  auto layers = orthogonal_layers(1.0, 2);
  const Matrix Y = Matrix::Ones(1, 8);
  EXPECT_THROW((void)ri_gamp(pool, encoder, kPrior, Matrix::Ones(1, 7), layers), InvalidArgument);
  EXPECT_THROW((void)ri_gamp(pool, encoder, kPrior, Y, {}), InvalidArgument);
  layers[1].alpha.resize(1);
  EXPECT_THROW((void)ri_gamp(pool, encoder, kPrior, Y, layers), InvalidArgument);
  const std::vector<double> kappa{1.0};
  EXPECT_THROW((void)empirical_ri_gamp(pool, encoder, kPrior, Y, kappa, {.layers = 0}),
               InvalidArgument);
  EXPECT_THROW((void)empirical_ri_gamp(pool, encoder, kPrior, Y, std::vector<double>{2.0}),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::decode
