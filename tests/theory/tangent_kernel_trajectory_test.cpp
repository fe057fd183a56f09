#include "twofold/theory/tangent_kernel_trajectory.hpp"

#include <gtest/gtest.h>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::theory {
namespace {

// Training the decoder alone is linear least squares: gradient descent on A, written out, is the
// curve of the network's own kernel ΦΦᵀ/N at any width. 300 steps accumulate rounding to 1e-13.
TEST(LossCurve, IsExactForTheDecoderAlone) {
  const Index n = 20, d = 10, neurons = 64, steps = 300;
  const Matrix X = on_sphere(n, d, 1);
  Network net(neurons, d, 2);
  const Matrix codes = net.codes(X);
  const TangentSpectrum spectrum =
      tangent_spectrum(codes * codes.transpose() / static_cast<double>(neurons), d);
  const double step = 1.0 / spectrum.largest();
  const Matrix E_0 = X - net.output(X);
  const LossCurve curve(spectrum, E_0 * E_0.transpose(), step);
  for (Index t = 0; t <= steps; ++t) {
    const Matrix E = X - net.output(X);
    const auto time = static_cast<double>(t);
    ASSERT_NEAR(curve.loss(time) / (0.5 * E.squaredNorm()), 1.0, 1e-12) << t;
    if (t % 100 == 0) {
      EXPECT_LT((residual_at(spectrum, E_0, step, time) - E).norm() / E_0.norm(), 1e-13) << t;
    }
    net.A += step * net.scale() * codes.transpose() * E;
  }
}

struct Problem {
  Matrix X = on_sphere(15, 6, 3);
  TangentKernels kernels;
  TangentSpectrum spectrum;
  Problem() {
    ThreadPool pool(1);
    kernels = tangent_kernels(pool, X);
    spectrum = tangent_spectrum(combine(kernels, kJoint), 6);
  }
};

TEST(LossCurve, StartsAtHalfTheEnergyOfTheSamples) {
  const Problem problem;
  const LossCurve silent(problem.spectrum, silent_start(problem.X), 0.1);
  const LossCurve plain(problem.spectrum, plain_start(problem.X, problem.kernels.decoder), 0.1);
  // n unit samples: n/2, and with the output of variance 1/2 per sample 3n/4; rounding.
  EXPECT_NEAR(silent.loss(0), 7.5, 1e-13);
  EXPECT_NEAR(plain.loss(0), 11.25, 1e-13);
}

// Mean over 400 random networks of ½‖E_t‖², E_t of each by its own residual: 5 standard errors.
TEST(PlainStart, IsTheMeanOverRandomStarts) {
  const Problem problem;
  const double step = 0.9 / problem.spectrum.largest(), t = 20;
  numerics::RunningStatistics losses;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    const Matrix E_0 = problem.X - Network(2000, 6, seed).output(problem.X);
    losses.add(0.5 * residual_at(problem.spectrum, E_0, step, t).squaredNorm());
  }
  const LossCurve curve(problem.spectrum, plain_start(problem.X, problem.kernels.decoder), step);
  EXPECT_NEAR(losses.mean(), curve.loss(t), 5 * losses.standard_error());
}

TEST(LossCurve, FindsTheFirstStepBelowATarget) {
  const Problem problem;
  const LossCurve curve(problem.spectrum, silent_start(problem.X), 1 / problem.spectrum.largest());
  for (const double target : {1.0, 1e-3, 1e-12}) {
    const std::optional<double> t = curve.steps_to(target);
    ASSERT_TRUE(t.has_value()) << target;
    EXPECT_LE(curve.loss(*t), target);
    EXPECT_GT(curve.loss(*t - 1), target);
  }
  EXPECT_EQ(curve.steps_to(100.0), 0.0);
  EXPECT_THROW((void)curve.steps_to(0.0), InvalidArgument);
  const LossCurve unstable(problem.spectrum, silent_start(problem.X),
                           2.1 / problem.spectrum.largest());
  EXPECT_FALSE(unstable.steps_to(1e-3).has_value());
  EXPECT_GT(unstable.loss(1000), unstable.loss(0));
}

// Late in the run only the slowest mode is left; the others are smaller by e^{-40} and more.
TEST(LossCurve, ApproachesTheSlopeOfTheSlowestMode) {
  const Problem problem;
  const LossCurve curve(problem.spectrum, silent_start(problem.X), 1 / problem.spectrum.largest());
  const double late = 40 * problem.spectrum.largest() / problem.spectrum.smallest();
  EXPECT_NEAR(curve.slope(late, late + 10) / curve.asymptotic_slope(), 1.0, 1e-9);
  EXPECT_LT(curve.slope(0, 10), curve.asymptotic_slope());
}

// A copy has the target of its original: nothing of the loss sits in the null mode.
TEST(LossCurve, FallsToZeroWithCopies) {
  ThreadPool pool(1);
  Matrix X(7, 6);
  X << on_sphere(6, 6, 8), 3.0 * on_sphere(6, 6, 8).row(0);
  const TangentSpectrum spectrum = tangent_spectrum(combine(tangent_kernels(pool, X), kWeak), 6);
  EXPECT_EQ(spectrum.rank, 6);
  const LossCurve curve(spectrum, silent_start(X), 1 / spectrum.largest());
  // λ_min/λ_max > 1e-3, hence the slowest mode is e^{-2000} of itself.
  EXPECT_LT(curve.loss(1e6) / curve.loss(0), 1e-300);
}

TEST(LossCurve, RefusesBadInput) {
  const Problem problem;
  const Matrix start = silent_start(problem.X);
  EXPECT_THROW(LossCurve(problem.spectrum, start, 0.0), InvalidArgument);
  EXPECT_THROW(LossCurve(problem.spectrum, start.topRows(3), 0.1), InvalidArgument);
  const LossCurve curve(problem.spectrum, start, 0.1);
  EXPECT_THROW((void)curve.loss(-1), InvalidArgument);
  EXPECT_THROW((void)curve.slope(2, 2), InvalidArgument);
  EXPECT_THROW((void)plain_start(problem.X, Matrix(2, 2)), InvalidArgument);
  EXPECT_THROW((void)residual_at(problem.spectrum, problem.X, 0.1, 0.5), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
