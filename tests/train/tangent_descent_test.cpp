#include "twofold/train/tangent_descent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "support/temporary_folder.hpp"
#include "train/tangent_problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/reference.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

using model::TangentStart;
using model::TiedScaling;
using Weights = model::Weights<double>;

const std::vector<TangentMode> kModes = {TangentMode::Weak, TangentMode::Joint,
                                         TangentMode::Decoder, TangentMode::Tied};

template <typename Scalar>
model::Weights<Scalar> start_of(TangentMode mode, Index neurons, Index d) {
  return mode == TangentMode::Tied
             ? model::tied_tangent_start<Scalar>(neurons, d, 1.2, TiedScaling::MeanField, 2)
             : model::tangent_start<Scalar>(TangentStart::Plain, neurons, d, 2);
}

// The loss is a sum over the samples, the reference's a mean.
double sum_loss(const Matrix& X, const Weights& w) {
  return static_cast<double>(X.rows()) * ops::reference::loss<double>(X, w, model::Relu{});
}

// Central differences of the loss by every weight of a factor.
Matrix numerical_gradient(const Matrix& X, Weights w, Matrix Weights::*factor) {
  constexpr double h = 1e-5;
  Matrix gradient((w.*factor).rows(), (w.*factor).cols());
  for (Index k = 0; k < gradient.size(); ++k) {
    double& weight = (w.*factor).data()[k];
    const double at = weight;
    weight = at + h;
    const double plus = sum_loss(X, w);
    weight = at - h;
    gradient.data()[k] = (plus - sum_loss(X, w)) / (2 * h);
    weight = at;
  }
  return gradient;
}

// Truncation h² L'''/6 of differences is near 1e-10 and their rounding ε L/h near 1e-10; the bound
// for both is that of the analysis, 1e-7.
TEST(TangentDescent, MovesAlongTheDerivativeOfTheLoss) {
  const Matrix X = skewed_samples(9, 5, 1);
  ThreadPool pool(2);
  for (const TangentMode mode : kModes) {
    const Weights start = start_of<double>(mode, 14, 5);
    TangentDescentOptions options{.mode = mode, .step = 0.125, .steps = 1};
    options.divergence_limit = 1e300;
    options.decoder_ratio = 0.5;
    const auto run = tangent_descent<double>(X, start, options, {}, pool);
    const Matrix dB = (start.encoder - run.weights.encoder) / 0.125;
    const Matrix expected = numerical_gradient(X, start, &Weights::encoder);
    if (mode == TangentMode::Decoder) {
      EXPECT_TRUE(same_bits(run.weights.encoder, start.encoder));
    } else {
      EXPECT_LE((dB - expected).cwiseAbs().maxCoeff(), 1e-7) << to_string(mode);
    }
    if (mode == TangentMode::Tied) continue;
    if (mode == TangentMode::Weak) {
      EXPECT_TRUE(same_bits(run.weights.decoder, start.decoder));
      continue;
    }
    // The ratio is one of Joint only.
    const double step = mode == TangentMode::Joint ? 0.0625 : 0.125;
    const Matrix dA = (start.decoder - run.weights.decoder) / step;
    EXPECT_LE((dA - numerical_gradient(X, start, &Weights::decoder)).cwiseAbs().maxCoeff(), 1e-7)
        << to_string(mode);
  }
}

// With the encoder fixed the residual is exactly E_t = (I - ηG)^t E_0, G = HᵀH/(Nd) by sample.
TEST(TangentDescent, OfTheDecoderIsTheLinearRecursion) {
  constexpr Index n = 8, d = 5, neurons = 60, steps = 300;
  const Matrix X = sphere_samples(n, d, 3);
  const Weights start = start_of<double>(TangentMode::Decoder, neurons, d);
  const Matrix H = (X * start.encoder.transpose()).cwiseMax(0.0);
  const Matrix G = H * H.transpose() / (neurons * d);
  Matrix E = X - start.scale * H * start.decoder;
  const double step = 1 / symmetric_eigenvalues(G).values[0], first = E.squaredNorm() / 2;
  TangentDescentHooks<double> hooks;
  hooks.on_step = [&](std::int64_t k, const Weights&, double loss) {
    // Relative to the first loss, as rounding is relative to X; hundreds of roundings of 1e-16.
    EXPECT_NEAR(loss / first, E.squaredNorm() / 2 / first, 1e-12) << k;
    E -= step * G * E;
  };
  ThreadPool pool(1);
  const auto run = tangent_descent<double>(
      X, start, {.mode = TangentMode::Decoder, .step = step, .steps = steps}, hooks, pool);
  EXPECT_EQ(run.steps, steps);
  EXPECT_LT(run.loss, 0.1 * first);
}

