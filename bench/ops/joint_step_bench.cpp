// One full-batch step of encoder and decoder together: n samples of dimension d, N neurons, as
// n/d/N; what its error and memory are; and how its time grows, as n/d/N/threads.
#include "support.hpp"
#include "twofold/ops/joint_step.hpp"

namespace twofold::ops {
namespace {

using bench::kThreads;
using bench::normal_matrix;

template <typename Scalar>
struct Problem {
  MatrixOf<Scalar> X;
  model::Weights<Scalar> weights;

  explicit Problem(const benchmark::State& state) {
    const Index n = state.range(0), d = state.range(1), neurons = state.range(2);
    X = normal_matrix<Scalar>(n, d, 1 / std::sqrt(static_cast<double>(d)), "samples");
    weights.encoder = normal_matrix<Scalar>(neurons, d, 1, "encoder");
    weights.decoder = normal_matrix<Scalar>(neurons, d, 1, "decoder");
    weights.scale = 1 / std::sqrt(static_cast<Scalar>(neurons * d));
  }
};

// Five products of 2nNd flops; both factors read and written once.
template <typename Scalar>
void report_work(benchmark::State& state) {
  const auto weights = static_cast<double>(state.range(1) * state.range(2));
  bench::report_work(state, 10 * static_cast<double>(state.range(0)) * weights,
                     4 * sizeof(Scalar) * weights);
}

template <typename Scalar>
void time_steps(benchmark::State& state, int threads, FloatProducts products) {
  Problem<Scalar> p(state);
  ThreadPool pool(threads);
  JointStep<Scalar> step(p.X, p.weights.neurons(), TrainedFactors::Both, products);
  state.SetLabel(std::string(step.arithmetic()));
  step.start(p.weights, pool);
  for (auto _ : state) {
    benchmark::DoNotOptimize(step.advance(p.weights, {Scalar(1e-3), Scalar(1e-3)}, pool));
  }
  report_work<Scalar>(state);
}

template <typename Scalar, FloatProducts kProducts = FloatProducts::Float>
void OneStep(benchmark::State& state) {
  time_steps<Scalar>(state, kThreads, kProducts);
}

void JointScaling(benchmark::State& state) {
  time_steps<float>(state, static_cast<int>(state.range(3)), FloatProducts::Float);
}

// The gradients are read off a step so long that it drowns the weights, whose own rounding then
// adds less than 1 % to the error: entries of η·gradient are of the order of 100.
template <FloatProducts kProducts>
void JointAccuracy(benchmark::State& state) {
  constexpr float kLong = 1e6f;
  const Problem<float> before(state);
  model::Weights<float> weights = before.weights;
  Problem<double> exact(state);
  exact.X = before.X.cast<double>();
  exact.weights.encoder = weights.encoder.cast<double>();
  exact.weights.decoder = weights.decoder.cast<double>();
  exact.weights.scale = static_cast<double>(weights.scale);
  ThreadPool pool(kThreads);
  const double others = bench::allocated_bytes();
  JointStep<float> step(before.X, weights.neurons(), TrainedFactors::Both, kProducts);
  step.start(weights, pool);
  step.advance(weights, {kLong, kLong}, pool);
  state.counters["workspace_bytes"] = bench::allocated_bytes() - others;
  JointStep<double> reference(exact.X, weights.neurons(), TrainedFactors::Both);
  reference.start(exact.weights, pool);
  for (auto _ : state) reference.advance(exact.weights, {kLong, kLong}, pool);
  state.counters["gradient_error"] = std::max(
      bench::relative_error(weights.encoder, exact.weights.encoder, before.weights.encoder),
      bench::relative_error(weights.decoder, exact.weights.decoder, before.weights.decoder));
}

void shapes(benchmark::internal::Benchmark* b) {
  b->Args({100, 50, 20000})->Args({1000, 784, 4096})->Args({64, 784, 100000});
  b->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(OneStep<float>)->Name("JointStep/float")->Apply(shapes)->MinWarmUpTime(0.3);
BENCHMARK(OneStep<double>)->Name("JointStep/double")->Apply(shapes)->MinWarmUpTime(0.3);
BENCHMARK(OneStep<float, FloatProducts::SplitBf16>)
    ->Name("JointStep/split_bf16")
    ->Apply(shapes)
    ->MinWarmUpTime(0.3);
BENCHMARK(JointAccuracy<FloatProducts::Float>)
    ->Name("JointAccuracy/float")
    ->Apply(shapes)
    ->Iterations(1);
BENCHMARK(JointAccuracy<FloatProducts::SplitBf16>)
    ->Name("JointAccuracy/split_bf16")
    ->Apply(shapes)
    ->Iterations(1);

// One size at a time around n = d = 256, N = 8192 on 2 threads.
void sizes(benchmark::internal::Benchmark* b) {
  for (const int n : {4, 16, 64, 256, 1024, 4096}) b->Args({n, 256, 8192, kThreads});
  for (const int d : {16, 64, 1024, 4096}) b->Args({256, d, 8192, kThreads});
  for (const int neurons : {512, 2048, 32768, 131072}) b->Args({256, 256, neurons, kThreads});
  for (int threads = 1; threads < available_threads(); threads *= 2) {
    if (threads != kThreads) b->Args({256, 256, 8192, threads});
  }
  if (available_threads() != kThreads) b->Args({256, 256, 8192, available_threads()});
  b->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.1);
}
BENCHMARK(JointScaling)->Apply(sizes);

}  // namespace
}  // namespace twofold::ops
