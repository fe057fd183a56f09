// A run that is stopped and resumed is bit for bit the uninterrupted run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/temporary_folder.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/gaussian.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

constexpr std::int64_t kSteps = 40;

SgdOptions base_options() {
  SgdOptions options{.step = 0.05, .momentum = 0.6, .penalty = 0.01, .steps = kSteps};
  options.schedule = {.schedule = "cosine", .warmup = 7};
  options.record_steps = {0, 3, 10, 11, 25, kSteps};
  options.checkpoint.fingerprint = "resume test";
  return options;
}

// Trains, keeping its records as text in the checkpoints.
template <typename Scalar>
struct Trainer {
  const data::BatchSampler& sampler;
  SgdOptions options = base_options();
  std::string records = {};

  SgdResult<Scalar> run(int threads, Observer& observer = no_observer()) {
    SgdHooks<Scalar> hooks;
    hooks.on_record = [&](std::int64_t k, const model::Weights<Scalar>& weights, double loss) {
      // %a prints all bits.
      char line[80];
      std::snprintf(line, sizeof line, "%ld %a %a\n", static_cast<long>(k), loss,
                    static_cast<double>(weights.encoder(0, 0)));
      records += line;
    };
    hooks.on_save = [&] { return records; };
    hooks.on_resume = [&](std::int64_t, const std::string& text) { records = text; };
    ThreadPool pool(threads);
    const Index d = sampler.source().dimension();
    return sgd<Scalar>(sampler,
                       mean_field_weights<Scalar>(
                           model::initial_neurons(model::Initialization::Iid, 70, d, 0.4, 2)),
                       model::Gelu{}, options, hooks, pool, observer);
  }
};

template <typename Scalar>
void expect_same_after_resume(const data::Source& source, const data::BatchOptions& batches) {
  const data::BatchSampler sampler(source, batches, 9);
  Trainer<Scalar> straight{sampler};
  const auto whole = straight.run(1);
  ASSERT_EQ(whole.status, SgdStatus::Finished);
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, std::int64_t{10},
                                std::int64_t{11}, std::int64_t{26}, kSteps - 1}) {
    const TemporaryFolder folder;
    Trainer<Scalar> first{sampler};
    first.options.checkpoint.folder = folder.path();
    StopAfter stop(at, StopRequest::Interrupt);
    const auto part = first.run(3, stop);
    EXPECT_EQ(part.status, SgdStatus::Interrupted);
    EXPECT_EQ(part.steps, at);

    Trainer<Scalar> second{sampler};
    second.options.checkpoint = first.options.checkpoint;
    second.options.checkpoint.resume = true;
    const auto rest = second.run(2);
    EXPECT_EQ(rest.status, SgdStatus::Finished);
    EXPECT_EQ(rest.first_step, at);
    EXPECT_TRUE(same_bits(rest.weights.encoder, whole.weights.encoder)) << "stopped at " << at;
    EXPECT_EQ(second.records, straight.records) << "stopped at " << at;
  }
}

TEST(Resume, GivesTheSameBitsWithShuffledMirroredBatches) {
  const data::ArraySource<double> source(skewed_samples(23, 6, 6));
  const data::BatchOptions batches{
      .batch = 8, .mirrored = true, .random_signs = true, .order = "shuffle"};
  expect_same_after_resume<double>(source, batches);
  expect_same_after_resume<float>(source, batches);
}

TEST(Resume, GivesTheSameBitsWithFreshSamples) {
  const auto source = data::Gaussian::with_spectrum(Vector::LinSpaced(5, 1.0, 0.2), 3);
  expect_same_after_resume<double>(source, {.batch = 3});
  expect_same_after_resume<float>(source, {.batch = 3});
}

class ResumeFolder : public testing::Test {
 protected:
  ResumeFolder() { trainer_.options.checkpoint.folder = folder_.path(); }

  TemporaryFolder folder_;
  data::ArraySource<double> source_{skewed_samples(23, 6, 6)};
  data::BatchSampler sampler_{source_, {.batch = 4}, 9};
  Trainer<double> trainer_{sampler_};
};