template <typename Scalar>
TangentDescentResult<Scalar> trained(TangentMode mode, int threads) {
  // 4nNd flops are 8 million: the pool is used. 1700 neurons are many blocks.
  const MatrixOf<Scalar> X = skewed_samples(40, 30, 6).cast<Scalar>();
  ThreadPool pool(threads);
  return tangent_descent<Scalar>(X, start_of<Scalar>(mode, 1700, 30),
                                 {.mode = mode, .decoder_ratio = 0.3, .steps = 6}, {}, pool);
}

template <typename Scalar>
void expect_same(const TangentDescentResult<Scalar>& a, const TangentDescentResult<Scalar>& b) {
  EXPECT_TRUE(same_bits(a.weights.encoder, b.weights.encoder));
  EXPECT_TRUE(same_bits(a.weights.decoder, b.weights.decoder));
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.initial_loss, b.initial_loss);
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.largest_eigenvalue, b.largest_eigenvalue);
  EXPECT_EQ(a.movement.encoder, b.movement.encoder);
  EXPECT_EQ(a.movement.decoder, b.movement.decoder);
  EXPECT_EQ(a.movement.largest_row, b.movement.largest_row);
  EXPECT_EQ(a.movement.flips, b.movement.flips);
}

TEST(TangentDescent, GivesTheSameBitsForAnyPoolSize) {
  for (const TangentMode mode : kModes) {
    const auto floats = trained<float>(mode, 1);
    const auto doubles = trained<double>(mode, 1);
    for (const int threads : {2, 3}) {
      expect_same(trained<float>(mode, threads), floats);
      expect_same(trained<double>(mode, threads), doubles);
    }
  }
}

// A step of 2.5/λ_max, above the limit, is halved: rises, halvings and records fall on either side
// of a stop.
struct Trainer {
  TangentDescentOptions options;
  Matrix X = sphere_samples(8, 6, 4);
  std::string records = {};

  explicit Trainer(TangentMode mode) {
    options.mode = mode;
    options.halve = true;
    options.steps = 40;
    options.divergence_limit = 1e9;
    options.record_steps = {0, 3, 10, 11, 25, 40};
    options.checkpoint.fingerprint = "tangent test";
    ThreadPool pool(1);
    options.step = 2.5 / 1.8 * tangent_descent<double>(X, start(), {.mode = mode}, {}, pool).step;
  }

  [[nodiscard]] Weights start() const { return start_of<double>(options.mode, 150, 6); }

  TangentDescentResult<double> run(int threads, Observer& observer = no_observer()) {
    TangentDescentHooks<double> hooks;
    hooks.on_record = [&](std::int64_t k, const Weights& weights, double loss) {
      char line[80];  // %a prints all bits
      std::snprintf(line, sizeof line, "%ld %a %a\n", static_cast<long>(k), loss,
                    weights.encoder(0, 0));
      records += line;
    };
    hooks.on_save = [&] { return records; };
    hooks.on_resume = [&](std::int64_t, const std::string& text) { records = text; };
    ThreadPool pool(threads);
    return tangent_descent<double>(X, start(), options, hooks, pool, observer);
  }
};

void expect_same_catapults(const TangentDescentResult<double>& a,
                           const TangentDescentResult<double>& b) {
  EXPECT_EQ(a.catapult_count, b.catapult_count);
  ASSERT_EQ(a.catapults.size(), b.catapults.size());
  for (std::size_t i = 0; i < a.catapults.size(); ++i) {
    EXPECT_EQ(a.catapults[i].start, b.catapults[i].start);
    EXPECT_EQ(a.catapults[i].end, b.catapults[i].end);
    EXPECT_EQ(a.catapults[i].before, b.catapults[i].before);
    EXPECT_EQ(a.catapults[i].peak, b.catapults[i].peak);
  }
}

