// Cost of a prediction of the multi-layer decoder; 50 ms are wanted for each fixed point.
#include <benchmark/benchmark.h>

#include "twofold/theory/state_evolution.hpp"

namespace twofold::theory {
namespace {

void StateEvolutionFixedPoints(benchmark::State& state) {
  for (auto _ : state) {
    for (const double p : {0.1, 0.3, 0.6}) {
      for (const double rate : {0.5, 1.0, 2.0}) {
        const auto prior = data::ScalarPrior::sparse_gaussian(p);
        benchmark::DoNotOptimize(state_evolution_fixed_point(prior, rate));
      }
    }
  }
}
BENCHMARK(StateEvolutionFixedPoints)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace twofold::theory
