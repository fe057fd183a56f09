#include "twofold/experiment/dictionary_recovery_spec.hpp"

#include <gtest/gtest.h>

#include "experiment/dictionary_recovery_cases.hpp"
#include "experiment/throws_with.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kData =
    "[data]\nsource = 'sparse_coding'\ndimension = 8\natoms = 8\nsparsity = 2\nsamples = 100\n";

void expect_refused(const std::string& toml, std::initializer_list<std::string_view> words) {
  SCOPED_TRACE(toml);
  expect_throw<InvalidArgument>([&] { (void)recovery_spec(toml); }, words);
}

std::string with(std::string_view rest) {
  return std::string(kData) + std::string(rest);
}

TEST(DictionaryRecoverySpec, DefaultsAreThoseOfTheTheory) {
  const RecoverySpec spec = recovery_spec("[data]\nsamples = 100\n");
  EXPECT_EQ(spec.data.source, "sparse_coding");
  EXPECT_EQ(spec.model.activation, "hard_threshold");
  EXPECT_EQ(spec.model.threshold, 0.5);
  EXPECT_EQ(spec.train.start, "near");
  EXPECT_EQ(spec.train.gradient, "approximate");
  EXPECT_EQ(spec.train.step, 1.0);
  EXPECT_TRUE(spec.compare.baselines.empty());
}

TEST(DictionaryRecoverySpec, ResolvedTextReadsBack) {
  const RecoverySpec spec = recovery_spec(
      "[data]\nsource = 'nonnegative_sparse_coding'\ndimension = 12\natoms = 9\nsparsity = 2\n"
      "samples = 50\n[model]\nactivation = 'relu'\nbias = -0.25\n"
      "[train]\nstart = 'kmeans++'\nstart_distance = 0.4\nstep = 0.5\nlast_step = 0.1\n"
      "gradient = 'decoder_only'\niterations = 7\nbias_shrink = 1.5\nbias_floor = 0.03\n"
      "backtrack = true\nreseed_every = 3\npolish = 2\nnormalise = false\n"
      "divergence_limit = 99.0\nprecision = 'float'\nrecords = 5\n"
      "[compare]\nbaselines = ['nmf', 'pca']\niterations = 4\nsamples = 6\nheld_out = 8\n");
  const std::string text = resolved_text(spec);
  const RecoverySpec again = recovery_spec(text);
  EXPECT_EQ(resolved_text(again), text);
  EXPECT_EQ(again.model.bias, -0.25);
  EXPECT_EQ(again.train.start, "kmeans++");
  EXPECT_EQ(again.train.gradient, "decoder_only");
  EXPECT_EQ(again.train.bias_shrink, 1.5);
  EXPECT_TRUE(again.train.backtrack);
  EXPECT_FALSE(again.train.normalise);
  EXPECT_EQ(again.train.divergence_limit, 99.0);
  EXPECT_EQ(again.compare.baselines, (std::vector<std::string>{"nmf", "pca"}));
  EXPECT_EQ(again.compare.held_out, 8);
}

TEST(DictionaryRecoverySpec, RefusesWhatNeedsAKnownDictionary) {
  const std::string file = "[data]\nsource = 'mnist'\n[model]\natoms = 4\n[train]\n";
  expect_refused(file, {"start = \"near\"", "known dictionary", "mnist"});
  expect_refused(file + "start = 'samples'\nsupport = 'oracle'\n", {"support = \"oracle\""});
  EXPECT_NO_THROW(recovery_spec(file + "start = 'samples'\n"));
  expect_refused("[data]\nsource = 'mnist'\n[train]\nstart = 'samples'\n", {"model.atoms"});
  expect_refused(
      "[data]\nsource = 'mnist'\n[model]\natoms = 4\nactivation = 'top_k'\n[train]\n"
      "start = 'samples'\n",
      {"model.active"});
  expect_refused(with("[model]\natoms = 9\n"), {"start = \"near\"", "model.atoms = 9"});
}

TEST(DictionaryRecoverySpec, RefusesBatchesThatMeanNothing) {
  expect_refused("[data]\ndimension = 8\natoms = 8\n", {"data.samples", "train.batch"});
  expect_refused(with("[train]\nbatch = 5\nbacktrack = true\n"), {"train.backtrack", "got 5"});
  expect_refused(with("[train]\nbatch = 5\nsupport = 'oracle'\n"), {"oracle", "got 5"});
}

TEST(DictionaryRecoverySpec, RefusesSchedulesOfOtherActivations) {
  expect_refused(with("[train]\nstep = 0.1\nlast_step = 0.2\n"), {"last_step = 0.2", "step = 0.1"});
  expect_refused(with("[train]\nbias_shrink = 1.1\n"), {"bias_shrink", "hard_threshold"});
  expect_refused(with("[model]\nactivation = 'top_k'\n[train]\nlast_threshold = 0.1\n"),
                 {"last_threshold", "top_k"});
  expect_refused(with("[model]\nactivation = 'relu'\n"), {"relu", "sparse_coding"});
  expect_refused(with("[model]\npositive = true\n"), {"model.positive", "hard_threshold"});
}

TEST(DictionaryRecoverySpec, RefusesNamesAndValuesItDoesNotKnow) {
  expect_refused(with("[train]\nstart = 'kmeans'\n"), {"'kmeans'", "kmeans++"});
  expect_refused(with("[train]\nitertions = 3\n"), {"train.itertions", "'train.iterations'?"});
  expect_refused(with("[model]\nbias = 0.5\n"), {"model.bias", "<= 0"});
  expect_refused(with("[compare]\nbaselines = ['svm']\n"), {"svm", "ksvd"});
}

}  // namespace
}  // namespace twofold::experiment
