// One full-batch step of encoder and decoder together: n samples of dimension d, N neurons, float,
// 2 threads, as n/d/N.
//
// The floor is the five products of the step, each of 2nNd flops, by the BLAS on the same threads,
// without the activation or the memory that holds the factors in between.
#include <benchmark/benchmark.h>

#include <cmath>
#include <span>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/joint_step.hpp"

namespace twofold::ops {
namespace {

constexpr int kThreads = 2;

MatrixF normal_matrix(Index rows, Index cols, float scale, std::string_view name) {
  const RandomStream stream(1, name);
  MatrixF m(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(m.row(i).data(), static_cast<std::size_t>(cols)));
  }
  m *= scale;
  return m;
}

struct Problem {
  MatrixF X;
  model::Weights<float> weights;
  ThreadPool pool{kThreads};

  explicit Problem(const benchmark::State& state) {
    const Index n = state.range(0), d = state.range(1), neurons = state.range(2);
    X = normal_matrix(n, d, 1 / std::sqrt(static_cast<float>(d)), "samples");
    weights.encoder = normal_matrix(neurons, d, 1, "encoder");
    weights.decoder = normal_matrix(neurons, d, 1, "decoder");
    weights.scale = 1 / std::sqrt(static_cast<float>(neurons * d));
  }
};

void report_flops(benchmark::State& state) {
  const double flops = 10.0 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GF/s"] =
      benchmark::Counter(flops * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void Shapes(benchmark::internal::Benchmark* b) {
  for (const auto& shape :
       {std::vector<std::int64_t>{100, 50, 20000}, {64, 784, 100000}, {1000, 784, 4096}}) {
    b->Args(shape);
  }
  b->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.3);
}

void JointStepOf(benchmark::State& state) {
  Problem p(state);
  JointStep<float> step(p.X, p.weights.neurons(), TrainedFactors::Both);
  step.start(p.weights, p.pool);
  for (auto _ : state) {
    benchmark::DoNotOptimize(step.advance(p.weights, {1e-3f, 1e-3f}, p.pool));
  }
  report_flops(state);
}
BENCHMARK(JointStepOf)->Apply(Shapes);

void JointProducts(benchmark::State& state) {
  Problem p(state);
  MatrixF H = MatrixF::Zero(p.weights.neurons(), p.X.rows());
  MatrixF E = p.X;
  for (auto _ : state) {
    multiply<float>(p.pool, Trans::No, Trans::Yes, 1, p.weights.decoder, p.X, 0, H);
    multiply<float>(p.pool, Trans::No, Trans::Yes, 1, p.weights.encoder, p.X, 0, H);
    multiply<float>(p.pool, Trans::No, Trans::No, 1e-9f, H, p.X, 1, p.weights.decoder);
    multiply<float>(p.pool, Trans::No, Trans::No, 1e-9f, H, p.X, 1, p.weights.encoder);
    multiply<float>(p.pool, Trans::Yes, Trans::No, 1, H, p.weights.decoder, 0, E);
    benchmark::DoNotOptimize(E.data());
  }
  report_flops(state);
}
BENCHMARK(JointProducts)->Apply(Shapes);

}  // namespace
}  // namespace twofold::ops
