#include "experiment/dictionary_recovery_simulation.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "experiment/dictionary_recovery_cases.hpp"
#include "experiment/dictionary_recovery_measurement.hpp"
#include "experiment/dictionary_recovery_training.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

// Asks to stop after so many looks.
class Watcher : public Observer {
 public:
  explicit Watcher(int looks) : left_(looks) {}
  void message(Severity, std::string_view text) override { said += text; }
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_-- > 0 ? StopRequest::None : StopRequest::Interrupt;
  }
  std::string said;

 private:
  mutable int left_;
};

// A case in a run folder of its own.
class Simulation {
 public:
  explicit Simulation(const std::string& toml)
      : setting(recovery_setting(toml)),
        folder(temporary_.path() / "run", "spec", Existing::Refuse, no_observer()) {}

  RecoverySimulated run(int threads = 1, Observer& observer = no_observer(),
                        std::int64_t repeat = 0) {
    ThreadPool pool(threads);
    return simulate(setting, repeat, "case1", folder, {pool, observer});
  }

 private:
  TemporaryFolder temporary_;

 public:
  RecoverySetting setting;
  RunFolder folder;
};

RecoveryMeasured measure(const std::string& toml, int threads = 1) {
  const RecoverySimulated done = Simulation(toml).run(threads);
  EXPECT_EQ(done.status, RunStatus::Finished);
  return done.measured;
}

void expect_same_bits(const RecoveryMeasured& a, const RecoveryMeasured& b) {
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const auto& [name, value] : a.values) {
    ASSERT_TRUE(b.values.contains(name)) << name;
    EXPECT_EQ(value.mean, b.values.at(name).mean) << name;
    EXPECT_EQ(value.standard_error, b.values.at(name).standard_error) << name;
  }
  EXPECT_EQ(a.iteration, b.iteration);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.distance, b.distance);
  EXPECT_EQ(a.atoms, b.atoms);
}

std::string sparse(const std::string& train, const std::string& rest = "") {
  return "[data]\nsource = 'sparse_coding'\ndimension = 24\natoms = 24\nsparsity = 2\n"
         "dictionary = 'orthonormal'\nsamples = 600\n[compare]\nheld_out = 200\n" +
         rest + "[train]\n" + train;
}

TEST(DictionaryRecoverySimulation, OrthonormalAtomsAreRecoveredExactly) {
  const RecoveryMeasured m = measure(sparse("iterations = 60\nstep = 0.7\n"));
  ASSERT_EQ(m.iteration.size(), 61u);
  ASSERT_EQ(m.distance.rows(), 61);
  // 24 atoms at δ = 0.3: rounding.
  EXPECT_NEAR(m.error(0), 24 * 0.09, 1e-12);
  // Rounding: 24 rows of 24 numbers, some eps² each.
  EXPECT_LT(m.error(60), 1e-20);
  EXPECT_EQ(m.values.at("recovered").mean, 1.0);
  EXPECT_EQ(m.values.at("distinct").mean, 1.0);
  EXPECT_EQ(m.values.at("consistency").mean, 1.0);
  EXPECT_EQ(m.values.at("label_error").mean, 0.0);
  // x̂ = x, up to rounding of the norms.
  EXPECT_NEAR(m.values.at("explained").mean, 1.0, 1e-12);
  EXPECT_NEAR(m.values.at("pursuit").mean, 1.0, 1e-12);
}

TEST(DictionaryRecoverySimulation, NoIterationsMeasureTheStart) {
  const RecoveryMeasured m = measure(sparse("iterations = 0\nstart_distance = 1.2\n"));
  EXPECT_EQ(m.iteration, std::vector<double>{0.0});
  EXPECT_LT(m.values.at("start consistency").mean, 0.5);
  EXPECT_EQ(m.values.at("start consistency").mean, m.values.at("consistency").mean);
}

// Codes of ±1, two orthonormal atoms in a sample, units of norm 1: no activation is above √2, and
// half of a sample's largest lies between 0 and that. Such a run would end as near as it began.
TEST(DictionaryRecoverySimulation, RefusesAGateThatLetsNothingThrough) {
  const auto run = [](const std::string& model) {
    return [model] { measure(sparse("iterations = 5\n", "[model]\n" + model)); };
  };
  expect_throw<InvalidArgument>(
      run("threshold = 1.5\n"),
      {"model.threshold = 1.5 is beyond every activation", "the largest is 1.", "half of"});
  expect_throw<InvalidArgument>(run("activation = 'jump_relu'\nthreshold = 1.5\n"),
                                {"model.threshold = 1.5"});
  run("threshold = 0.5\n")();
}

TEST(DictionaryRecoverySimulation, AnyNumberOfThreadsGivesTheSameBits) {
  for (const std::string train :
       {"iterations = 5\n",
        "iterations = 5\nbatch = 50\nstart = 'samples'\nstep = 0.1\ngradient = 'decoder_only'\n",
        "iterations = 5\nsupport = 'oracle'\nprecision = 'float'\n"}) {
    const std::string toml = sparse(train, "baselines = ['ksvd', 'pca']\niterations = 2\n");
    expect_same_bits(measure(toml, 1), measure(toml, 3));
  }
}

