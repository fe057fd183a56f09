#include "twofold/theory/tangent_kernel_fluctuation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/model/tangent_start.hpp"
#include "twofold/theory/tangent_kernel_finite.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::theory {
namespace {

struct Problem {
  Matrix X;
  TangentSpectrum spectrum;
  Matrix start;
  FluctuationProblem problem;
};

// From zero output, at 1/λ_max.
Problem silent_problem(Matrix X, const KernelRates& rates, std::vector<double> steps, Index N) {
  ThreadPool pool(1);
  Problem p{std::move(X), {}, {}, {}};
  const TangentKernels kernels = tangent_kernels(pool, p.X);
  p.spectrum = tangent_spectrum(rates.encoder * kernels.encoder + rates.decoder * kernels.decoder,
                                p.X.cols());
  p.start = silent_start(p.X);
  p.problem = {rates, 1.0 / p.spectrum.largest(), std::move(steps), N};
  return p;
}

std::vector<double> fluctuation(const Problem& p, const FluctuationOptions& options = {},
                                int threads = 1) {
  ThreadPool pool(threads);
  return trajectory_fluctuation(pool, p.X, p.spectrum, p.start, p.problem, options);
}

// One sample has one mode: E_t − E_t^∞ = ηt(1 − ηλ)^{t−1} (mean of N values − dλ)/d · E_0, and the
// variance of a value is that of ρ²D a aᵀ or φ(w·x)².
TEST(TangentKernelFluctuation, OfOneSampleIsTheVarianceOfOneNumber) {
  Matrix X(1, 3);
  X << 1.0, 2.0, 2.0;
  const double square = 9.0, d = 3.0, N = 50.0, t = 4.0;
  const auto law = [&](const Problem& p, double variance) {
    const double b = 1.0 - p.problem.step * p.spectrum.largest();
    return p.problem.step * t * std::pow(std::abs(b), t - 1.0) * std::sqrt(variance / N) / d;
  };
  const auto at_half_step = [&](const KernelRates& rates) {
    Problem p = silent_problem(X, rates, {0.0, t}, 50);
    p.problem.step *= 0.5;
    return p;
  };
  // Half of 4000 neurons are active, give or take 1 %: 3 % are three standard errors. The fourth
  // power of a normal number has a relative one of 3.2/√2000: 20 % for three of them.
  const FluctuationOptions options{.draws = 4000};
  Problem weak = at_half_step(kWeak);
  const double encoder = square * square * (0.5 * d - 0.25);
  EXPECT_NEAR(fluctuation(weak, options)[1], law(weak, encoder), 0.03 * law(weak, encoder));
  EXPECT_EQ(fluctuation(weak, options)[0], 0.0);
  weak.problem.normal_decoder = true;
  const double normal = square * square * (0.5 * (d + 2.0) - 0.25);
  EXPECT_NEAR(fluctuation(weak, options)[1], law(weak, normal), 0.03 * law(weak, normal));
  const Problem decoder = at_half_step(kDecoderOnly);
  const double fourth = square * square * 1.25;
  EXPECT_NEAR(fluctuation(decoder, options)[1], law(decoder, fourth), 0.2 * law(decoder, fourth));
  // Both: E ‖(ρ²D a aᵀ + φ²) e‖² = ρ⁴ (d/2 + 2/2 + 3/2), less the square of the mean, ρ⁴. Half of
  // it is that fourth power, of four times the draws: 2.5 % for three standard errors.
  const Problem joint = at_half_step(kJoint);
  const double both = square * square * (0.5 * d + 1.5);
  EXPECT_NEAR(fluctuation(joint, {.draws = 16'000})[1], law(joint, both), 0.03 * law(joint, both));
}

// The same of real starts: their own kernels, applied step by step.
TEST(TangentKernelFluctuation, IsThatOfLinearisedNetworks) {
  ThreadPool pool(1);
  const std::vector<double> steps{1.0, 3.0, 10.0};
  for (const KernelRates& rates : {kWeak, kJoint, kDecoderOnly}) {
    const Problem p = silent_problem(on_sphere(8, 4, 3), rates, steps, 512);
    Vector squares = Vector::Zero(3);
    constexpr int kStarts = 24;
    for (int seed = 0; seed < kStarts; ++seed) {
      const auto weights = model::tangent_start<double>(model::TangentStart::Antisymmetric, 1024, 4,
                                                        static_cast<std::uint64_t>(seed));
      const EmpiricalKernel kernel(pool, weights, p.X, rates);
      for (Index i = 0; i < 3; ++i) {
        const double t = steps[static_cast<std::size_t>(i)];
        const Matrix E =
            linearised_run(kernel, p.X, p.problem.step, static_cast<Index>(t)).residual;
        const Matrix limit = residual_at(p.spectrum, p.X, p.problem.step, t);
        squares[i] += (E - limit).squaredNorm() / p.X.squaredNorm() / kStarts;
      }
    }
    const std::vector<double> expected = fluctuation(p, {.draws = 2000});
    for (Index i = 0; i < 3; ++i) {
      // 24 starts with a few effective degrees of freedom each give 10 %; first order leaves 5 %.
      const double e = expected[static_cast<std::size_t>(i)];
      EXPECT_NEAR(std::sqrt(squares[i]), e, 0.3 * e) << rates.encoder << rates.decoder << i;
    }
  }
}

TEST(TangentKernelFluctuation, FallsWithTheRootOfTheNeurons) {
  Problem p = silent_problem(on_sphere(8, 4, 3), kJoint, {2.0}, 100);
  const double few = fluctuation(p)[0];
  p.problem.neurons = 400;
  // Rounding of one square root.
  EXPECT_NEAR(fluctuation(p)[0], 0.5 * few, 1e-14 * few);
}

TEST(TangentKernelFluctuation, DoesNotDependOnThreads) {
  const Problem p = silent_problem(on_sphere(12, 5, 3), kJoint, {1.0, 5.0}, 100);
  EXPECT_EQ(fluctuation(p, {}, 1), fluctuation(p, {}, 3));
}

TEST(TangentKernelFluctuation, RefusesWhatDoesNotFit) {
  Problem p = silent_problem(on_sphere(4, 3, 3), kJoint, {1.0}, 100);
  p.problem.neurons = 0;
  EXPECT_THROW((void)fluctuation(p), InvalidArgument);
  p.problem.neurons = 10;
  p.problem.steps = {0.5};
  EXPECT_THROW((void)fluctuation(p), InvalidArgument);
  p.problem.steps = {1.0};
  p.problem.step = 0.0;
  EXPECT_THROW((void)fluctuation(p), InvalidArgument);
  p.problem.step = 1.0;
  p.start.resize(3, 3);
  EXPECT_THROW((void)fluctuation(p), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
