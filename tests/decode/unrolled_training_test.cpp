#include "twofold/decode/unrolled_training.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "codes.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/sparse_source.hpp"
#include "twofold/decode/unrolled_gradient.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::decode {
namespace {

const auto kPrior = data::ScalarPrior::sparse_gaussian(0.3);

template <typename Scalar>
UnrolledDecoder<Scalar> from_theory(const data::ScalarPrior& prior, double rate, int layers,
                                    const UnrolledOptions& options = {}) {
  const auto forms = theory::layer_form(theory::state_evolution(prior, rate, layers), rate);
  return unrolled_decoder<Scalar>(forms, rate, prior, options);
}

/// d = 128 at a rate: an encoder, batches to train on, and vectors kept back for the test.
struct Bench {
  explicit Bench(double rate = 1.0)
      : encoder(model::hadamard_encoder(kDimension, static_cast<Index>(kDimension * rate), 1)),
        source(kPrior, kDimension, 2),
        sampler(source, {.batch = 32}, 2),
        X(sample_rows(kPrior, 1000, kDimension, false, 3)),
        Y(codes_of(pool, encoder, X)) {}

  [[nodiscard]] Vector errors(const UnrolledDecoder<float>& decoder) {
    const MatrixF estimate = decoder.apply(pool, encoder, Y);
    return (estimate.cast<double>() - X).rowwise().squaredNorm() / double{kDimension};
  }

  static constexpr Index kDimension = 128;
  ThreadPool pool{2};
  ops::EncoderOperator<float> encoder;
  data::SparseSource source;
  data::BatchSampler sampler;
  Matrix X;
  MatrixF Y;
};

/// Mean of the differences and its standard error.
numerics::MeanAndError paired(const Vector& a, const Vector& b) {
  const Vector difference = a - b;
  return numerics::mean_and_error(std::vector<double>(difference.begin(), difference.end()));
}

TEST(UnrolledTraining, FromNaiveWeightsItReachesTheStateEvolution) {
  Bench bench;
  for (const int layers : {1, 2, 3}) {
    const auto naive = naive_unrolled_decoder<float>(layers, 1.0);
    const auto trained = fit_unrolled(bench.pool, bench.encoder, bench.sampler, naive,
                                      {.steps = 1000, .learning_rate = 0.07});
    EXPECT_EQ(trained.status, UnrolledStatus::Finished);
    EXPECT_EQ(trained.steps, 1000);
    EXPECT_EQ(trained.losses.size(), 1001U);
    const Vector expected = bench.errors(from_theory<float>(kPrior, 1.0, layers));
    EXPECT_GT(bench.errors(naive).mean(), expected.mean() + 0.1) << layers;
    // 1 % of the error: Adam leaves 1e-3 of it, the difference of two decoders on the same 1000
    // vectors has a standard error of 2e-4.
    EXPECT_NEAR(bench.errors(trained.decoder).mean(), expected.mean(), 0.003) << layers;
  }
}

TEST(UnrolledTraining, FromTheStateEvolutionItIsNotWorse) {
  for (const double rate : {0.5, 1.0, 1.5}) {
    Bench bench(rate);
    for (const auto family : {DenoiserFamily::Gate, DenoiserFamily::Tanh, DenoiserFamily::Table}) {
      const auto start = from_theory<float>(kPrior, rate, 2, {.denoiser = family});
      const auto trained =
          fit_unrolled(bench.pool, bench.encoder, bench.sampler, start, {.steps = 200});
      const auto change = paired(bench.errors(trained.decoder), bench.errors(start));
      // Three standard errors of the paired difference.
      EXPECT_LT(change.mean, 3 * change.standard_error) << rate << static_cast<int>(family);
    }
  }
}

// What training is for: layers made for another prior find the right one.
TEST(UnrolledTraining, RepairsAWrongPrior) {
  Bench bench;
  const auto wrong = from_theory<float>(data::ScalarPrior::sparse_gaussian(0.9), 1.0, 2);
  const auto trained = fit_unrolled(bench.pool, bench.encoder, bench.sampler, wrong,
                                    {.steps = 1000, .learning_rate = 0.07});
  const double right = bench.errors(from_theory<float>(kPrior, 1.0, 2)).mean();
  EXPECT_GT(bench.errors(wrong).mean(), right + 0.02);
  // As from naive weights.
  EXPECT_NEAR(bench.errors(trained.decoder).mean(), right, 0.003);
}

/// A few steps with everything in it, small enough to run often.
template <typename Scalar>
struct Short {
  ops::EncoderOperator<Scalar> encoder{model::hadamard_encoder(48, 72, 5)};
  data::SparseSource source{kPrior, 48, 6};
  data::BatchSampler sampler{source, {.batch = 40}, 6};
  UnrolledDecoder<Scalar> start = [this] {
    auto decoder = from_theory<Scalar>(kPrior, 1.5, 2);
    decoder.free_matrices(encoder);
    return decoder;
  }();

