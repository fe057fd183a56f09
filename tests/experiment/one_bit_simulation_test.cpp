#include "experiment/one_bit_simulation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "experiment/one_bit_cases.hpp"
#include "experiment/one_bit_fit.hpp"
#include "experiment/one_bit_training.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"

namespace twofold::experiment {
namespace {

constexpr double kTwoOverPi = 2.0 / std::numbers::pi;

// Counts progress, and asks to stop after so many looks.
class Watcher : public Observer {
 public:
  explicit Watcher(int looks = -1) : left_(looks) {}
  void progress(const Progress&) override { ++reports; }
  void message(Severity, std::string_view text) override { said += text; }
  [[nodiscard]] StopRequest stop_requested() const override {
    if (left_ < 0) return StopRequest::None;
    return left_-- > 0 ? StopRequest::None : StopRequest::Interrupt;
  }
  int reports = 0;
  std::string said;

 private:
  mutable int left_;
};

// A case in a run folder of its own.
class Simulation {
 public:
  explicit Simulation(std::string_view toml, Existing existing = Existing::Refuse)
      : setting(one_bit_setting(toml)),
        folder(temporary_.path() / "run", "spec", existing, no_observer()) {}

  OneBitSimulated run(int threads = 1, Observer& observer = no_observer(),
                      std::int64_t repeat = 0) {
    ThreadPool pool(threads);
    return simulate(setting, repeat, "case1", folder, {pool, observer});
  }

 private:
  TemporaryFolder temporary_;

