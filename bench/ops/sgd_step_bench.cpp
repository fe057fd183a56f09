// One step of tied mean-field SGD: N = 5000 neurons, d = 784, batch 100, 2 threads.
#include <string>

#include "support.hpp"
#include "twofold/ops/descent_step.hpp"
#include "twofold/ops/loss_gradient.hpp"

namespace twofold::ops {
namespace {

constexpr Index kNeurons = 5000, kDimension = 784, kBatch = 100;

template <typename Scalar>
struct Problem {
  MatrixOf<Scalar> X = bench::normal_matrix<Scalar>(kBatch, kDimension, 1.0 / 28, "samples");
  model::Weights<Scalar> weights;
  ThreadPool pool{bench::kThreads};
  Problem() {
    weights.encoder = bench::normal_matrix<Scalar>(kNeurons, kDimension, 0.2, "neurons");
    weights.scale = Scalar(1) / kNeurons;
  }
};

// W <- W - η (N ∂L/∂W + λ W), η = 0.01, λ = 0.05.
template <typename Scalar, FloatProducts kProducts>
void SgdStep(benchmark::State& state) {
  Problem<Scalar> p;
  DescentStep<Scalar> step(kBatch, kDimension, kNeurons, kProducts);
  state.SetLabel(std::string(step.arithmetic(p.weights, model::Relu{})));
  const Descent<Scalar> descent{.step = Scalar(0.01) * kNeurons, .decay = Scalar(0.01 * 0.05)};
  MatrixOf<Scalar> no_velocity;
  for (auto _ : state) {
    benchmark::DoNotOptimize(step.loss(p.X, p.weights, model::Relu{}, p.pool));
    step.descend(p.weights, descent, no_velocity, p.pool);
  }
  // Five products; the weights read and written once.
  bench::report_work(state, 10.0 * kBatch * kNeurons * kDimension,
                     2.0 * sizeof(Scalar) * kNeurons * kDimension);
}
void settings(benchmark::internal::Benchmark* b) {
  b->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.3);
}
BENCHMARK(SgdStep<float, FloatProducts::Float>)->Name("SgdStep/float")->Apply(settings);
BENCHMARK(SgdStep<float, FloatProducts::SplitBf16>)->Name("SgdStep/split_bf16")->Apply(settings);
BENCHMARK(SgdStep<double, FloatProducts::Float>)->Name("SgdStep/double")->Apply(settings);

template <FloatProducts kProducts>
void SgdAccuracy(benchmark::State& state) {
  Problem<float> p;
  const double others = bench::allocated_bytes();
  model::Weights<float> gradient = zeros_like(p.weights);
  Workspace<float> workspace(kBatch, kDimension, kNeurons, kProducts);
  (void)loss_gradient(p.X, p.weights, model::Relu{}, gradient, workspace, p.pool);
  state.counters["workspace_bytes"] = bench::allocated_bytes() - others;
  Problem<double> q;
  q.X = p.X.cast<double>();
  q.weights.encoder = p.weights.encoder.cast<double>();
  q.weights.scale = static_cast<double>(p.weights.scale);
  model::Weights<double> exact = zeros_like(q.weights);
  Workspace<double> more(kBatch, kDimension, kNeurons);
  for (auto _ : state) {
    (void)loss_gradient(q.X, q.weights, model::Relu{}, exact, more, q.pool);
  }
  state.counters["gradient_error"] = bench::relative_error(gradient.encoder, exact.encoder);
}
BENCHMARK(SgdAccuracy<FloatProducts::Float>)->Name("SgdAccuracy/float")->Iterations(1);
BENCHMARK(SgdAccuracy<FloatProducts::SplitBf16>)->Name("SgdAccuracy/split_bf16")->Iterations(1);

}  // namespace
}  // namespace twofold::ops
