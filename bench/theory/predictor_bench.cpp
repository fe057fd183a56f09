// Cost of a mean-field prediction at the size of a colour image, d = 3072.
#include <benchmark/benchmark.h>

#include <cmath>

#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_recursion.hpp"

namespace twofold::theory {
namespace {

constexpr Index kDimension = 3072;

/// s_j ~ j^{-1.2} with trace 1, close to the spectrum of natural images.
Vector power_law() {
  Vector s(kDimension);
  for (Index j = 0; j < kDimension; ++j) s[j] = std::pow(static_cast<double>(j + 1), -1.2);
  return s / s.sum();
}

/// Time k of `count` geometric times from 0.1 to 1e5.
double output_time(int k, int count) {
  return 0.1 * std::pow(1e6, static_cast<double>(k) / (count - 1));
}

void BM_ClosedForm200Times(benchmark::State& state) {
  const FlowProblem problem{power_law(), 0.5, 1e-5, 0.1};
  for (auto _ : state) {
    for (int k = 0; k < 200; ++k) {
      benchmark::DoNotOptimize(closed_form_scale(problem, output_time(k, 200)).sum());
    }
  }
}
BENCHMARK(BM_ClosedForm200Times)->Unit(benchmark::kMillisecond);

void norm_concentrated(benchmark::State& state, const model::Activation& activation) {
  const BoundedProblem problem{power_law(), activation, 1e-5, 0.1, 0.0};
  for (auto _ : state) {
    NormConcentrated flow(problem);
    for (int k = 0; k < 200; ++k) {
      const double part = (output_time(k, 200) - flow.time()) / 4;
      for (int i = 0; i < 4; ++i) flow.step(part);
    }
    benchmark::DoNotOptimize(flow.loss());
  }
}
BENCHMARK_CAPTURE(norm_concentrated, erf_800_steps, model::Activation{model::Erf{}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(norm_concentrated, tanh_800_steps, model::Activation{model::Tanh{}})
    ->Unit(benchmark::kMillisecond);

void BM_AdaptiveNormConcentrated(benchmark::State& state) {
  const BoundedProblem problem{power_law(), model::Erf{}, 1e-5, 0.1, 0.0};
  for (auto _ : state) {
    NormConcentrated flow(problem);
    benchmark::DoNotOptimize(flow.advance_to(1e5));
  }
}
BENCHMARK(BM_AdaptiveNormConcentrated)->Unit(benchmark::kMillisecond);

void BM_Recursion10000Steps(benchmark::State& state) {
  for (auto _ : state) {
    Recursion recursion({power_law(), model::Relu{}, 1e-5, 0.1, 0.9, 0.0});
    recursion.advance(10'000, 0.1);
    benchmark::DoNotOptimize(recursion.loss());
  }
}
BENCHMARK(BM_Recursion10000Steps)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace twofold::theory
