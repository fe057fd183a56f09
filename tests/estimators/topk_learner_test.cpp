#include "twofold/estimators/topk_learner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "planted.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/estimators/topk_references.hpp"

namespace twofold::estimators {
namespace {

constexpr Index kDimension = 24, kAtoms = 32, kSparsity = 2;

TopKOptions options(std::int64_t steps = 40) {
  return {.atoms = kAtoms, .sparsity = kSparsity, .steps = steps, .batch = 64};
}

std::shared_ptr<const data::Source> small_rows(std::uint64_t rows = 1000) {
  return planted(data::CodeLaw::Nonnegative, kDimension, kAtoms, kSparsity, 0.02, rows).rows;
}

TopKFit trained(const std::shared_ptr<const data::Source>& rows, const TopKOptions& options,
                int threads = 1, Observer& observer = no_observer()) {
  ThreadPool pool(threads);
  return TopKLearner(rows, options, pool, observer).fit();
}

void expect_same(const TopKFit& one, const TopKFit& two) {
  EXPECT_EQ(one.dictionary.atoms, two.dictionary.atoms);
  EXPECT_EQ(one.dictionary.encoder, two.dictionary.encoder);
  EXPECT_EQ(one.dictionary.encoder_bias, two.dictionary.encoder_bias);
  EXPECT_EQ(one.dictionary.mean, two.dictionary.mean);
  EXPECT_EQ(one.curve, two.curve);
  EXPECT_EQ(one.dead, two.dead);
}

// Codes of either sign: an atom is two units, a and −a, and matching by cos looks for the first.
// Amounts differ from row to row: with a constant sum of codes the decoder's bias could take over
// what all atoms have in common.
TEST(TopKLearner, FindsPlantedAtomsFromRowsAlone) {
  const Planted data = planted(data::CodeLaw::Sparse, 32, 32, 2, 0.02, 9000);
  Matrix X = all_rows(*data.rows);
  const RandomStream amounts(5, "topk_learner.test");
  for (Index i = 0; i < X.rows(); ++i) {
    X.row(i) *= 0.2 + 1.6 * amounts.uniform(static_cast<std::uint64_t>(i));
  }
  const auto all = std::make_shared<data::ArraySource<double>>(std::move(X));
  const auto rows = data::row_range(all, 0, 8000);
  const auto held_out = data::row_range(all, 8000, 1000);
  for (const bool tied : {false, true}) {
    ThreadPool pool(2);
    TopKLearner learner(rows, {.atoms = 64, .sparsity = 2, .tied = tied}, pool);
    const TopKFit fit = learner.fit();
    EXPECT_EQ(fit.status, train::SgdStatus::Finished);
    const AtomMatch match =
        match_atoms(fit.dictionary.atoms, data.model.atoms, /*signed_codes=*/false);
    // Random starts decide whether a few atoms share a unit; of random units none is within
    // cos 0.95 of an atom.
    EXPECT_GE(match.recovered, 0.8) << tied;
    EXPECT_LE(fit.dead, 6) << tied;
    const DictionaryPass pass = measure_dictionary(fit.dictionary, *held_out, pool);
    const TopKReferences beside = topk_references(
        fit.dictionary, *held_out, learner.plan().components, learner.plan().survey.mean, pool);
    // Two of 32 directions hold 2/32 of rows that use all alike, two atoms a row nearly all.
    EXPECT_LT(beside.principal, 0.25) << tied;
    EXPECT_GT(pass.explained.value(), 0.75) << tied;
    EXPECT_LE(pass.l0(), 2.0) << tied;
  }
}

// A twentieth of rise, 1000 steps at most, and a fifth of fall; dead after 64 mean distances
// between two firings: docs/dictionary.md.
TEST(TopKLearner, PlansTheScheduleOfTheDocumentation) {
  ThreadPool pool(1);
  const auto rows = small_rows();
  const TopKPlan plan = TopKLearner(rows, options(2000), pool).plan();
  EXPECT_EQ(plan.schedule.warmup, 100);
  EXPECT_EQ(plan.schedule.decay, 400);
  EXPECT_EQ(plan.dead_after, 64 * kAtoms / kSparsity);
  EXPECT_EQ(TopKLearner(rows, options(50'000), pool).plan().schedule.warmup, 1000);
  TopKOptions slow = options();
  slow.learning_rate = 1e-5;
  EXPECT_EQ(TopKLearner(rows, slow, pool).plan().schedule.step, 1e-5);
}

TEST(TopKLearner, SameBitsForAnyPool) {
  const auto rows = small_rows();
  expect_same(trained(rows, options()), trained(rows, options(), 3));
}

TEST(TopKLearner, RowsReadAgainAndAgainGiveTheSameBitsAsRowsInMemory) {
  const auto rows = small_rows();
  TopKOptions streamed = options();
  streamed.memory = 1;
  expect_same(trained(rows, options()), trained(rows, streamed));
}

TEST(TopKLearner, ScaledRowsGiveTheSameUnitsAndScaledCodes) {
  const auto rows = small_rows();
  const auto scaled = std::make_shared<data::ArraySource<double>>(Matrix(64.0 * all_rows(*rows)));
  const TopKFit one = trained(rows, options()), two = trained(scaled, options());
  // A power of two changes no bit of a mantissa.
  EXPECT_EQ(one.dictionary.atoms, two.dictionary.atoms);
  EXPECT_EQ(one.dictionary.encoder, two.dictionary.encoder);
  EXPECT_EQ(64.0 * one.dictionary.encoder_bias, two.dictionary.encoder_bias);
  EXPECT_EQ(64.0 * one.dictionary.mean, two.dictionary.mean);
  EXPECT_EQ(one.curve, two.curve);
  ThreadPool pool(1);
  ops::SparseCodes<double> codes, codes_of_scaled;
  DictionaryCoder(one.dictionary).encode(all_rows(*rows), codes, pool);
  DictionaryCoder(two.dictionary).encode(all_rows(*scaled), codes_of_scaled, pool);
  EXPECT_EQ(codes.index, codes_of_scaled.index);
  for (double& value : codes.value) value *= 64.0;
  EXPECT_EQ(codes.value, codes_of_scaled.value);
}

// The last point of the curve is batch K at the final weights, in training units. The folded
// dictionary must explain those rows as well; with batches of all rows they are all rows.
TEST(TopKLearner, FoldedWeightsReconstructAsInTraining) {
  const auto rows = small_rows(256);
  for (const bool tied : {false, true}) {
    TopKOptions all = options(30);
    all.batch = 256;
    all.tied = tied;
    const TopKFit fit = trained(rows, all);
    ThreadPool pool(1);
    const DictionaryPass pass = measure_dictionary(fit.dictionary, *rows, pool);
    // Single precision, and a choice between nearly equal units here and there.
    EXPECT_NEAR(pass.explained.value(), fit.curve.back().explained, 1e-4);
    EXPECT_NEAR(pass.l0(), fit.curve.back().active, 0.01);
    for (Index j = 0; j < kAtoms; ++j) {
      // Rounding of a norm of 24 floats.
      EXPECT_NEAR(fit.dictionary.atoms.row(j).norm(), 1.0, 1e-6);
    }
  }
}

/// Asks to stop when it has been asked so many times since `arm`: once a step of training.
class StopAfter final : public Observer {
 public:
  void arm(std::int64_t steps) { left_ = steps; }
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_ >= 0 && left_-- == 0 ? StopRequest::Terminate : StopRequest::None;
  }

 private:
  mutable std::int64_t left_ = -1;
};

TopKFit stopped_after(std::int64_t steps, const std::shared_ptr<const data::Source>& rows,
                      const TopKOptions& options, int threads = 1) {
  ThreadPool pool(threads);
  StopAfter stop;
  TopKLearner learner(rows, options, pool, stop);
  stop.arm(steps);
  return learner.fit();
}

TEST(TopKLearner, StoppedTwiceAndResumedIsTheUninterruptedRun) {
  const auto rows = small_rows();
  const TopKFit alone = trained(rows, options());
  const TemporaryFolder folder;
  TopKOptions kept = options();
  kept.checkpoint = folder.path() / "checkpoint";
  kept.resume = true;
  std::int64_t before = 0;
  for (const std::int64_t steps : {11, 16}) {  // ends in the first and second epoch of 15.6 batches
    const TopKFit part = stopped_after(steps, rows, kept, 2);
    EXPECT_EQ(part.status, train::SgdStatus::Interrupted);
    EXPECT_EQ(part.stop, StopRequest::Terminate);
    EXPECT_EQ(part.first_step, before);
    EXPECT_EQ(part.steps, before + steps);
    before = part.steps;
  }
  const TopKFit resumed = trained(rows, kept);
  EXPECT_EQ(resumed.first_step, before);
  expect_same(resumed, alone);
}

TEST(TopKLearner, CheckpointOfAnotherRunIsRefused) {
  const auto rows = small_rows();
  const TemporaryFolder folder;
  TopKOptions kept = options();
  kept.checkpoint = folder.path();
  EXPECT_EQ(stopped_after(5, rows, kept).status, train::SgdStatus::Interrupted);
  kept.resume = true;
  const auto refused = [&](auto change, const char* word) {
    TopKOptions other = kept;
    change(other);
    try {
      (void)trained(rows, other);
      FAIL() << word;
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr(word));
    }
  };
  refused([](auto& o) { o.steps = 41; }, "steps 41");
  refused([](auto& o) { o.batch = 32; }, "batch 32");
  refused([](auto& o) { o.sparsity = 3; }, "sparsity 3");
  refused([](auto& o) { o.seed = 9; }, "seed 9");
  refused([](auto& o) { o.tied = true; }, "tied yes");
  refused([](auto& o) { o.auxiliary = 0.0; }, "auxiliary 0");
  EXPECT_THROW((void)trained(small_rows(999), kept), DataError);
  EXPECT_EQ(trained(rows, kept).status, train::SgdStatus::Finished);
}

TEST(TopKLearner, ProgressCarriesTheNumbers) {
  class Watch final : public Observer {
   public:
    void progress(const Progress& p) override {
      if (p.stage != "train") return;
      for (const ProgressNumber& number : p.numbers) names.insert(std::string(number.name));
      loss = p.loss;
    }
    std::set<std::string> names;
    double loss = -1.0;
  } watch;
  (void)trained(small_rows(), options(), 1, watch);
  EXPECT_THAT(watch.names, testing::ElementsAre("dead_fraction", "explained_variance", "l0"));
  EXPECT_GT(watch.loss, 0.0);
}

TEST(TopKLearner, CurveBeginsBeforeTheFirstUpdateAndEndsAfterTheLast) {
  const TopKFit fit = trained(small_rows(), options(500));
  ASSERT_EQ(fit.curve.size(), 201u);
  EXPECT_EQ(fit.curve.front().step, 0);
  EXPECT_EQ(fit.curve.back().step, 500);
  EXPECT_LT(fit.curve.back().loss, fit.curve.front().loss);
}

TEST(TopKLearner, WithoutCentringThereIsNoDecoderBias) {
  TopKOptions o = options();
  o.centre = false;
  EXPECT_EQ(trained(small_rows(), o).dictionary.mean, Vector::Zero(kDimension));
}

TEST(TopKLearner, OptionsOutsideTheirDomainAreRefused) {
  const auto rows = small_rows(100);
  ThreadPool pool(1);
  const auto refused = [&](auto change, const char* word) {
    TopKOptions o = options();
    change(o);
    try {
      const TopKLearner learner(rows, o, pool);
      FAIL() << word;
    } catch (const InvalidArgument& e) {
      EXPECT_THAT(e.what(), testing::HasSubstr(word));
    }
  };
  refused([](auto& o) { o.atoms = 0; }, "atoms");
  refused([](auto& o) { o.sparsity = 0; }, "sparsity");
  refused([](auto& o) { o.sparsity = kAtoms + 1; }, "33");
  refused([](auto& o) { o.steps = -1; }, "steps");
  refused([](auto& o) { o.batch = -1; }, "batch");
  refused([](auto& o) { o.learning_rate = std::numeric_limits<double>::infinity(); }, "rate");
  refused([](auto& o) { o.dead_after = -1; }, "dead_after");
  refused([](auto& o) { o.auxiliary = -0.5; }, "auxiliary");
}

TEST(TopKLearner, RowsThatAreAllEqualAndStopsAreReported) {
  ThreadPool pool(1);
  const auto equal = std::make_shared<data::ArraySource<double>>(Matrix::Ones(50, kDimension));
  EXPECT_THROW(TopKLearner(equal, options(), pool), DataError);
  class Stop final : public Observer {
    [[nodiscard]] StopRequest stop_requested() const override { return StopRequest::Interrupt; }
  } stop;
  EXPECT_THROW(TopKLearner(small_rows(), options(), pool, stop), Stopped);
}

}  // namespace
}  // namespace twofold::estimators