TEST_F(ResumeFolder, SaysWhyTheRunStopped) {
  for (const StopRequest reason : {StopRequest::Interrupt, StopRequest::Terminate}) {
    StopAfter stop(5, reason);
    const auto run = trainer_.run(1, stop);
    EXPECT_EQ(run.status, SgdStatus::Interrupted);
    EXPECT_EQ(run.stop, reason);
  }
}

TEST_F(ResumeFolder, PeriodicCheckpointsAreWrittenWithoutChangingTheRun) {
  Trainer<double> plain{sampler_};
  const auto expected = plain.run(1);
  trainer_.options.checkpoint.every = 16;
  trainer_.options.divergence_limit = 1e300;
  std::int64_t seen = 0;
  SgdHooks<double> hooks;
  const auto start =
      mean_field_weights<double>(model::initial_neurons(model::Initialization::Iid, 70, 6, 0.4, 2));
  hooks.on_step = [&](std::int64_t k, const model::Weights<double>&) {
    if (k == 15) {
      EXPECT_FALSE(has_checkpoint(folder_.path()));
    }
    if (k == 31) {
      seen = load_checkpoint<double>(folder_.path(), "resume test", start).step;
    }
  };
  ThreadPool pool(1);
  const auto run = sgd<double>(sampler_, start, model::Gelu{}, trainer_.options, hooks, pool);
  EXPECT_EQ(seen, 16);
  EXPECT_TRUE(same_bits(run.weights.encoder, expected.weights.encoder));
  EXPECT_EQ(load_checkpoint<double>(folder_.path(), "resume test", start).step, kSteps);
}

TEST_F(ResumeFolder, AFinishedRunIsReadBack) {
  const auto run = trainer_.run(1);
  Trainer<double> again{sampler_, trainer_.options};
  again.options.checkpoint.resume = true;
  const auto back = again.run(2);
  EXPECT_EQ(back.first_step, kSteps);
  EXPECT_EQ(back.loss, run.loss);
  EXPECT_TRUE(same_bits(back.weights.encoder, run.weights.encoder));
  EXPECT_EQ(again.records, trainer_.records);
}

TEST_F(ResumeFolder, WithoutACheckpointTheRunBeginsAtTheStart) {
  trainer_.options.checkpoint.resume = true;
  EXPECT_EQ(trainer_.run(1).first_step, 0);
}

TEST_F(ResumeFolder, RefusesACheckpointOfOtherOptions) {
  (void)trainer_.run(1);
  Trainer<double> other{sampler_, trainer_.options};
  other.options.checkpoint.resume = true;
  other.options.momentum = 0;
  EXPECT_THROW((void)other.run(1), DataError);
  other.options = trainer_.options;
  other.options.checkpoint.resume = true;
  other.options.steps = kSteps - 1;
  other.options.record_steps.clear();
  EXPECT_THROW((void)other.run(1), DataError);
}

TEST(Resume, RefusesACheckpointOfOtherProducts) {
  const data::ArraySource<double> source(skewed_samples(23, 6, 6));
  const data::BatchSampler sampler(source, {.batch = 4}, 9);
  const TemporaryFolder folder;
  Trainer<float> first{sampler};
  first.options.checkpoint.folder = folder.path();
  first.options.products = FloatProducts::SplitBf16;
  (void)first.run(1);
  Trainer<float> other{sampler, first.options};
  other.options.checkpoint.resume = true;
  EXPECT_EQ(other.run(1).first_step, kSteps);
  other.options.products = FloatProducts::Float;
  EXPECT_THROW((void)other.run(1), DataError);
}

TEST_F(ResumeFolder, ProgressNamesStageLossAndNextRecord) {
  struct Listener final : Observer {
    void progress(const Progress& p) override {
      ++calls;
      EXPECT_EQ(p.stage, "train seed 1/2");
      EXPECT_EQ(p.total, kSteps);
      EXPECT_GE(p.loss, 0);
      done = p.done;
    }
    int calls = 0;
    std::int64_t done = 0;
  } listener;
  trainer_.options.stage = "train seed 1/2";
  (void)trainer_.run(1, listener);
  EXPECT_GE(listener.calls, 1);
  EXPECT_EQ(listener.done, kSteps);
}

}  // namespace
}  // namespace twofold::train
