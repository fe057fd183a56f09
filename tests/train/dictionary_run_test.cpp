// Runs of dictionary_descent: stopping, resuming, threads, records, reseeding, misuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>

#include "support/temporary_folder.hpp"
#include "train/dictionary_problem.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/array_source.hpp"

namespace twofold::train {
namespace {

constexpr std::int64_t kIterations = 20, kPolish = 4, kTotal = kIterations + kPolish;
constexpr Index kAtoms = 12, kDimension = 16, kSamples = 400;

const Matrix& rows() {
  static const Matrix X = samples(sparse("random", kAtoms, kDimension, 2, 0.05, 1), kSamples, 1);
  return X;
}

// A run with everything on: backtracking and its τ on a fixed batch, counts of units on small ones.
struct Trainer {
  bool fixed;
  DictionaryDescentOptions options = defaults(fixed);
  std::string records = {};
  Matrix start = start_with_duplicate();

  static Matrix start_with_duplicate() {
    Matrix start = sample_start(rows(), kAtoms, 3);
    start.row(0) = start.row(1);
    return start;
  }

  static DictionaryDescentOptions defaults(bool fixed) {
    DictionaryDescentOptions options;
    options.gate.activation = model::HardThreshold{.lambda = 0.7};
    options.last_threshold = 0.5;
    options.step = fixed ? 2.5 : 0.5;
    if (!fixed) options.gradient = ops::TiedGradient::DecoderOnly;
    options.last_step = 0.1;
    options.step_unit = kAtoms / 2.0;
    options.iterations = kIterations;
    options.polish = kPolish;
    options.backtrack = fixed;
    options.reseed_every = 3;
    options.expected_rate = 2.0 / kAtoms;
    options.record_steps = {0, 3, 10, 11, kIterations, kTotal};
    options.checkpoint.fingerprint = "dictionary test";
    return options;
  }