TEST(TangentDescent, GivesTheSameBitsAfterAStop) {
  for (const TangentMode mode : kModes) {
    Trainer straight(mode);
    const auto whole = straight.run(1);
    ASSERT_EQ(whole.status, TangentDescentStatus::Finished);
    EXPECT_LT(whole.step, *straight.options.step) << "nothing was halved";
    for (const std::int64_t at : {0, 1, 2, 10, 11, 26, 39}) {
      const TemporaryFolder folder;
      Trainer first(mode);
      first.options.checkpoint.folder = folder.path();
      StopAfter stop(at, StopRequest::Interrupt);
      const auto part = first.run(3, stop);
      EXPECT_EQ(part.status, TangentDescentStatus::Interrupted);
      EXPECT_EQ(part.steps, at);
      EXPECT_EQ(part.stop, StopRequest::Interrupt);

      Trainer second(mode);
      second.options.checkpoint = first.options.checkpoint;
      second.options.checkpoint.resume = true;
      const auto rest = second.run(2);
      EXPECT_EQ(rest.status, TangentDescentStatus::Finished);
      EXPECT_EQ(rest.first_step, at);
      expect_same(rest, whole);
      expect_same_catapults(rest, whole);
      EXPECT_EQ(second.records, straight.records) << "stopped at " << at;
    }
  }
}

TEST(TangentDescent, AFinishedOrReachedRunIsReadBack) {
  for (const double target : {0.0, 0.5}) {
    const TemporaryFolder folder;
    Trainer trainer(TangentMode::Joint);
    trainer.options.target = target;
    trainer.options.checkpoint.folder = folder.path();
    trainer.options.record_steps = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 40};
    const auto run = trainer.run(1);
    EXPECT_EQ(run.status,
              target > 0 ? TangentDescentStatus::Reached : TangentDescentStatus::Finished);
    Trainer again = trainer;
    again.options.checkpoint.resume = true;
    const auto back = again.run(2);
    EXPECT_EQ(back.first_step, run.steps);
    EXPECT_EQ(back.status, run.status);
    expect_same(back, run);
    EXPECT_EQ(again.records, trainer.records);
  }
}

TEST(TangentDescent, RefusesTheCheckpointOfAnotherKindOfRun) {
  const TemporaryFolder folder;
  Trainer trainer(TangentMode::Tied);
  Checkpoint<double> other;
  other.weights = trainer.start();
  save_checkpoint(folder.path(), other, "tangent test");
  trainer.options.checkpoint.folder = folder.path();
  trainer.options.checkpoint.resume = true;
  EXPECT_THROW((void)trainer.run(1), DataError);
}

// Entries of a product are off by 2⁻¹⁴ of the norms at most, mostly far less: while the loss is a
// fair share of its start it is that of float to 1e-4.
TEST(TangentDescent, FollowsFloatInSplitProductsAndSaysSo) {
  const MatrixF X = sphere_samples(8, 6, 4).cast<float>();
  ThreadPool pool(2);
  for (const TangentMode mode : kModes) {
    const auto start = start_of<float>(mode, 150, 6);
    const auto run = [&](FloatProducts products) {
      return tangent_descent<float>(X, start, {.mode = mode, .steps = 5, .products = products}, {},
                                    pool);
    };
    const auto plain = run(FloatProducts::Float), split = run(FloatProducts::SplitBf16);
    EXPECT_GT(plain.loss, 1e-3 * plain.initial_loss) << "too small to compare";
    EXPECT_NE(split.loss, plain.loss);
    EXPECT_NEAR(split.loss, plain.loss, 1e-4 * plain.loss) << to_string(mode);
    EXPECT_EQ(split.step, plain.step);
    EXPECT_THAT(split.arithmetic, testing::StartsWith("split_bf16 ("));
    EXPECT_THAT(plain.arithmetic, testing::StartsWith("float"));
  }
}

TEST(TangentDescent, RefusesTheCheckpointOfOtherProducts) {
  const TemporaryFolder folder;
  const MatrixF X = sphere_samples(8, 6, 4).cast<float>();
  const auto start = start_of<float>(TangentMode::Joint, 50, 6);
  TangentDescentOptions options{.step = 0.1, .steps = 2};
  options.checkpoint.folder = folder.path();
  options.checkpoint.resume = true;
  ThreadPool pool(1);
  (void)tangent_descent<float>(X, start, options, {}, pool);
  options.products = FloatProducts::SplitBf16;
  EXPECT_THROW((void)tangent_descent<float>(X, start, options, {}, pool), DataError);
}

