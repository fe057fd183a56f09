// Runs of sign-encoder training: stopping, resuming, threads, records, misuse.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <variant>

#include "support/temporary_folder.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/model/encoder.hpp"
#include "twofold/train/sign_encoder.hpp"

namespace twofold::train {
namespace {

constexpr std::int64_t kSteps = 20;
constexpr Index kDimension = 6, kBits = 5;

Matrix start_rows() {
  return std::get<model::DenseEncoder>(model::gaussian_encoder(kDimension, kBits, 1)).matrix;
}

SignEncoderOptions base_options() {
  SignEncoderOptions options{.steps = kSteps, .first_step = 0.3, .last_step = 0.05};
  options.record_steps = {0, 3, 10, 11, kSteps};
  options.checkpoint.fingerprint = "sign encoder test";
  return options;
}

// One of the two methods on small data, keeping its records as text in the checkpoints.
struct Trainer {
  bool surrogate;
  SignEncoderOptions options = base_options();
  std::string records = {};
  data::ArraySource<double> source{skewed_samples(300, kDimension, 2)};

  SignEncoderResult run(int threads, Observer& observer = no_observer()) {
    SignEncoderHooks hooks;
    hooks.on_record = [&](std::int64_t k, const Matrix& B, double loss) {
      // %a prints all bits.
      char line[80];
      std::snprintf(line, sizeof line, "%ld %a %a\n", static_cast<long>(k), loss, B(0, 0));
      records += line;
    };
    hooks.on_save = [&] { return records; };
    hooks.on_resume = [&](std::int64_t, const std::string& text) { records = text; };
    ThreadPool pool(threads);
    if (!surrogate) {
      return population_descent(start_rows(), {.sparsity = 0.5, .masks = 20}, options, 9, hooks,
                                pool, observer);
    }
    const data::BatchSampler sampler(source, {.batch = 290}, 9);
    return surrogate_descent(sampler, start_rows(), {}, options, hooks, pool, observer);
  }
};

class SignEncoderRun : public testing::TestWithParam<bool> {
 protected:
  Trainer trainer_{GetParam()};
};

TEST_P(SignEncoderRun, KeepsRowsOnTheSphereAndTakesItsRecords) {
  const auto run = trainer_.run(1);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  EXPECT_EQ(run.steps, kSteps);
  EXPECT_EQ(std::count(trainer_.records.begin(), trainer_.records.end(), '\n'), 5);
  // Rounding of a norm of 6 numbers.
  EXPECT_LT((run.encoder.rowwise().norm().array() - 1).abs().maxCoeff(), 1e-15);
  EXPECT_GT((run.encoder - start_rows()).norm(), 0.1);
}

TEST_P(SignEncoderRun, GivesTheSameBitsOnAnyNumberOfThreads) {
  Trainer other{GetParam()};
  EXPECT_TRUE(same_bits(trainer_.run(1).encoder, other.run(3).encoder));
  EXPECT_EQ(trainer_.records, other.records);
}

TEST_P(SignEncoderRun, GivesTheSameBitsAfterAStop) {
  const auto whole = trainer_.run(1);
  for (const std::int64_t at :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{10}, std::int64_t{11}, kSteps - 1}) {
    const TemporaryFolder folder;
    Trainer first{GetParam()};
    first.options.checkpoint.folder = folder.path();
    StopAfter stop(at, StopRequest::Terminate);
    const auto part = first.run(3, stop);
    EXPECT_EQ(part.status, SgdStatus::Interrupted);
    EXPECT_EQ(part.stop, StopRequest::Terminate);
    EXPECT_EQ(part.steps, at);

    Trainer second{GetParam()};
    second.options.checkpoint = first.options.checkpoint;
    second.options.checkpoint.resume = true;
    const auto rest = second.run(2);
    EXPECT_EQ(rest.first_step, at);
    EXPECT_EQ(rest.loss, whole.loss);
    EXPECT_TRUE(same_bits(rest.encoder, whole.encoder)) << "stopped at " << at;
    EXPECT_EQ(second.records, trainer_.records) << "stopped at " << at;
  }
}

TEST_P(SignEncoderRun, AFinishedRunIsReadBack) {
  const TemporaryFolder folder;
  trainer_.options.checkpoint.folder = folder.path();
  const auto run = trainer_.run(1);
  Trainer again{GetParam()};
  again.options.checkpoint = trainer_.options.checkpoint;
  again.options.checkpoint.resume = true;
  const auto back = again.run(2);
  EXPECT_EQ(back.first_step, kSteps);
  EXPECT_EQ(back.loss, run.loss);
  EXPECT_TRUE(same_bits(back.encoder, run.encoder));
  EXPECT_EQ(again.records, trainer_.records);
}

TEST_P(SignEncoderRun, RefusesTheCheckpointOfAnotherRun) {
  const TemporaryFolder folder;
  trainer_.options.checkpoint.folder = folder.path();
  (void)trainer_.run(1);
  Trainer other{!GetParam()};
  other.options.checkpoint = trainer_.options.checkpoint;
  other.options.checkpoint.resume = true;
  EXPECT_THROW((void)other.run(1), DataError);
  trainer_.options.checkpoint.resume = true;
  trainer_.options.steps = kSteps - 1;
  trainer_.options.record_steps.clear();
  EXPECT_THROW((void)trainer_.run(1), DataError);
}

TEST_P(SignEncoderRun, NoStepsGiveTheStart) {
  trainer_.options.steps = 0;
  trainer_.options.record_steps = {0};
  const auto run = trainer_.run(1);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  // Rows are normalised once more: rounding.
  EXPECT_LT((run.encoder - start_rows()).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_GT(run.loss, 0);
  EXPECT_LT(run.loss, 1);
}

TEST_P(SignEncoderRun, RefusesOptionsOutsideTheirDomain) {
  const auto refused = [](const SignEncoderOptions& options) {
    Trainer trainer{GetParam(), options};
    EXPECT_THROW((void)trainer.run(1), InvalidArgument);
  };
  refused({.steps = -1});
  refused({.first_step = 0});
  refused({.last_step = std::numeric_limits<double>::infinity()});
  refused({.steps = 3, .record_steps = {0, 4}});
  refused({.record_steps = {2, 2}});
  refused({.checkpoint = {.seconds = 0}});
}

INSTANTIATE_TEST_SUITE_P(Methods, SignEncoderRun, testing::Bool(), [](const auto& method) {
  return method.param ? "Surrogate" : "Population";
});

TEST(PopulationDescent, RefusesWhatIsOutsideItsDomain) {
  ThreadPool pool(1);
  const auto refused = [&](const Matrix& start, const PopulationProblem& problem) {
    EXPECT_THROW((void)population_descent(start, problem, {}, 1, {}, pool), InvalidArgument);
  };
  refused(start_rows(), {.sparsity = 0.5, .masks = 0});
  refused(start_rows(), {.sparsity = 2});
  refused(start_rows(), {.deviations = Vector::Ones(kDimension + 1)});
  refused(Matrix(), {});
  refused(Matrix::Zero(kBits, kDimension), {});
}

TEST(SurrogateDescent, RefusesWhatIsOutsideItsDomain) {
  ThreadPool pool(1);
  const data::ArraySource<double> source(skewed_samples(30, kDimension, 2));
  const data::BatchSampler sampler(source, {.batch = 10}, 9);
  const auto refused = [&](const Matrix& start, const SurrogateOptions& surrogate) {
    EXPECT_THROW((void)surrogate_descent(sampler, start, surrogate, {}, {}, pool), InvalidArgument);
  };
  refused(Matrix::Ones(kBits, kDimension + 1), {});
  refused(start_rows(), {.width = 0});
  refused(start_rows(), {.memory = 1});
  refused(start_rows(), {.ridge = 0});
}

TEST(SurrogateDescent, SaysThatABatchOfZerosIsNoData) {
  ThreadPool pool(1);
  const data::ArraySource<double> source(Matrix::Zero(30, kDimension));
  const data::BatchSampler sampler(source, {.batch = 10}, 9);
  const auto run = surrogate_descent(sampler, start_rows(), {}, {}, {}, pool);
  EXPECT_EQ(run.status, SgdStatus::NonFinite);
  EXPECT_EQ(run.steps, 0);
}

// All is relative to the data's power. A power of two costs no rounding: the bits are equal.
TEST(SurrogateDescent, DoesNotDependOnTheUnitOfTheData) {
  ThreadPool pool(1);
  const Matrix X = skewed_samples(300, kDimension, 2);
  const auto encoder = [&](double unit) {
    const data::ArraySource<double> source(unit * X);
    const data::BatchSampler sampler(source, {.batch = 100}, 9);
    return surrogate_descent(sampler, start_rows(), {}, {.steps = 10}, {}, pool).encoder;
  };
  EXPECT_TRUE(same_bits(encoder(1), encoder(16)));
}

}  // namespace
}  // namespace twofold::train
