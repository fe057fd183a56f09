#include "experiment/tangent_kernel_comparison.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <map>
#include <string>

#include "experiment/tangent_kernel_cases.hpp"

namespace twofold::experiment {
namespace {

// What a run leaves whose losses fall by `factor` a step.
TangentTrained geometric_run(const TangentResult& r, double factor, int steps) {
  TangentTrained run;
  run.steps = steps;
  run.step = r.predicted.step;
  run.start_norm = 1.0;
  for (int t = 0; t <= steps; ++t) run.loss.push_back(std::pow(factor, t));
  run.records = {0};
  run.deviations = {0.0};
  run.start_output = run.output = Matrix::Zero(r.setting.queries.rows(), r.setting.dimension());
  return run;
}

std::map<std::string, Compared> values(const TangentResult& r, const TangentTrained& run) {
  ThreadPool pool(1);
  return compare(r.setting, r.predicted, r.setting.samples, run, pool).values;
}

TEST(TangentKernelComparison, TheGuaranteeIsHalfTheSlowestRate) {
  const TangentResult r = predicted_tangent(kFour + "[predict]\nqueries = 0\n");
  const double rate = r.predicted.step * r.predicted.smallest;
  EXPECT_EQ(values(r, geometric_run(r, 1.0 - 0.51 * rate, 50)).at("guaranteed").measured, 1.0);
  EXPECT_EQ(values(r, geometric_run(r, 1.0 - 0.49 * rate, 50)).at("guaranteed").measured, 0.0);
  // Below a millionth of the first loss anything may happen.
  TangentTrained late = geometric_run(r, 0.1, 8);
  late.loss.back() = late.loss[7];
  late.loss.resize(5000, late.loss.back());
  EXPECT_EQ(values(r, late).at("guaranteed").measured, 1.0);
}

// λ_min of two unit samples has a closed form; the spectrum has it by decomposition.
TEST(TangentKernelComparison, APairDecaysAtTwiceItsRate) {
  const std::string pair_of_samples =
      "[data]\ndimension = 3\nsamples = 2\n[predict]\nqueries = 0\n[train]\nmode = 'weak'\n";
  const TangentResult r = predicted_tangent(pair_of_samples + "step_ratio = 0.5\n");
  const Compared pair = values(r, geometric_run(r, 0.99, 2000)).at("pair rate");
  // Rounding, of eigenvalues of order 1.
  EXPECT_NEAR(pair.predicted, -2.0 * std::log1p(-r.predicted.step * r.predicted.smallest), 1e-13);
  EXPECT_NEAR(pair.measured, -std::log(0.99), 1e-12);
  // Near 2/λ_max the other mode is the slower one.
  const TangentResult fast = predicted_tangent(pair_of_samples + "step_ratio = 1.9\n");
  EXPECT_FALSE(values(fast, geometric_run(fast, 0.99, 2000)).contains("pair rate"));
}

TEST(TangentKernelComparison, OffSpanIsTheShareOfTheOutputs) {
  const TangentResult r =
      predicted_tangent("[data]\ndimension = 3\nsamples = 2\n[predict]\nqueries = 3\n");
  TangentTrained run = geometric_run(r, 0.9, 10);
  run.output << 1.0, 2.0, 3.0, 0.1, -0.1, 0.0, 10.0, 0.0, -10.0;
  const Matrix& X = r.setting.samples;
  const Matrix P = X.transpose() * (X * X.transpose()).ldlt().solve(X);
  // Rounding, by the condition of two random rows.
  EXPECT_NEAR(values(r, run).at("off span").measured,
              (run.output - run.output * P).norm() / run.output.norm(), 1e-13);
}

// ‖u_0‖² = slope² + spread of each input, with slope 1/2 and spread (2d + 3)/4N at c = N, v = 1.
TEST(TangentKernelComparison, ATiedStartHasItsSpread) {
  const TangentResult r = predicted_tangent(
      kFour + "[model]\nneurons = 50\n[train]\nmode = 'tied'\n[predict]\nqueries = 5\n");
  // Rounding.
  EXPECT_NEAR(values(r, geometric_run(r, 0.9, 10)).at("start gain").predicted,
              std::sqrt(0.25 + 9.0 / 200.0), 1e-14);
}

}  // namespace
}  // namespace twofold::experiment
