#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>

#include "support/temporary_folder.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/train/topk_training.hpp"

namespace twofold::train {
namespace {

constexpr std::int64_t kSteps = 24;
constexpr Index kBatch = 40, kUnits = 30, kDimension = 12, kPlanted = 20;

// Two of the planted unit directions, with positive weights, around a centre. Row s of batch t is a
// function of (t, s).
template <typename Scalar>
FillBatch<Scalar> planted_batches() {
  const RandomStream stream(5, "planted");
  Matrix atoms(kPlanted, kDimension);
  stream.fill_normal(0, std::span(atoms.data(), static_cast<std::size_t>(atoms.size())));
  atoms.rowwise().normalize();
  return [atoms](std::int64_t t, View<Scalar> rows) {
    const RandomStream draws(6, "planted rows");
    for (Index s = 0; s < rows.rows(); ++s) {
      const auto at = static_cast<std::uint64_t>(t * rows.rows() + s);
      std::array<double, 4> u;
      draws.fill_uniform(at, u);
      const auto first = static_cast<Index>(u[0] * kPlanted);
      const auto second = static_cast<Index>(u[1] * kPlanted);
      const Vector x = Vector::Constant(kDimension, 0.5) +
                       (1 + u[2]) * atoms.row(first).transpose() +
                       (1 + u[3]) * atoms.row(second).transpose();
      rows.row(s) = x.transpose().template cast<Scalar>();
    }
  };
}

struct Setting {
  bool tied = false;
  ops::TopKOptimizer optimizer = ops::TopKOptimizer::Adam;
};

TopKTrainingOptions base_options(const Setting& setting = {}) {
  TopKTrainingOptions options;
  options.step = {.k = 2, .optimizer = setting.optimizer, .dead_after = 200};
  options.batch = kBatch;
  options.steps = kSteps;
  options.schedule = {.step = 1e-2, .warmup = 3, .decay = 5};
  options.record_steps = {0, 3, 10, 11, kSteps};
  options.checkpoint.fingerprint = "topk test";
  return options;
}

template <typename Scalar>
model::TopKAutoencoder<Scalar> start_for(const Setting& setting) {
  return model::random_topk_autoencoder<Scalar>({kUnits, kDimension, setting.tied}, {}, 7);
}

template <typename Scalar>
bool same_state(const ops::TopKState<Scalar>& a, const ops::TopKState<Scalar>& b) {
  const auto same = [](const auto& v, const auto& w) {
    return v.encoder == w.encoder && v.decoder == w.decoder && v.encoder_bias == w.encoder_bias &&
           v.decoder_bias == w.decoder_bias;
  };
  return same(a.weights, b.weights) && same(a.first, b.first) && same(a.second, b.second) &&
         a.steps == b.steps && a.silent == b.silent;
}

// Trains, keeping its records as text in the checkpoints.
template <typename Scalar>
struct Trainer {
  Setting setting = {};
  TopKTrainingOptions options = base_options(setting);
  FillBatch<Scalar> fill = planted_batches<Scalar>();
  std::string records = {};

  TopKResult<Scalar> run(int threads, Observer& observer = no_observer()) {
    TopKHooks<Scalar> hooks;
    hooks.on_record = [&](const TopKRecord<Scalar>& r) {
      // %a prints all bits.
      char line[160];
      std::snprintf(line, sizeof line, "%ld %a %a %a %a %a\n", static_cast<long>(r.step),
                    r.batch.loss, r.batch.explained_variance, r.batch.active, r.dead_fraction,
                    r.step_size);
      records += line;
    };
    hooks.on_save = [&] { return records; };
    hooks.on_resume = [&](std::int64_t, const std::string& text) { records = text; };
    ThreadPool pool(threads);
    return topk_training<Scalar>(fill, start_for<Scalar>(setting), options, hooks, pool, observer);
  }
};

template <typename Scalar>
class TopKTraining : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TopKTraining, Scalars);

TYPED_TEST(TopKTraining, GoesOnFromACheckpointBitForBit) {
  for (const Setting& setting : {Setting{}, Setting{true, ops::TopKOptimizer::Adam},
                                 Setting{false, ops::TopKOptimizer::Sgd}}) {
    Trainer<TypeParam> straight{setting};
    const auto whole = straight.run(1);
    ASSERT_EQ(whole.status, SgdStatus::Finished);
    EXPECT_EQ(std::count(straight.records.begin(), straight.records.end(), '\n'), 5);
    for (const std::int64_t at :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{10}, std::int64_t{11}, kSteps - 1}) {
      const TemporaryFolder folder;
      Trainer<TypeParam> first{setting};
      first.options.checkpoint.folder = folder.path();
      StopAfter stop(at, StopRequest::Terminate);
      const auto part = first.run(3, stop);
      EXPECT_EQ(part.status, SgdStatus::Interrupted);
      EXPECT_EQ(part.stop, StopRequest::Terminate);
      EXPECT_EQ(part.steps, at);
      Trainer<TypeParam> second{setting};
      second.options.checkpoint = first.options.checkpoint;
      second.options.checkpoint.resume = true;
      const auto rest = second.run(2);
      EXPECT_EQ(rest.first_step, at);
      EXPECT_TRUE(same_state(rest.state, whole.state)) << "stopped at " << at;
      EXPECT_EQ(second.records, straight.records) << "stopped at " << at;
    }
  }
}

TYPED_TEST(TopKTraining, ReconstructsPlantedData) {
  Trainer<TypeParam> trainer;
  trainer.options.steps = 600;
  trainer.options.record_steps = {};
  const auto result = trainer.run(2);
  // Two directions a sample are there to be found; where half of them are, most is explained.
  EXPECT_GT(result.batch.explained_variance, 0.7);
  EXPECT_LE(result.batch.active, 2);
  EXPECT_GT(result.batch.active, 1);
}