TEST(DictionaryRecoverySimulation, RepeatsHaveSamplesAndStartsOfTheirOwn) {
  Simulation one(sparse("iterations = 3\n"));
  const RecoverySimulated a = one.run(1, no_observer(), 0), b = one.run(1, no_observer(), 1);
  EXPECT_NE(a.measured.atoms, b.measured.atoms);
}

TEST(DictionaryRecoverySimulation, AFinishedRepeatIsReadBack) {
  Simulation one(sparse("iterations = 3\n"));
  const RecoverySimulated first = one.run();
  Watcher never(0);  // would stop a training at once
  const RecoverySimulated again = one.run(1, never);
  EXPECT_EQ(again.status, RunStatus::Finished);
  expect_same_bits(first.measured, again.measured);
  write_file(one.folder.checkpoint() / "case1-1.json", "{}");
  expect_throw<DataError>([&] { (void)one.run(); }, {"case1-1.json", "damaged"});
}

TEST(DictionaryRecoverySimulation, AStoppedTrainingGoesOn) {
  const std::string toml = sparse("iterations = 12\nstep = 0.5\n");
  Simulation one(toml);
  Watcher soon(5);
  EXPECT_EQ(one.run(1, soon).status, RunStatus::Interrupted);
  Watcher patient(1000);
  const RecoverySimulated rest = one.run(1, patient);
  ASSERT_EQ(rest.status, RunStatus::Finished);
  EXPECT_NE(patient.said.find("going on from iteration"), std::string::npos) << patient.said;
  expect_same_bits(rest.measured, measure(toml));
}

TEST(DictionaryRecoverySimulation, ACollapseSaysWhere) {
  // Steps of forty times the edge: the loss exceeds ten times that of empty codes.
  Simulation one(
      sparse("iterations = 30\nstep = 80.0\nstart_distance = 1.0\nbatch = 5\n"
             "divergence_limit = 1.5\n",
             ""));
  const RecoverySimulated done = one.run();
  ASSERT_EQ(done.status, RunStatus::Diverged);
  EXPECT_GE(done.stopped_at, 0);
  EXPECT_LE(done.stopped_at, 30);
}

TEST(DictionaryRecoverySimulation, ClustersAreFoundByEveryMethodFromTheSameStart) {
  const RecoveryMeasured m = measure(
      "[data]\nsource = 'mixture_of_gaussians'\ndimension = 20\natoms = 4\n"
      "dictionary = 'orthonormal'\nnoise = 0.1\nsamples = 800\n"
      "[model]\nactivation = 'relu'\nbias = -0.5\n"
      "[train]\nstart_distance = 0.5\niterations = 40\n"
      "[compare]\nbaselines = ['lloyd', 'em']\nheld_out = 200\n");
  // Σ (d − 1)σ²/(N p) over four clusters: 0.015; three times that.
  for (const std::string key : {"error", "lloyd error", "em error"}) {
    EXPECT_LT(m.values.at(key).mean, 0.045) << key;
    EXPECT_GT(m.values.at(key).mean, 0.0) << key;
  }
  // Means keep all but the noise: of 3/4 + 20·0.01 the share 3/4.
  EXPECT_NEAR(m.values.at("lloyd explained").mean, 0.79, 0.03);
}

TEST(DictionaryRecoverySimulation, PartsOfNonNegativeCodes) {
  const RecoveryMeasured m = measure(
      "[data]\nsource = 'nonnegative_sparse_coding'\ndimension = 20\natoms = 6\nsparsity = 2\n"
      "dictionary = 'orthonormal'\nsamples = 400\n"
      "[model]\nactivation = 'jump_relu'\nthreshold = 0.5\n"
      "[train]\nstart_distance = 0.2\niterations = 30\n[compare]\nbaselines = ['nmf']\n");
  EXPECT_EQ(m.values.at("recovered").mean, 1.0);
  EXPECT_LE(m.values.at("nmf explained").mean, 1.0);
}

TEST(DictionaryRecoveryMeasurement, OffDiagonalIsAMeanOverPairs) {
  data::DictionaryModel truth;
  truth.atoms = Matrix::Identity(2, 2);
  Matrix W(2, 2);
  W << 1.0, 0.3, 0.1, 1.0;
  EXPECT_NEAR(mean_off_diagonal(truth, W), 0.2, 1e-15);  // rounding
}

TEST(DictionaryRecoverySetting, TheStepUnitOfAFileIsThatOfItsEnergy) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.csv";
  write_file(file, "3,0\n0,1\n-3,0\n0,-1\n");
  const RecoverySetting s =
      recovery_setting("[data]\nsource = 'csv'\nsplit = [4, 0]\npath = '" + file.string() +
                       "'\n[model]\natoms = 2\n[train]\nstart = 'samples'\n");
  EXPECT_DOUBLE_EQ(s.step_unit, 2.0 / 5.0);  // m over the mean of 9, 1, 9, 1
  EXPECT_FALSE(s.known());
  EXPECT_EQ(s.samples(), 4u);
}

TEST(DictionaryRecoverySetting, RefusesTransformsOfAKnownDictionary) {
  expect_throw<InvalidArgument>(
      [] {
        (void)recovery_setting(
            "[data]\nsource = 'sparse_coding'\ndimension = 8\natoms = 8\nsparsity = 2\n"
            "samples = 50\ntransforms = ['center']\n");
      },
      {"data.transforms", "not known any more"});
}

}  // namespace
}  // namespace twofold::experiment