TEST(TangentDescent, RecordsTheLossOfTheWeightsItShows) {
  const Matrix X = sphere_samples(8, 6, 4);
  std::vector<std::int64_t> records, steps;
  TangentDescentHooks<double> hooks;
  hooks.on_record = [&](std::int64_t k, const Weights& weights, double loss) {
    records.push_back(k);
    EXPECT_NEAR(loss, sum_loss(X, weights), 1e-13);  // rounding of 48 squares, at most about 1 each
  };
  hooks.on_step = [&](std::int64_t k, const Weights& weights, double loss) {
    steps.push_back(k);
    EXPECT_NEAR(loss, sum_loss(X, weights), 1e-13);
  };
  ThreadPool pool(1);
  TangentDescentOptions options{.steps = 4};
  options.record_steps = {0, 2, 4};
  const auto run =
      tangent_descent<double>(X, start_of<double>(TangentMode::Joint, 50, 6), options, hooks, pool);
  EXPECT_THAT(records, testing::ElementsAre(0, 2, 4));
  EXPECT_THAT(steps, testing::ElementsAre(0, 1, 2, 3));
  EXPECT_NEAR(run.loss, sum_loss(X, run.weights), 1e-13);
}

TEST(TangentDescent, StopsAtOnceOnDataThatAreNotFinite) {
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Matrix X = sphere_samples(8, 6, 4);
    X(3, 2) = bad;
    ThreadPool pool(2);
    const Weights start = start_of<double>(TangentMode::Joint, 50, 6);
    const auto run = tangent_descent<double>(X, start, {.steps = 10}, {}, pool);
    EXPECT_EQ(run.status, TangentDescentStatus::NonFinite);
    EXPECT_EQ(run.steps, 0);
    EXPECT_TRUE(same_bits(run.weights.encoder, start.encoder));
  }
}

TEST(TangentDescent, RefusesWhatIsOutsideItsDomain) {
  const auto expect_refused = [](const std::function<void(TangentDescentOptions&, Weights&)>& spoil,
                                 const char* word) {
    TangentDescentOptions options{.step = 0.1, .steps = 10};
    Weights start = start_of<double>(TangentMode::Joint, 6, 4);
    spoil(options, start);
    ThreadPool pool(1);
    try {
      (void)tangent_descent<double>(Matrix::Zero(5, 4), start, options, {}, pool);
      FAIL() << "accepted bad " << word;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
  };
  using O = TangentDescentOptions;
  expect_refused([](O& o, Weights&) { o.step = -0.1; }, "step must be");
  expect_refused([](O& o, Weights&) { o.step = {}; }, "there is no automatic step");
  expect_refused([](O& o, Weights&) { o.decoder_ratio = 0; }, "decoder_ratio");
  expect_refused([](O& o, Weights&) { o.steps = -1; }, "steps");
  expect_refused([](O& o, Weights&) { o.target = 1; }, "target");
  expect_refused([](O& o, Weights&) { o.divergence_limit = 1; }, "divergence_limit");
  expect_refused([](O& o, Weights&) { o.record_steps = {11}; }, "[0, 10]");
  expect_refused([](O& o, Weights&) { o.products = FloatProducts::SplitBf16; }, "not double");
  expect_refused([](O& o, Weights&) { o.mode = TangentMode::Tied; }, "not tied, the mode is tied");
  expect_refused([](O&, Weights& w) { w.decoder.resize(0, 0); }, "tied, the mode is joint");
  expect_refused([](O&, Weights& w) { w.bias = Vector::Zero(6); }, "bias");
  expect_refused([](O&, Weights& w) { w = start_of<double>(TangentMode::Joint, 6, 3); },
                 "dimension 3");
  EXPECT_THROW((void)parse_tangent_mode("weakly"), InvalidArgument);
  for (const TangentMode mode : kModes) EXPECT_EQ(parse_tangent_mode(to_string(mode)), mode);
}

TEST(WeightMovement, CountsNormsAndFlips) {
  Weights start, end;
  start.encoder = (Matrix(2, 2) << 1, 0, 0, 1).finished();
  start.decoder = Matrix::Zero(2, 2);
  end = start;
  end.encoder(0, 0) = -3;  // row 0 moves by 4: its sign at (1, 0) changes, not at (0, 1) or (0, 0)
  end.encoder(1, 0) = 3;   // row 1 moves by 3: its sign at none of them
  end.decoder(1, 1) = 2;
  const Matrix X = (Matrix(3, 2) << 1, 0, 0, 1, 0, 0).finished();
  ThreadPool pool(1);
  const WeightMovement m = weight_movement<double>(X, start, end, pool);
  EXPECT_DOUBLE_EQ(m.encoder, 5);
  EXPECT_DOUBLE_EQ(m.decoder, 2);
  EXPECT_DOUBLE_EQ(m.largest_row, 4);
  EXPECT_DOUBLE_EQ(m.flips, 1.0 / 6);
}

}  // namespace
}  // namespace twofold::train