  DictionaryResult<double> run(int threads, Observer& observer = no_observer()) {
    DictionaryHooks<double> hooks;
    hooks.on_record = [&](const DictionaryState<double>& state) {
      // %a prints all bits.
      char line[160];
      std::snprintf(line, sizeof line, "%ld %a %a %a %a\n", static_cast<long>(state.iteration),
                    state.loss, state.active, state.step, state.atoms(0, 0));
      records += line;
    };
    hooks.on_save = [&] { return records; };
    hooks.on_resume = [&](std::int64_t, const std::string& text) { records = text; };
    ThreadPool pool(threads);
    if (fixed) return dictionary_descent<double>(rows(), start, options, hooks, pool, observer);
    const data::ArraySource<double> source(rows());
    const data::BatchSampler sampler(source, {.batch = 50, .order = "shuffle"}, 9);
    return dictionary_descent<double>(sampler, start, options, hooks, pool, observer);
  }
};

class DictionaryRun : public testing::TestWithParam<bool> {
 protected:
  Trainer trainer_{GetParam()};
};

TEST_P(DictionaryRun, KeepsRowsOnTheSphereAndTakesItsRecords) {
  const auto run = trainer_.run(1);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  EXPECT_EQ(run.iterations, kTotal);
  EXPECT_EQ(std::count(trainer_.records.begin(), trainer_.records.end(), '\n'), 6);
  // Rounding of a norm of 16 numbers.
  EXPECT_LT((run.atoms.rowwise().norm().array() - 1).abs().maxCoeff(), 1e-15);
  EXPECT_EQ(run.usage.size(), static_cast<std::size_t>(kAtoms));
  EXPECT_EQ(std::get<model::HardThreshold>(run.gate.activation).lambda, 0.5);
  // The run takes the paths that a stop could break.
  EXPECT_GT(run.reseeded, 0);
  EXPECT_EQ(run.rejected > 0, GetParam());
}

TEST_P(DictionaryRun, GivesTheSameBitsOnAnyNumberOfThreads) {
  Trainer other{GetParam()};
  EXPECT_TRUE(same_bits(trainer_.run(1).atoms, other.run(3).atoms));
  EXPECT_EQ(trainer_.records, other.records);
}

TEST_P(DictionaryRun, GivesTheSameBitsAfterAStop) {
  const auto whole = trainer_.run(1);
  for (const std::int64_t at : {std::int64_t{0}, std::int64_t{1}, std::int64_t{5}, std::int64_t{6},
                                std::int64_t{10}, kIterations, kTotal - 1}) {
    const TemporaryFolder folder;
    Trainer first{GetParam()};
    first.options.checkpoint.folder = folder.path();
    StopAfter stop(at, StopRequest::Terminate);
    const auto part = first.run(3, stop);
    EXPECT_EQ(part.status, SgdStatus::Interrupted);
    EXPECT_EQ(part.stop, StopRequest::Terminate);
    EXPECT_EQ(part.iterations, at);

    Trainer second{GetParam()};
    second.options.checkpoint = first.options.checkpoint;
    second.options.checkpoint.resume = true;
    const auto rest = second.run(2);
    EXPECT_EQ(rest.first_iteration, at);
    EXPECT_EQ(rest.loss, whole.loss);
    EXPECT_EQ(rest.rejected, whole.rejected);
    EXPECT_EQ(rest.reseeded, whole.reseeded);
    EXPECT_EQ(rest.usage, whole.usage);
    EXPECT_TRUE(same_bits(rest.atoms, whole.atoms)) << "stopped at " << at;
    EXPECT_EQ(second.records, trainer_.records) << "stopped at " << at;
  }
}

TEST_P(DictionaryRun, AFinishedRunIsReadBack) {
  const TemporaryFolder folder;
  trainer_.options.checkpoint.folder = folder.path();
  const auto run = trainer_.run(1);
  Trainer again{GetParam()};
  again.options.checkpoint = trainer_.options.checkpoint;
  again.options.checkpoint.resume = true;
  const auto back = again.run(2);
  EXPECT_EQ(back.first_iteration, kTotal);
  EXPECT_EQ(back.loss, run.loss);
  EXPECT_TRUE(same_bits(back.atoms, run.atoms));
  EXPECT_EQ(again.records, trainer_.records);
}

TEST_P(DictionaryRun, RefusesTheCheckpointOfAnotherRun) {
  const TemporaryFolder folder;
  trainer_.options.checkpoint.folder = folder.path();
  (void)trainer_.run(1);
  trainer_.options.checkpoint.resume = true;
  trainer_.options.iterations = kIterations - 1;
  trainer_.options.record_steps.clear();
  EXPECT_THROW((void)trainer_.run(1), DataError);
}

TEST_P(DictionaryRun, NoStepsGiveTheStart) {
  trainer_.options.iterations = trainer_.options.polish = 0;
  trainer_.options.record_steps = {0};
  const auto run = trainer_.run(1);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  // Rows are normalised once more: rounding.
  EXPECT_LT((run.atoms - trainer_.start).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_GT(run.loss, 0);
}

TEST_P(DictionaryRun, RefusesOptionsOutsideTheirDomain) {
  const auto refused = [](auto&& change) {
    Trainer trainer{GetParam()};
    change(trainer.options);
    EXPECT_THROW((void)trainer.run(1), InvalidArgument);
  };
  using Options = DictionaryDescentOptions;
  refused([](Options& o) { o.step = 0; });
  refused([](Options& o) { o.step = std::numeric_limits<double>::infinity(); });
  refused([](Options& o) { o.last_step = -1; });
  refused([](Options& o) { o.step_unit = 0; });
  refused([](Options& o) { o.iterations = -1; });
  refused([](Options& o) { o.polish = -1; });
  refused([](Options& o) { o.most_halvings = -1; });
  refused([](Options& o) { o.expected_rate = 0; });
  refused([](Options& o) { o.reseed_below = 1; });
  refused([](Options& o) { o.divergence_limit = 1; });
  refused([](Options& o) { o.record_steps = {0, kTotal + 1}; });
  refused([](Options& o) { o.gate.activation = model::Tanh{}; });
  refused([](Options& o) { o.gate.bias = -0.1; });
  refused([](Options& o) { o.last_threshold = -1; });
  refused([](Options& o) { o.gate.activation = model::TopK{.k = 2}; });  // has no threshold
  refused([](Options& o) {
    o.gate = {.activation = model::Relu{}, .bias = 0.1};
    o.last_threshold = 0;
  });
  refused([](Options& o) {
    o.gate = {.activation = model::Relu{}, .bias = -0.1};
    o.last_threshold = 0;
    o.bias_floor = 0.2;
  });
}

TEST_P(DictionaryRun, RefusesStartsThatDoNotFit) {
  const auto refused = [](const Matrix& start) {
    Trainer trainer{GetParam()};
    trainer.start = start;
    EXPECT_THROW((void)trainer.run(1), InvalidArgument);
  };
  refused(Matrix());
  refused(Matrix::Ones(kAtoms, kDimension + 1));
  refused(Matrix::Zero(kAtoms, kDimension));
  refused(Matrix::Constant(kAtoms, kDimension, std::numeric_limits<double>::quiet_NaN()));
}

INSTANTIATE_TEST_SUITE_P(Batches, DictionaryRun, testing::Bool(),
                         [](const auto& batch) { return batch.param ? "Fixed" : "Small"; });

TEST(DictionaryDescent, NeedsAFixedBatchToBacktrackAndASupportThatFits) {
  Trainer trainer{false};
  trainer.options.backtrack = true;
  EXPECT_THROW((void)trainer.run(1), InvalidArgument);

  ThreadPool pool(1);
  const auto support = true_support(sparse("random", kAtoms, kDimension, 2, 0, 1), kSamples - 1, 1);
  EXPECT_THROW((void)descend(rows(), trainer.start, {}, pool, &support), InvalidArgument);
}

// A step so large that no halving allowed makes the loss fall: the weights are those before it.
TEST(DictionaryDescent, EndsWhereBacktrackingFindsNoStepAndSavesTheState) {
  const TemporaryFolder folder;
  Trainer trainer{true};
  trainer.options = {};
  trainer.options.gate.activation = model::HardThreshold{.lambda = 0.5};
  trainer.options.step = 1e6;
  trainer.options.backtrack = true;
  trainer.options.most_halvings = 2;
  trainer.options.checkpoint = {.folder = folder.path(), .fingerprint = "collapse"};
  trainer.start = sparse("random", kAtoms, kDimension, 2, 0, 1).atoms;
  const auto run = trainer.run(1);
  EXPECT_EQ(run.status, SgdStatus::Diverged);
  EXPECT_EQ(run.iterations, 0);
  EXPECT_EQ(run.rejected, 3);
  // Normalised once more: rounding.
  EXPECT_LT((run.atoms - trainer.start).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "checkpoint.safetensors"));
}

// Noiseless and at the truth: losses are rounding and rise and fall, which is no collapse.
TEST(DictionaryDescent, DoesNotBacktrackFromRounding) {
  ThreadPool pool(1);
  const auto model = sparse("orthonormal", 16, 16, 2, 0, 1);
  DictionaryDescentOptions options;
  options.gate.activation = model::HardThreshold{.lambda = 0.5};
  options.step_unit = 8;
  options.iterations = 50;
  options.backtrack = true;
  const auto run = descend(samples(model, 300, 1), model.atoms, options, pool);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  EXPECT_EQ(run.rejected, 0);
}

TEST(DictionaryDescent, SaysThatALossIsNotFinite) {
  ThreadPool pool(1);
  Matrix X = rows();
  X(7, 3) = std::numeric_limits<double>::quiet_NaN();
  DictionaryDescentOptions options;
  options.gate.activation = model::HardThreshold{.lambda = 0.5};
  const auto run = descend(X, sample_start(rows(), kAtoms, 3), options, pool);
  EXPECT_EQ(run.status, SgdStatus::NonFinite);
  EXPECT_EQ(run.iterations, 0);
}

// Two units at the truth of one atom, two atoms without a unit and one unit orthogonal to all data:
// after reseeding every atom has its unit.
TEST(DictionaryDescent, MovesDeadAndDuplicateUnitsToWhatIsUnexplained) {
  ThreadPool pool(1);
  const auto model = sparse("orthonormal", 8, 12, 2, 0, 1);
  const Matrix X = samples(model, 500, 1);
  Matrix start = model.atoms;
  start.row(0) = start.row(1);
  Vector dead = Vector::Ones(12);
  for (int pass = 0; pass < 2; ++pass) {
    dead -= model.atoms.transpose() * (model.atoms * dead);
  }
  start.row(5) = dead.transpose();
  DictionaryDescentOptions options;
  options.gate.activation = model::TopK{.k = 2};
  options.gradient = ops::TiedGradient::DecoderOnly;
  options.step_unit = 4;
  options.step = 0.5;
  options.iterations = 100;
  EXPECT_LT(share_found(descend(X, start, options, pool).atoms, model.atoms), 0.9);
  options.reseed_every = 5;
  options.expected_rate = 0.25;
  const auto run = descend(X, start, options, pool);
  EXPECT_GE(run.reseeded, 2);
  EXPECT_EQ(share_found(run.atoms, model.atoms), 1);
}

// One atom a sample, all but one known: what is explained worst is a sample of the missing one,
// whose direction is the atom to rounding; everything else is explained already.
TEST(DictionaryDescent, ReplacesByTheSampleExplainedWorst) {
  ThreadPool pool(1);
  const auto model = sparse("orthonormal", 8, 12, 1, 0, 1);
  Matrix start = model.atoms;
  start.row(3) = start.row(4);
  DictionaryDescentOptions options;
  options.gate.activation = model::TopK{.k = 1};
  options.iterations = 2;
  options.reseed_every = 1;
  options.expected_rate = 1.0 / 8;
  const auto run = descend(samples(model, 300, 1), start, options, pool);
  EXPECT_EQ(run.reseeded, 1);
  EXPECT_GT(matched_cosines(run.atoms, model.atoms).minCoeff(), 1 - 1e-14);
}

// Without normalisation the columns of a mixture settle at the norm r of r² + br − 1 = 0,
// (|b| + √(b² + 4))/2, if τ < 2/(2r + b)² = 0.47. 2 %: noise fires on r + b alone.
TEST(DictionaryDescent, LetsNormsSettleIfAsked) {
  ThreadPool pool(2);
  const auto model = mixture("orthonormal", 8, 40, 0.02, 1);
  DictionaryDescentOptions options;
  options.gate = {.activation = model::Relu{}, .bias = -0.5};
  options.step = 0.3;
  options.step_unit = 8;
  options.iterations = 80;
  options.normalise = false;
  const auto run = descend(samples(model, 2000, 1), near_start(model.atoms, 0.4, 1), options, pool);
  for (Index i = 0; i < 8; ++i) EXPECT_NEAR(run.atoms.row(i).norm(), 1.2808, 0.02 * 1.2808);
}

// sign(C)ᵀR is the decoder's gradient where every code is ±1 and orthonormal atoms are near: both
// runs end at the truth, at different speeds on other codes.
TEST(DictionaryDescent, FollowsTheSignGradientToTheTruth) {
  ThreadPool pool(2);
  const auto model = sparse("orthonormal", 32, 32, 2, 0, 1);
  DictionaryDescentOptions options;
  options.gate.activation = model::HardThreshold{.lambda = 0.5};
  options.gradient = ops::TiedGradient::Sign;
  options.step_unit = 16;
  options.iterations = 40;
  const auto run = descend(samples(model, 2000, 1), near_start(model.atoms, 0.3, 1), options, pool);
  // Rounding of 32 rows.
  EXPECT_LT(squared_error(run.atoms, model.atoms), 1e-20);
}

}  // namespace
}  // namespace twofold::train
