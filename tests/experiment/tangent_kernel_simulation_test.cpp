#include "experiment/tangent_kernel_simulation.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "experiment/tangent_kernel_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

// Asks to stop after so many looks.
class Stopper : public Observer {
 public:
  explicit Stopper(int looks) : left_(looks) {}
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_-- > 0 ? StopRequest::None : StopRequest::Interrupt;
  }

 private:
  mutable int left_;
};

class Listener : public Observer {
 public:
  void message(Severity severity, std::string_view text) override {
    said += fmt::format("{}{}\n", severity == Severity::Warning ? "! " : "", text);
  }
  std::string said;
};

// A case in a run folder of its own.
class Simulation {
 public:
  explicit Simulation(const std::string& toml)
      : result(predicted_tangent(toml)),
        folder(temporary_.path() / "run", "spec", Existing::Refuse, no_observer()) {}

  TangentSimulated run(int threads = 1, Observer& observer = no_observer(),
                       std::int64_t repeat = 0) {
    ThreadPool pool(threads);
    return simulate(result, repeat, "case1", folder, {pool, observer});
  }

 private:
  TemporaryFolder temporary_;

 public:
  TangentResult result;
  RunFolder folder;
};

TangentMeasured measure(const std::string& toml, int threads = 1) {
  const TangentSimulated done = Simulation(toml).run(threads);
  EXPECT_EQ(done.status, RunStatus::Finished);
  return done.measured;
}

void expect_same_bits(const TangentMeasured& a, const TangentMeasured& b) {
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const auto& [name, value] : a.values) {
    ASSERT_TRUE(b.values.contains(name)) << name;
    const Compared& other = b.values.at(name);
    // NaN where theory says nothing.
    EXPECT_TRUE(value.predicted == other.predicted ||
                (std::isnan(value.predicted) && std::isnan(other.predicted)))
        << name;
    EXPECT_EQ(value.measured, other.measured) << name;
  }
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.records, b.records);
  EXPECT_EQ(a.predicted_loss, b.predicted_loss);
}

const std::string kTen =
    "[data]\ndimension = 6\nsamples = 10\n[predict]\nqueries = 50\n[model]\nneurons = 4096\n";

TEST(TangentKernelSimulation, RunsFollowTheKernelWithinItsWidth) {
  for (const auto& [mode, constant] : {std::pair{"weak", 5.5}, {"joint", 2.5}, {"decoder", 2.5}}) {
    SCOPED_TRACE(mode);
    const TangentMeasured m =
        measure(kTen + "[train]\nsteps = 100\nstep_ratio = 1.0\nmode = '" + mode + "'\n");
    // The acceptance bound on max ‖E_t − pred‖ √N/‖E_0‖ for random samples.
    EXPECT_LT(m.values.at("trajectory").measured, constant / 64.0);
    EXPECT_GT(m.values.at("trajectory").measured, 0.0);
    EXPECT_EQ(m.values.at("monotone").measured, 1.0);
    ASSERT_EQ(m.loss.size(), 101u);
    EXPECT_EQ(m.predicted_loss.size(), m.records.size());
    // The first prediction is of this very start: rounding of 100 steps' worth of sums.
    EXPECT_NEAR(m.predicted_loss.front(), m.loss.front(), 1e-12 * m.loss.front());
  }
}

TEST(TangentKernelSimulation, DecoderFollowsItsOwnKernelExactly) {
  const TangentMeasured m = measure(
      "[data]\ndimension = 4\nsamples = 6\n[model]\nneurons = 128\n[train]\nmode = 'decoder'\n"
      "steps = 100\nstep_ratio = 1.0\n[predict]\nkernel = 'empirical'\n");
  // Linear least squares: rounding of 100 steps and of the eigenvectors.
  EXPECT_LT(m.values.at("trajectory").measured, 1e-12);
}

TEST(TangentKernelSimulation, SilentStartsAnswerAsTheKernelPredicts) {
  const TangentMeasured m = measure(
      "[data]\ndimension = 10\nsamples = 5\n[predict]\nqueries = 100\n[model]\nneurons = 8192\n"
      "init = 'antisymmetric'\n[train]\nsteps = 100\n");
  // Acceptance bounds at N = 8192, joint.
  EXPECT_LT(m.values.at("prediction").measured, 0.06);
  EXPECT_LT(m.values.at("off span").measured, 0.07);
  EXPECT_GT(m.values.at("off span").measured, 0.0);
  // Sums of opposite numbers: rounding.
  EXPECT_LT(m.values.at("start gain").measured, 1e-14);
  // Outputs within 6 %, at random in sign over 100 queries.
  const Compared error = m.values.at("test error");
  EXPECT_NEAR(error.measured, error.predicted, 0.03 * error.predicted);
}

TEST(TangentKernelSimulation, TiedNetworksStartAtHalfTheInputAndMove) {
  const TangentMeasured m = measure(
      "[data]\ndimension = 10\nsamples = 5\n[predict]\nqueries = 500\n[model]\nneurons = 4096\n"
      "[train]\nmode = 'tied'\nsteps = 200\nstep = 204.8\n");
  // ‖u_0‖² = ¼ + 23/16384, and one network's mean matrix is off by 1/√N in each direction.
  EXPECT_NEAR(m.values.at("start gain").measured, 0.5, 0.03);
  EXPECT_GT(m.values.at("relative movement").measured, 0.1);
  EXPECT_LT(m.loss.back(), 1e-3 * m.loss.front());
}