  UnrolledTraining<Scalar> run(int threads, UnrolledTraining<Scalar> from, std::int64_t steps,
                               Observer& observer = no_observer()) {
    ThreadPool pool(threads);
    return fit_unrolled(pool, encoder, sampler, std::move(from), {.steps = steps}, observer);
  }
};

/// All weights in one vector: the parameters, then the free matrices.
Vector flat(const Vector& parameters, const std::vector<Matrix>& forward,
            const std::vector<Matrix>& backward) {
  std::vector<double> all(parameters.begin(), parameters.end());
  for (const auto* list : {&forward, &backward}) {
    for (const auto& matrix : *list) {
      all.insert(all.end(), matrix.data(), matrix.data() + matrix.size());
    }
  }
  return Eigen::Map<const Vector>(all.data(), static_cast<Index>(all.size()));
}

Vector flat(const UnrolledDecoder<double>& decoder) {
  return flat(decoder.parameters(), decoder.forward, decoder.backward);
}

void assign(const Vector& all, UnrolledDecoder<double>& decoder) {
  const Index scalars = decoder.parameters().size();
  decoder.set_parameters(all.head(scalars));
  const double* next = all.data() + scalars;
  for (auto* list : {&decoder.forward, &decoder.backward}) {
    for (auto& matrix : *list) {
      std::copy_n(next, matrix.size(), matrix.data());
      next += matrix.size();
    }
  }
}

template <typename Scalar>
void expect_same(const UnrolledTraining<Scalar>& a, const UnrolledTraining<Scalar>& b) {
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.losses, b.losses);
  EXPECT_EQ(a.decoder.parameters(), b.decoder.parameters());
  EXPECT_EQ(a.decoder.forward, b.decoder.forward);
  EXPECT_EQ(a.decoder.backward, b.decoder.backward);
  EXPECT_EQ(a.moments.second, b.moments.second);
  EXPECT_EQ(a.moments.matrix_second, b.moments.matrix_second);
}

template <typename Scalar>
class UnrolledTrainingOf : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(UnrolledTrainingOf, Scalars);

TYPED_TEST(UnrolledTrainingOf, IsTheSameForAnyNumberOfThreads) {
  Short<TypeParam> problem;
  const auto first = problem.run(1, {problem.start}, 12);
  EXPECT_NE(first.decoder.backward, problem.start.backward);
  EXPECT_NE(first.decoder.forward[1], problem.start.forward[1]);
  for (const int threads : {2, 3}) expect_same(problem.run(threads, {problem.start}, 12), first);
}

// Adam written out, weight by weight, on the same batches.
TEST(UnrolledTraining, StepsAreThoseOfAdam) {
  Short<double> problem;
  ThreadPool pool(1);
  const auto trained =
      fit_unrolled(pool, problem.encoder, problem.sampler, problem.start,
                   {.steps = 4, .learning_rate = 0.1, .matrix_learning_rate = 0.01});
  auto decoder = problem.start;
  Vector theta = flat(decoder), first = 0 * theta, second = first;
  const Index scalars = decoder.parameters().size();
  for (int k = 0; k < 4; ++k) {
    Matrix X(40, 48);
    problem.sampler.fill<double>(static_cast<std::uint64_t>(k), X, pool);
    UnrolledGradient<double> gradient;
    unrolled_gradient(pool, problem.encoder, decoder, X, codes_of(pool, problem.encoder, X),
                      gradient);
    EXPECT_NEAR(trained.losses[static_cast<std::size_t>(k)], gradient.loss, 1e-10);  // rounding
    const Vector slope = flat(gradient.parameters, gradient.forward, gradient.backward);
    const double factor = std::pow(0.02, k / 4.0);
    for (Index i = 0; i < theta.size(); ++i) {
      const bool variance = i < scalars && i % 10 == kUnrolledVariance;
      const double g = variance ? theta[i] * slope[i] : slope[i];
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.999 * second[i] + 0.001 * g * g;
      const double move = (i < scalars ? 0.1 : 0.01) * factor * first[i] /
                          (1 - std::pow(0.9, k + 1)) /
                          (std::sqrt(second[i] / (1 - std::pow(0.999, k + 1))) + 1e-8);
      theta[i] = variance ? theta[i] * std::exp(-move) : theta[i] - move;
    }
    assign(theta, decoder);
  }
  // Rounding of the gradient, 1e-16 beside an entry as small as 1e-8, times a step of 0.1.
  EXPECT_LT((flat(trained.decoder) - theta).cwiseAbs().maxCoeff(), 1e-9);
}

