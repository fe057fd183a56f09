#include "twofold/decode/unrolled_decoder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "codes.hpp"
#include "twofold/core/error.hpp"
#include "twofold/decode/gvamp.hpp"
#include "twofold/decode/unrolled_gradient.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::decode {
namespace {

const auto kPrior = data::ScalarPrior::sparse_gaussian(0.3);

std::vector<model::LayerForm> forms_of(const data::ScalarPrior& prior, double rate, int layers) {
  return theory::layer_form(theory::state_evolution(prior, rate, layers), rate);
}

// From the state evolution, with the exact denoiser: GVAMP on the same scalars.
TEST(UnrolledDecoder, FromTheStateEvolutionItIsGvamp) {
  ThreadPool pool(2);
  for (const Index n : {32, 64, 128}) {
    const ops::EncoderOperator<double> encoder(model::haar_encoder(64, n, 1));
    const Matrix Y = codes_of(pool, encoder, sample_rows(kPrior, 20, 64, true, 1));
    for (const int layers : {1, 2, 5}) {
      const auto forms = forms_of(kPrior, encoder.rate(), layers);
      auto decoder = unrolled_decoder<double>(forms, encoder.rate(), kPrior);
      const Matrix expected = gvamp_scheduled(
          pool, encoder, kPrior, Y, theory::state_evolution(kPrior, encoder.rate(), layers));
      // Rounding, and the 1e-10 of a posterior mean, through five layers that each may double it.
      EXPECT_LT((decoder.apply(pool, encoder, Y) - expected).cwiseAbs().maxCoeff(), 1e-8)
          << n << " " << layers;
      decoder.free_matrices(encoder);
      EXPECT_LT((decoder.apply(pool, encoder, Y) - expected).cwiseAbs().maxCoeff(), 1e-8)
          << n << " " << layers;
    }
  }
}

// A table stays near the posterior mean by its interpolation error; tanh is another function.
TEST(UnrolledDecoder, OtherDenoisersFollowByTheirDistanceToThePosteriorMean) {
  ThreadPool pool(2);
  const auto prior = data::ScalarPrior::sparse_laplace(0.3);
  const ops::EncoderOperator<double> encoder(model::hadamard_encoder(512, 512, 2));
  const Matrix X = sample_rows(prior, 40, 512, true, 2);
  const Matrix Y = codes_of(pool, encoder, X);
  const auto scalars = theory::state_evolution(prior, 1.0, 3);
  const auto forms = theory::layer_form(scalars, 1.0);
  const double exact = error_of(gvamp_scheduled(pool, encoder, prior, Y, scalars), X).mean;
  const auto error = [&](DenoiserFamily family) {
    const auto decoder = unrolled_decoder<double>(forms, 1.0, prior, {.denoiser = family});
    return error_of(decoder.apply(pool, encoder, Y), X).mean;
  };
  // Spacing h = 1/8: h²/8 f'' with f'' < 10 is 0.02 where f bends, its square 4e-4 at most.
  EXPECT_NEAR(error(DenoiserFamily::Table), exact, 4e-4);
  // No function of three parameters is better than the posterior mean; these are not much worse.
  EXPECT_GT(error(DenoiserFamily::Gate), exact);
  EXPECT_LT(error(DenoiserFamily::Gate), 1.1 * exact);
  EXPECT_GT(error(DenoiserFamily::Tanh), 1.02 * exact);
  EXPECT_LT(error(DenoiserFamily::Tanh), 1.5 * exact);
}

struct Problem {
  ops::EncoderOperator<double> encoder;
  Matrix X, Y;
  UnrolledDecoder<double> decoder;
};

/// Three layers, every scalar off its special value so that no derivative is zero by accident.
Problem small_problem(Index n, DenoiserFamily family, bool free) {
  ThreadPool pool(1);
  const ops::EncoderOperator<double> encoder(model::haar_encoder(12, n, 3));
  const Matrix X = sample_rows(kPrior, 20, 12, false, 3);
  auto decoder = unrolled_decoder<double>(forms_of(kPrior, encoder.rate(), 3), encoder.rate(),
                                          kPrior, {family, {.knots = 6, .range = 3.0}});
  const RandomStream stream(4, "unrolled test");
  Vector parameters = decoder.parameters();
  for (Index i = 0; i < parameters.size(); ++i) {
    parameters[i] += 0.1 * stream.uniform(static_cast<std::uint64_t>(i));
  }
  decoder.set_parameters(parameters);
  if (free) decoder.free_matrices(encoder);
  return {encoder, X, codes_of(pool, encoder, X), decoder};
}

double loss_of(const Problem& problem, const UnrolledDecoder<double>& decoder) {
  ThreadPool pool(1);
  return (decoder.apply(pool, problem.encoder, problem.Y) - problem.X).squaredNorm() /
         static_cast<double>(problem.X.size());
}

// Central differences: rounding 1e-16/h = 1e-10 and truncation h² = 1e-12, beside derivatives of
// 1e-3 to 1; a table's kink is met with probability 1e-6 per entry.
constexpr double kStep = 1e-6;
constexpr double kGradientTolerance = 1e-5;  // of the largest derivative of its kind

void expect_gradient(const Vector& gradient, const std::function<double(Index, double)>& shifted) {
  const double scale = gradient.cwiseAbs().maxCoeff();
  EXPECT_GT(scale, 1e-4);
  for (Index i = 0; i < gradient.size(); ++i) {
    const double difference = (shifted(i, kStep) - shifted(i, -kStep)) / (2 * kStep);
    EXPECT_NEAR(gradient[i], difference,
                kGradientTolerance * std::max(scale * 1e-2, std::abs(difference)))
        << "entry " << i;
  }
}

Vector flat(const std::vector<Matrix>& matrices) {
  Vector all(static_cast<Index>(matrices.size()) * matrices.front().size());
  for (std::size_t t = 0; t < matrices.size(); ++t) {
    all.segment(static_cast<Index>(t) * matrices[t].size(), matrices[t].size()) =
        Eigen::Map<const Vector>(matrices[t].data(), matrices[t].size());
  }
  return all;
}

TEST(UnrolledGradient, MatchesCentralDifferences) {
  ThreadPool pool(1);
  for (const auto family : {DenoiserFamily::Gate, DenoiserFamily::Tanh, DenoiserFamily::Table}) {
    for (const Index n : {6, 12, 21}) {
      for (const bool free : {false, true}) {
        SCOPED_TRACE(testing::Message()
                     << "family " << static_cast<int>(family) << " n " << n << " free " << free);
        const Problem problem = small_problem(n, family, free);
        UnrolledGradient<double> gradient;
        unrolled_gradient(pool, problem.encoder, problem.decoder, problem.X, problem.Y, gradient);
        // The same sum in another order: rounding.
        EXPECT_NEAR(gradient.loss, loss_of(problem, problem.decoder), 1e-14);
        const Vector parameters = problem.decoder.parameters();
        expect_gradient(gradient.parameters, [&](Index i, double by) {
          auto moved = problem.decoder;
          Vector shifted = parameters;
          shifted[i] += by;
          moved.set_parameters(shifted);
          return loss_of(problem, moved);
        });
        ASSERT_EQ(gradient.forward.size(), free ? 3U : 0U);
        if (!free) continue;
        const auto check = [&](std::vector<Matrix> UnrolledDecoder<double>::*matrices,
                               const std::vector<Matrix>& derivative) {
          expect_gradient(flat(derivative), [&](Index i, double by) {
            auto moved = problem.decoder;
            auto& list = moved.*matrices;
            const Index size = list.front().size();
            list[static_cast<std::size_t>(i / size)].data()[i % size] += by;
            return loss_of(problem, moved);
          });
        };
        check(&UnrolledDecoder<double>::forward, gradient.forward);
        check(&UnrolledDecoder<double>::backward, gradient.backward);
      }
    }
  }
}

TEST(UnrolledGradient, IsTheSameForAnyNumberOfThreads) {
  const ops::EncoderOperator<float> encoder(model::hadamard_encoder(96, 48, 5));
  ThreadPool single(1);
  const Matrix X = sample_rows(kPrior, 50, 96, false, 5);
  const MatrixF rows = X.cast<float>();
  const MatrixF Y = codes_of(single, encoder, X);
  for (const bool free : {false, true}) {
    auto decoder = unrolled_decoder<float>(forms_of(kPrior, 0.5, 3), 0.5, kPrior);
    if (free) decoder.free_matrices(encoder);
    UnrolledGradient<float> first;
    unrolled_gradient(single, encoder, decoder, rows, Y, first);
    const MatrixF estimate = decoder.apply(single, encoder, Y);
    for (const int threads : {2, 3}) {
      ThreadPool pool(threads);
      UnrolledGradient<float> again;
      unrolled_gradient(pool, encoder, decoder, rows, Y, again);
      EXPECT_EQ(again.loss, first.loss);
      EXPECT_EQ(again.parameters, first.parameters);
      EXPECT_EQ(again.forward, first.forward);
      EXPECT_EQ(again.backward, first.backward);
      EXPECT_EQ(decoder.apply(pool, encoder, Y), estimate);
    }
  }
}

TEST(UnrolledDecoder, FloatAgreesWithDouble) {
  ThreadPool pool(2);
  const auto encoder = model::hadamard_encoder(128, 128, 6);
  const ops::EncoderOperator<double> exact(encoder);
  const ops::EncoderOperator<float> rounded(encoder);
  const Matrix Y = codes_of(pool, exact, sample_rows(kPrior, 20, 128, true, 6));
  const auto forms = forms_of(kPrior, 1.0, 8);
  const Matrix x = unrolled_decoder<double>(forms, 1.0, kPrior).apply(pool, exact, Y);
  const MatrixF y =
      unrolled_decoder<float>(forms, 1.0, kPrior).apply(pool, rounded, Y.cast<float>());
  // 6e-8 per operation, and eight layers that each may double it.
  EXPECT_LT((x - y.cast<double>()).cwiseAbs().maxCoeff(), 1e-4);
}

TEST(UnrolledDecoder, ParametersGoThereAndBack) {
  auto decoder = naive_unrolled_decoder<double>(2, 1.0, {.denoiser = DenoiserFamily::Tanh});
  Vector parameters = decoder.parameters();
  ASSERT_EQ(parameters.size(), 2 * (7 + 3));
  parameters[10 + kUnrolledVariance] = 0.25;
  parameters[9] = -3.0;
  decoder.set_parameters(parameters);
  EXPECT_EQ(decoder.layers[1].v, 0.25);
  EXPECT_EQ(decoder.layers[0].denoiser.parameters[2], -3.0);
  EXPECT_EQ(decoder.parameters(), parameters);
}

TEST(UnrolledDecoder, RejectsBadInput) {
  ThreadPool pool(1);
  const ops::EncoderOperator<double> encoder(model::hadamard_encoder(8, 8, 1));
  const Matrix Y = Matrix::Ones(2, 8);
  EXPECT_THROW((void)naive_unrolled_decoder<double>(0, 1.0), InvalidArgument);
  EXPECT_THROW((void)naive_unrolled_decoder<double>(1, -1.0), InvalidArgument);
  EXPECT_THROW((void)unrolled_decoder<double>({}, 1.0, kPrior), InvalidArgument);
  const auto good = naive_unrolled_decoder<double>(2, 1.0);
  EXPECT_NO_THROW((void)good.apply(pool, encoder, Y));
  EXPECT_THROW((void)good.apply(pool, encoder, Matrix::Ones(2, 7)), InvalidArgument);
  auto bad = good;
  bad.rate = 0.5;
  EXPECT_THROW((void)bad.apply(pool, encoder, Y), InvalidArgument);
  bad = good;
  bad.layers.clear();
  EXPECT_THROW((void)bad.apply(pool, encoder, Y), InvalidArgument);
  bad = good;
  bad.layers[1].v = 0.0;
  EXPECT_THROW((void)bad.apply(pool, encoder, Y), InvalidArgument);
  bad = good;
  bad.layers[0].denoiser.parameters.pop_back();
  EXPECT_THROW((void)bad.apply(pool, encoder, Y), InvalidArgument);
  bad = good;
  bad.free_matrices(encoder);
  bad.forward[1].resize(8, 7);
  EXPECT_THROW((void)bad.apply(pool, encoder, Y), InvalidArgument);
  EXPECT_THROW(bad.set_parameters(Vector::Zero(3)), InvalidArgument);
  UnrolledGradient<double> gradient;
  EXPECT_THROW(unrolled_gradient(pool, encoder, good, Matrix::Ones(3, 8), Y, gradient),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::decode