TYPED_TEST(TopKTraining, EndsWithoutAnUpdateWhereTheLossIsNotFinite) {
  Trainer<TypeParam> trainer;
  const auto good = trainer.fill;
  trainer.fill = [&](std::int64_t t, View<TypeParam> rows) {
    good(t, rows);
    if (t == 5) rows(3, 2) = std::numeric_limits<TypeParam>::quiet_NaN();
  };
  const auto result = trainer.run(1);
  EXPECT_EQ(result.status, SgdStatus::NonFinite);
  EXPECT_EQ(result.steps, 5);
  EXPECT_TRUE(result.state.weights.encoder.allFinite());
}

TYPED_TEST(TopKTraining, SaysWhenItDiverges) {
  Trainer<TypeParam> trainer{{true, ops::TopKOptimizer::Sgd}};
  trainer.options.step.unit_decoder = false;
  trainer.options.schedule = {.step = 100};
  trainer.options.steps = 100;
  trainer.options.record_steps = {};
  const auto result = trainer.run(1);
  EXPECT_EQ(result.status, SgdStatus::Diverged);
  EXPECT_LT(result.steps, 100);
}

TYPED_TEST(TopKTraining, ACheckpointOfAnotherRunIsRefused) {
  const TemporaryFolder folder;
  Trainer<TypeParam> first;
  first.options.checkpoint.folder = folder.path();
  (void)first.run(1);
  const auto expect_refused = [&](auto&& change, const std::string& text) {
    Trainer<TypeParam> other;
    other.options.checkpoint = first.options.checkpoint;
    other.options.checkpoint.resume = true;
    change(other);
    try {
      (void)other.run(1);
      ADD_FAILURE() << text;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(text));
    }
  };
  expect_refused([](auto& o) { o.options.checkpoint.fingerprint = "another"; }, "fingerprint");
  expect_refused([](auto& o) { o.setting.tied = true; }, "decoder");
  expect_refused([](auto& o) { o.options.step.optimizer = ops::TopKOptimizer::Sgd; }, "first.");
  expect_refused(
      [](auto& o) {
        o.options.steps = 5;
        o.options.record_steps = {};
      },
      "5 steps");
}

TEST(TopKSchedule, RisesAndFallsLinearly) {
  const TopKSchedule s{.step = 2, .warmup = 3, .decay = 4};
  EXPECT_DOUBLE_EQ(s.at(0, 20), 0.5);
  EXPECT_DOUBLE_EQ(s.at(2, 20), 1.5);
  EXPECT_DOUBLE_EQ(s.at(3, 20), 2);
  EXPECT_DOUBLE_EQ(s.at(15, 20), 2);
  EXPECT_DOUBLE_EQ(s.at(16, 20), 1.6);
  EXPECT_DOUBLE_EQ(s.at(19, 20), 0.4);
  EXPECT_DOUBLE_EQ((TopKSchedule{.step = 2}.at(7, 8)), 2);
}

TEST(TopKDefaults, AreThoseOfTheHeader) {
  EXPECT_DOUBLE_EQ(default_topk_step(ops::TopKOptimizer::Adam, 1 << 14), 2e-4);
  EXPECT_DOUBLE_EQ(default_topk_step(ops::TopKOptimizer::Adam, 1 << 12), 4e-4);
  EXPECT_EQ(default_dead_after(1000, 100), 10'000);
  EXPECT_EQ(default_dead_after(2, 100), 100);
  EXPECT_EQ(default_dead_after(1 << 20, 4096), 10'000'000);
}

TEST(TopKTrainingOptions, OutsideTheirDomainAreRefused) {
  const auto expect_refused = [](auto&& change) {
    Trainer<float> trainer;
    change(trainer.options);
    EXPECT_THROW((void)trainer.run(1), InvalidArgument);
  };
  expect_refused([](auto& o) { o.batch = 0; });
  expect_refused([](auto& o) { o.steps = -1; });
  expect_refused([](auto& o) { o.schedule.step = -1; });
  expect_refused([](auto& o) { o.schedule.warmup = -1; });
  expect_refused([](auto& o) { o.schedule.decay = -1; });
  expect_refused([](auto& o) { o.divergence_limit = 1; });
  expect_refused([](auto& o) { o.record_steps = {3, 2}; });
  expect_refused([](auto& o) { o.step.k = 0; });
}

// Gradient of Σ‖x − y‖ at the median: sums of unit vectors, off by the last move at most.
TEST(GeometricMedian, HasNoPull) {
  const Matrix X = skewed_samples(300, 5, 3);
  const Vector y = geometric_median(X, 1e-12, 10'000);
  Vector pull = Vector::Zero(5);
  for (Index s = 0; s < 300; ++s) pull += (X.row(s).transpose() - y).normalized();
  EXPECT_LE(pull.norm(), 1e-6 * 300);
}

TEST(GeometricMedian, StaysAtARowThatHoldsIt) {
  Matrix X(5, 2);
  X << 0, 0, 4, 0, 0, 0, -1, 0, 0, 0;  // three at the origin, which is not the mean
  const Vector y = geometric_median(X, 1e-12, 10'000);
  EXPECT_LE(y.norm(), 1e-9);
  Matrix one(1, 2);
  one << 3, 4;
  EXPECT_EQ(geometric_median(one), one.row(0).transpose());
  EXPECT_THROW((void)geometric_median(Matrix(0, 2)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::train