/// Asks to stop once, when asked for the n-th time.
class StopAt : public Observer {
 public:
  explicit StopAt(int n) : left_(n) {}
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_-- == 0 ? StopRequest::Interrupt : StopRequest::None;
  }
  void progress(const Progress& progress) override { last = progress; }
  Progress last;

 private:
  mutable int left_;
};

TYPED_TEST(UnrolledTrainingOf, GoesOnAfterAStopAsIfThereHadBeenNone) {
  Short<TypeParam> problem;
  const auto whole = problem.run(1, {problem.start}, 12);
  StopAt observer(5);
  auto half = problem.run(2, {problem.start}, 12, observer);
  EXPECT_EQ(half.status, UnrolledStatus::Interrupted);
  EXPECT_EQ(half.stop, StopRequest::Interrupt);
  EXPECT_EQ(half.steps, 5);
  EXPECT_EQ(half.losses.size(), 5U);
  const auto rest = problem.run(1, std::move(half), 12, observer);
  EXPECT_EQ(rest.status, UnrolledStatus::Finished);
  EXPECT_EQ(rest.stop, StopRequest::None);
  expect_same(rest, whole);
  EXPECT_EQ(observer.last.done, 12);
  EXPECT_EQ(observer.last.total, 12);
  EXPECT_EQ(observer.last.loss, whole.losses.back());
}

TEST(UnrolledTraining, SaysWhenItLeftTheNumbers) {
  Short<double> problem;
  ThreadPool pool(1);
  for (const bool matrices : {false, true}) {
    UnrolledTrainingOptions options{.steps = 10};
    (matrices ? options.matrix_learning_rate : options.learning_rate) = 1e300;
    const auto result =
        fit_unrolled(pool, problem.encoder, problem.sampler, problem.start, options);
    EXPECT_EQ(result.status, UnrolledStatus::NonFinite) << matrices;
    EXPECT_LT(result.steps, 10) << matrices;
  }
}

TEST(UnrolledTraining, RejectsBadInput) {
  Short<double> problem;
  ThreadPool pool(1);
  const auto fit = [&](const data::BatchSampler& sampler, UnrolledTraining<double> start,
                       const UnrolledTrainingOptions& options) {
    (void)fit_unrolled(pool, problem.encoder, sampler, std::move(start), options);
  };
  EXPECT_THROW(fit(problem.sampler, {problem.start}, {.steps = -1}), InvalidArgument);
  EXPECT_THROW(fit(problem.sampler, {problem.start}, {.learning_rate = 0.0}), InvalidArgument);
  EXPECT_THROW(fit(problem.sampler, {problem.start}, {.matrix_learning_rate = -1.0}),
               InvalidArgument);
  EXPECT_THROW(fit(problem.sampler, {problem.start}, {.final_factor = 2.0}), InvalidArgument);
  EXPECT_THROW(fit(problem.sampler, {naive_unrolled_decoder<double>(2, 1.0)}, {}), InvalidArgument);
  UnrolledTraining<double> lost{problem.start};
  lost.steps = 3;
  EXPECT_THROW(fit(problem.sampler, lost, {}), InvalidArgument);
  const data::SparseSource other(kPrior, 47, 1);
  EXPECT_THROW(fit(data::BatchSampler(other, {.batch = 4}, 1), {problem.start}, {}),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::decode