 public:
  OneBitSetting setting;
  RunFolder folder;
};

OneBitMeasured measure(std::string_view toml, int threads = 1) {
  const OneBitSimulated done = Simulation(toml).run(threads);
  EXPECT_EQ(done.status, RunStatus::Finished);
  return done.measured;
}

void expect_same_bits(const OneBitMeasured& a, const OneBitMeasured& b) {
  ASSERT_EQ(a.values.size(), b.values.size());
  for (const auto& [name, value] : a.values) {
    ASSERT_TRUE(b.values.contains(name)) << name;
    EXPECT_EQ(value.mean, b.values.at(name).mean) << name;
    EXPECT_EQ(value.standard_error, b.values.at(name).standard_error) << name;
  }
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.encoder, b.encoder);
}

std::string gaussian(const std::string& model) {
  return "[data]\nsource = 'gaussian'\ndimension = 64\n[model]\nencoder = 'haar'\n" + model +
         "[decode]\nlayers = [1]\nsamples = 3000\n";
}

// A learned encoder that is trained in some milliseconds.
constexpr const char* kLearned =
    "[data]\nsource = 'sparse_rademacher'\nsparsity = 0.8\ndimension = 8\n"
    "[model]\nencoder = 'learned'\nstore_norm = false\n"
    "[decode]\nsamples = 2000\nfit_samples = 2000\n"
    "[train]\nsteps = 400\nbatch = 200\nrecords = 5\n";

TEST(OneBitSimulation, LinearMeetsTheLimitOnGaussianData) {
  // ‖x‖²/d − 2 c1 Σ|z_i|/d + c1² n/d has mean 1 − r c1² at any d: z_i is N(0, 1).
  for (const double rate : {0.5, 1.0}) {
    const OneBitMeasured m =
        measure(gaussian("store_norm = false\nrate = " + std::to_string(rate) + "\n"));
    const auto& linear = m.values.at("linear");
    EXPECT_GT(linear.standard_error, 0.0);
    EXPECT_NEAR(linear.mean, 1.0 - rate * kTwoOverPi, 5.0 * linear.standard_error) << rate;
    // The posterior mean of a Gaussian is linear: single precision, and the table it is read from.
    EXPECT_NEAR(m.values.at("layer 1").mean, linear.mean, 1e-5) << rate;
  }
}

TEST(OneBitSimulation, IndependentRowsMeetTheMatchedFilter) {
  const std::string spec = gaussian("store_norm = false\nrate = 0.5\n");
  const OneBitMeasured m = measure(std::string(spec).replace(spec.find("'haar'"), 6, "'gaussian'"));
  const auto& linear = m.values.at("linear");
  constexpr double noise = std::numbers::pi;  // π/(2r)
  // The pairs i = j are no chance agreement: 1/n = 0.03 less of a²r²(2/π) = 0.058, and a relative
  // 1/(2d) = 0.008 more for the curvature of arcsin.
  EXPECT_NEAR(linear.mean, noise / (1.0 + noise), 5.0 * linear.standard_error + 0.0018);
  EXPECT_NEAR(m.values.at("layer 1").mean, linear.mean, 1e-5);  // as above
}

TEST(OneBitSimulation, StoredNormsMakeProjectionsOfTheSphere) {
  // z_i is √d times a coordinate of the unit sphere: E|z| = √d Γ(d/2)/(√π Γ((d+1)/2)), 1 + 1/(4d)
  // times c1. That moves the loss by 0.005, some 15 standard errors.
  const auto linear = measure(gaussian("")).values.at("linear");
  const double mean_abs =
      std::exp(std::lgamma(32.0) - std::lgamma(32.5)) * std::sqrt(64.0 / std::numbers::pi);
  const double expected = 1.0 - 2.0 * std::sqrt(kTwoOverPi) * mean_abs + kTwoOverPi;
  EXPECT_NEAR(linear.mean, expected, 5.0 * linear.standard_error);
  EXPECT_GT(std::abs(linear.mean - (1.0 - kTwoOverPi)), 5.0 * linear.standard_error);
}

TEST(OneBitSimulation, ErrorsAreInUnitsOfTheVariance) {
  // The same vectors, 1 and 9 times as strong: the code is the same, and so is the relative error.
  std::string ones = "[1.0", nines = "[9.0";
  for (int i = 1; i < 32; ++i) ones += ", 1.0", nines += ", 9.0";
  const auto loss = [](const std::string& spectrum) {
    return measure("[data]\nsource = 'gaussian'\nspectrum = " + spectrum +
                   "]\n[model]\nstore_norm = false\n[decode]\nlayers = [1]\nsamples = 200\n")
        .values.at("linear")
        .mean;
  };
  EXPECT_NEAR(loss(ones), loss(nines), 1e-5);  // single precision
}

TEST(OneBitSimulation, ThreadsDoNotChangeABit) {
  const std::string sparse = "[data]\nsource = 'sparse_gaussian'\nsparsity = 0.3\ndimension = 64\n";
  const std::vector<std::string> specs{
      sparse +
          "[model]\nencoder = 'haar'\n[decode]\nlayers = [1, 3]\nsamples = 300\n"
          "fit_samples = 700\nri_gamp = true\n[unrolled]\nsteps = 3\nbatch = 32\n",
      sparse + "[model]\nencoder = 'gaussian'\n[decode]\nlayers = [2]\nsamples = 300\n",
      sparse + "[model]\nencoder = 'identity'\n[decode]\nsamples = 300\nfit_samples = 700\n",
      kLearned};
  for (const std::string& spec : specs) {
    SCOPED_TRACE(spec);
    expect_same_bits(measure(spec, 1), measure(spec, 3));
  }
}

TEST(OneBitSimulation, MeasuresWhatTheSpecAsksFor) {
  const OneBitMeasured m = measure(
      "[data]\nsource = 'sparse_gaussian'\nsparsity = 0.3\ndimension = 64\n"
      "[decode]\nlayers = [1, 3]\nsamples = 100\nfit_samples = 700\nri_gamp = true\n"
      "[unrolled]\nsteps = 1\nbatch = 8\n");
  std::string names;
  for (const auto& [name, value] : m.values) names += name + ", ";
  EXPECT_EQ(names, "fitted, layer 1, layer 3, linear, ri_gamp, unrolled 1, unrolled 3, ");
  EXPECT_LT(m.values.at("ri_gamp").mean, 1e-6);  // the same iterates, in double precision
  EXPECT_LT(m.values.at("layer 3").mean, m.values.at("linear").mean);
}

TEST(OneBitSimulation, TiesOfTheIdentityAreFair) {
  const std::string spec =
      "[data]\nsource = 'sparse_rademacher'\nsparsity = 0.3\ndimension = 64\n"
      "[model]\nencoder = 'identity'\nstore_norm = false\n"
      "[decode]\nsamples = 2000\nfit_samples = 6400\n";
  const auto linear = measure(spec).values.at("linear");
  // 1 − p, and n/N = 1 % more for the fit.
  EXPECT_NEAR(linear.mean, 0.7 * 1.01, 5.0 * linear.standard_error);
  // Bits that are always +1 at 0 would tell a linear decoder where the zeros are:
  // 1 − p²·(1/p)/(1 − (1 − p)²) = 0.41.
  const OneBitSetting setting = one_bit_setting(spec);
  ThreadPool pool(1);
  const FitRows rows = read_fit_rows(setting, setting.dataset);
  const auto biased = fitted_loss(rows, fixed_encoder(setting, 1), pool);
  EXPECT_LT(biased.mean, linear.mean - 0.2);
}

TEST(OneBitSimulation, RepeatsHaveVectorsAndEncodersOfTheirOwn) {
  Simulation simulation(gaussian(""));
  const double first = simulation.run().measured.values.at("linear").mean;
  EXPECT_NE(simulation.run(1, no_observer(), 1).measured.values.at("linear").mean, first);
}

TEST(OneBitSimulation, AFittedDecoderNeedsTestRows) {
  expect_throw<InvalidArgument>(
      [] {
        OneBitSetting setting = one_bit_setting(kLearned);
        setting.dataset.test.reset();
        (void)read_fit_rows(setting, setting.dataset);
      },
      {"no test rows", "data.split"});
}

TEST(OneBitSimulation, RowErrorIsTheMeanOverVectors) {
  MatrixF X(2, 2), estimate = MatrixF::Zero(2, 2);
  X << 1, 1, 3, 1;  // squared errors 2/2 and 10/2
  const auto error = row_error(X, estimate);
  EXPECT_EQ(error.mean, 3.0);
  EXPECT_NEAR(error.standard_error, 2.0, 1e-15);  // √(8/2)
}

TEST(OneBitTraining, RecordsThePathAndWhatTheRowsLookLike) {
  Simulation simulation(kLearned);
  const OneBitMeasured m = simulation.run().measured;
  EXPECT_EQ(m.step, (std::vector<double>{0, 100, 200, 300, 400}));
  ASSERT_EQ(m.loss.size(), 5u);
  EXPECT_EQ(m.loss.back(), m.values.at("trained").mean);
  // From random rows, about .52, to the axes, 1 − p = .2 for those that are taken: most of it.
  EXPECT_LT(m.loss.back(), m.loss.front() - 0.1);
  ASSERT_EQ(m.encoder.rows(), 8);
  ASSERT_EQ(m.encoder.cols(), 8);
  double on_axis = 0.0, fourth = 0.0;
  for (Index i = 0; i < 8; ++i) {
    EXPECT_NEAR(m.encoder.row(i).norm(), 1.0, 1e-12);  // divided by its norm
    double largest = 0.0;
    for (Index j = 0; j < 8; ++j) {
      const double size = std::abs(m.encoder(i, j));
      largest = std::max(largest, size);
      fourth += std::pow(size, 4) / 8.0;
    }
    on_axis += largest > 0.8 ? 1.0 : 0.0;
  }
  EXPECT_EQ(m.values.at("axis_rows").mean, on_axis / 8.0);
  EXPECT_GT(on_axis, 0.0);
  EXPECT_NEAR(m.values.at("row_fourth").mean, fourth, 1e-13);
  EXPECT_FALSE(m.values.contains("energies"));
  EXPECT_EQ(read_encoder(simulation.folder.arrays() / "encoder-case1-1.npy"), m.encoder);
}

TEST(OneBitTraining, MoreRecordsThanStepsAreStepsOnce) {
  std::string spec = kLearned;
  spec.replace(spec.find("steps = 400"), 11, "steps = 3");
  EXPECT_EQ(measure(spec).step, (std::vector<double>{0, 1, 2, 3}));
}

TEST(OneBitTraining, UnequalVariancesAreJudgedByTheExactLoss) {
  const OneBitMeasured m = measure(
      "[data]\nsource = 'gaussian'\nspectrum = [4.0, 2.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5]\n"
      "[model]\nencoder = 'learned'\n"
      "[train]\nmethod = 'population'\nsteps = 200\nfirst_step = 0.5\nlast_step = 0.05\n"
      "records = 3\n");
  EXPECT_EQ(m.step, (std::vector<double>{0, 100, 200}));
  EXPECT_EQ(m.values.at("trained").standard_error, 0.0);
  EXPECT_LT(m.loss[1], m.loss[0]);
  EXPECT_LE(m.loss[2], m.loss[1]);  // the gradient is exact and the step falls
  // Column energies of unit rows in units of the data sum to n: they are off by less than all.
  EXPECT_LT(m.values.at("energies").mean, 1.0);
}

TEST(OneBitTraining, AFinishedRepeatIsReadBack) {
  Simulation simulation(kLearned);
  const OneBitMeasured first = simulation.run().measured;
  Watcher watcher;
  const OneBitSimulated again = simulation.run(3, watcher);
  EXPECT_EQ(again.status, RunStatus::Finished);
  EXPECT_EQ(watcher.reports, 0);
  expect_same_bits(first, again.measured);
}

TEST(OneBitTraining, ADamagedRepeatIsRefusedWithAWayOut) {
  Simulation simulation(kLearned);
  const OneBitMeasured first = simulation.run().measured;
  const auto finished = simulation.folder.checkpoint() / "case1-1.json";
  const std::string whole = read_file(finished);
  for (const std::string& damaged : {whole.substr(0, whole.size() / 2), std::string("{}"),
                                     std::string("{\"values\": {\"trained\": [1]}}")}) {
    write_file(finished, damaged);
    expect_throw<DataError>([&] { (void)simulation.run(); }, {"case1-1.json is damaged", "remove"});
  }
  std::filesystem::remove(finished);
  expect_same_bits(first, simulation.run().measured);
}

TEST(OneBitTraining, StoppedAndResumedIsTheSameToTheBit) {
  const OneBitMeasured alone = measure(kLearned);
  Simulation simulation(kLearned);
  for (const int looks : {1, 150, 90}) {
    Watcher watcher(looks);
    EXPECT_EQ(simulation.run(1, watcher).status, RunStatus::Interrupted);
  }
  Watcher watcher;
  const OneBitSimulated done = simulation.run(2, watcher);
  EXPECT_EQ(done.status, RunStatus::Finished);
  EXPECT_NE(watcher.said.find("going on from step"), std::string::npos) << watcher.said;
  expect_same_bits(alone, done.measured);
}

}  // namespace
}  // namespace twofold::experiment
