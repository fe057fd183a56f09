// One step of tied mean-field SGD: N = 5000 neurons, d = 784, batch 100, float, 2 threads.
//
// The floor is a plain product of the first GEMM's shape by the same BLAS on the same threads: the
// step is five products of that many flops.
#include <benchmark/benchmark.h>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/loss_gradient.hpp"

namespace twofold::ops {
namespace {

constexpr Index kNeurons = 5000, kDimension = 784, kBatch = 100;
constexpr int kThreads = 2;
constexpr double kStepFlops = 10.0 * kBatch * kNeurons * kDimension;

MatrixF normal_matrix(Index rows, Index cols, float scale, std::string_view name) {
  const RandomStream stream(1, name);
  MatrixF m(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(m.row(i).data(), static_cast<std::size_t>(cols)));
  }
  return m * scale;
}

struct Problem {
  MatrixF X = normal_matrix(kBatch, kDimension, 1.0f / 28, "samples");
  model::Weights<float> weights, gradient;
  Workspace<float> workspace{kBatch, kDimension, kNeurons};
  ThreadPool pool{kThreads};
  Problem() {
    weights.encoder = normal_matrix(kNeurons, kDimension, 0.2f, "neurons");
    weights.scale = 1.0f / kNeurons;
    gradient = zeros_like(weights);
  }
};

void report_flops(benchmark::State& state, double flops) {
  state.counters["GF/s"] =
      benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

// W <- W - η (N ∂L/∂W + λ W), η = 0.01, λ = 0.05.
void SgdStep(benchmark::State& state) {
  Problem p;
  const float step = 0.01f, penalty = 0.05f;
  const float keep = 1 - step * penalty, factor = -step * kNeurons;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        loss_gradient(p.X, p.weights, model::Relu{}, p.gradient, p.workspace, p.pool));
    parallel_for(p.pool, kNeurons, 256, [&](Index begin, Index end) {
      auto w = p.weights.encoder.middleRows(begin, end - begin);
      w = keep * w + factor * p.gradient.encoder.middleRows(begin, end - begin);
    });
  }
  report_flops(state, kStepFlops);
}
BENCHMARK(SgdStep)->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.3);

void FiveProducts(benchmark::State& state) {
  Problem p;
  MatrixF Z(kNeurons, kBatch);
  for (auto _ : state) {
    for (int i = 0; i < 5; ++i) {
      multiply<float>(p.pool, Trans::No, Trans::Yes, 1, p.weights.encoder, p.X, 0, Z);
    }
    benchmark::DoNotOptimize(Z.data());
  }
  report_flops(state, kStepFlops);
}
BENCHMARK(FiveProducts)->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.3);

}  // namespace
}  // namespace twofold::ops