TEST(TangentKernelSimulation, ADivergenceIsSaidAndItsLossesAreKept) {
  Simulation s(kFour + "[model]\nneurons = 512\n[train]\nmode = 'decoder'\nstep_ratio = 4.0\n");
  const TangentSimulated done = s.run();
  EXPECT_EQ(done.status, RunStatus::Diverged);
  EXPECT_EQ(done.measured.values.at("diverged").measured, 1.0);
  EXPECT_EQ(done.measured.values.at("monotone").measured, 0.0);
  EXPECT_EQ(static_cast<std::int64_t>(done.measured.loss.size()), done.stopped_at + 1);
  // Read back from the folder as the same thing.
  const TangentSimulated again = s.run();
  EXPECT_EQ(again.status, RunStatus::Diverged);
  EXPECT_EQ(again.stopped_at, done.stopped_at);
}

TEST(TangentKernelSimulation, CatapultsAreReported) {
  Simulation s(
      "[data]\ndimension = 10\nsamples = 20\n[model]\nneurons = 1024\n[train]\n"
      "step_ratio = 2.5\nsteps = 200\n");
  Listener listener;
  const TangentMeasured m = s.run(1, listener).measured;
  EXPECT_GE(m.values.at("catapults").measured, 1.0);
  EXPECT_NE(listener.said.find("catapult: the loss rose from"), std::string::npos) << listener.said;
  EXPECT_EQ(listener.said.find("! "), std::string::npos) << listener.said;
}

// 20 neurons: λ_max of the network is far above that of the limit, 1.9 of whose units are too much.
const std::string kNarrow =
    "[data]\ndimension = 3\nsamples = 12\n[model]\nneurons = 20\n[train]\nmode = 'weak'\n"
    "step_ratio = 1.9\nsteps = 3\n";

TEST(TangentKernelSimulation, ARiseThatTheoryDidNotExpectIsWarnedOf) {
  Simulation s(kNarrow);
  Listener listener;
  const TangentMeasured m = s.run(1, listener).measured;
  ASSERT_GT(m.loss.back(), m.loss.front());
  EXPECT_NE(listener.said.find("! the loss rose from"), std::string::npos) << listener.said;
  EXPECT_TRUE(m.values.contains("trajectory"));
}

TEST(TangentKernelSimulation, HalvedRunsHaveNoCurveEvenBeforeTheyRecover) {
  const TangentMeasured m = measure(kNarrow + "halve = true\n");
  EXPECT_EQ(m.values.at("catapults").measured, 0.0);
  EXPECT_EQ(m.values.at("monotone").measured, 0.0);
  EXPECT_FALSE(m.values.contains("trajectory"));
}

TEST(TangentKernelSimulation, DeviationsAreOfTheSizeThatIsExpected) {
  for (const std::string model : {"mode = 'weak'\n", "mode = 'joint'\n", "mode = 'decoder'\n"}) {
    SCOPED_TRACE(model);
    Simulation s(
        "[data]\ndimension = 40\nsamples = 12\n[model]\nneurons = 2048\n"
        "[train]\nsteps = 30\n" +
        model);
    const double measured = s.run().measured.values.at("trajectory").measured;
    const double expected = s.result.predicted.trajectory_error;
    // One start has a few effective degrees of freedom; the kernel's own move adds to it.
    EXPECT_LT(measured, 2.0 * expected);
    EXPECT_GT(measured, 0.4 * expected);
  }
}

TEST(TangentKernelSimulation, TargetsEndTheRun) {
  const TangentMeasured m = measure(kTen + "[train]\nsteps = 1000\ntarget = 1e-3\n");
  EXPECT_EQ(m.values.at("reached").measured, 1.0);
  const Compared steps = m.values.at("steps");
  EXPECT_EQ(steps.measured + 1.0, static_cast<double>(m.loss.size()));
  EXPECT_LE(m.loss.back(), 1e-3 * m.loss.front());
  // Rates are within about 10 % at N = 4096; a step is whole.
  EXPECT_NEAR(steps.measured, steps.predicted, 1.0 + 0.1 * steps.predicted);
}

TEST(TangentKernelSimulation, AnyNumberOfThreadsGivesTheSameBits) {
  for (const std::string train : {"mode = 'weak'\n", "precision = 'float'\n", "mode = 'tied'\n"}) {
    const std::string toml =
        "[data]\ndimension = 6\nsamples = 10\n[predict]\nqueries = 50\n"
        "[model]\nneurons = 300\n[train]\nsteps = 5\n" +
        train;
    expect_same_bits(measure(toml, 1), measure(toml, 3));
  }
}

TEST(TangentKernelSimulation, AStoppedRunGoesOnToTheSameBits) {
  const std::string toml =
      "[data]\ndimension = 6\nsamples = 10\n[predict]\nqueries = 50\n"
      "[model]\nneurons = 300\n[train]\nsteps = 20\n";
  Simulation s(toml);
  Stopper stopper(7);
  EXPECT_EQ(s.run(1, stopper).status, RunStatus::Interrupted);
  expect_same_bits(s.run(2).measured, measure(toml));
  expect_same_bits(s.run().measured, measure(toml));  // finished: read back
}

TEST(TangentKernelSimulation, DamagedRecordsAreNamed) {
  Simulation s(kFour + "[train]\nsteps = 1\n");
  (void)s.run();
  write_file(s.folder.checkpoint() / "case1-1.json", "{\"values\"");
  expect_throw<DataError>([&] { (void)s.run(); }, {"case1-1.json", "damaged"});
}

TEST(TangentKernelSimulation, RepeatsHaveSamplesAndStartsOfTheirOwn) {
  Simulation s(kFour + "[train]\nsteps = 2\n");
  const double first = s.run().measured.loss.front();
  EXPECT_NE(s.run(1, no_observer(), 1).measured.loss.front(), first);
}

}  // namespace
}  // namespace twofold::experiment
