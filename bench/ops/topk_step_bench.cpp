// One step of the k-sparse autoencoder, float, 2 threads: N = 4096, d = 768, m = 12288, k = 32.
//
//   sgd    tied, no biases, sgd, no auxiliary loss: the work of TiedStep/top_k
//   adam   encoder, decoder, both biases, adam
//   dead   the same with a tenth of the units dead, which the auxiliary loss adds
//
// warm: the step knows the thresholds of its last batch; cold: a new TopKStep every time, which
// also makes its work space. The floors are the product X Eᵀ alone, by the BLAS on the same
// threads, and the one in bfloat16 that screens.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/linalg/bf16_product.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/topk_step.hpp"

namespace twofold::ops {
namespace {

constexpr int kThreads = 2;
constexpr Index kN = 4096, kD = 768, kM = 12288, kK = 32;

struct Problem {
  TopKStepOptions options{.k = kK};
  MatrixF X{kN, kD};
  TopKState<float> state;
  ThreadPool pool{kThreads};

  Problem(TopKOptimizer optimizer, bool whole, double dead) {
    options.optimizer = optimizer;
    const RandomStream stream(1, "samples");
    for (Index s = 0; s < kN; ++s) {
      stream.fill_normal(static_cast<std::uint64_t>(s),
                         std::span(X.row(s).data(), static_cast<std::size_t>(kD)));
    }
    const model::TopKShape shape{kM, kD, !whole, whole, whole};
    state = topk_state(model::random_topk_autoencoder<float>(shape, {}, 1), options);
    const auto count = static_cast<Index>(dead * static_cast<double>(kM));
    for (Index j = 0; j < count; ++j) {
      // Such units never are among the largest.
      state.weights.encoder.row(j) *= 0.1f;
      state.silent[static_cast<std::size_t>(j)] = options.dead_after;
    }
  }
};

void TopKTraining(benchmark::State& state, TopKOptimizer optimizer, bool whole, double dead) {
  Problem p(optimizer, whole, dead);
  TopKStep<float> step(p.options);
  TopKBatch batch;
  const auto next = [&] {
    batch = step.forward(p.state, p.X, p.pool);
    step.update(p.state, 1e-6, p.pool);
  };
  next();  // which makes the work space and touches the moments
  for (auto _ : state) next();
  state.counters["active"] = batch.active;
  state.counters["dead"] = static_cast<double>(batch.dead);
}

void TopKForward(benchmark::State& state, bool warm) {
  Problem p(TopKOptimizer::Sgd, false, 0);
  TopKStep<float> step(p.options);
  if (warm) (void)step.forward(p.state, p.X, p.pool);
  for (auto _ : state) {
    if (!warm) step = TopKStep<float>(p.options);
    benchmark::DoNotOptimize(step.forward(p.state, p.X, p.pool).loss);
  }
}

void TopKProduct(benchmark::State& state) {
  Problem p(TopKOptimizer::Sgd, false, 0);
  MatrixF Z(kN, kM);
  for (auto _ : state) {
    multiply<float>(p.pool, Trans::No, Trans::Yes, 1, p.X, p.state.weights.encoder, 0, Z);
    benchmark::DoNotOptimize(Z.data());
  }
}

// The product in bfloat16 that screens.
void TopKScreening(benchmark::State& state) {
  const SplitEngine* engine = bf16_products();
  if (engine == nullptr) return state.SkipWithError("no products of bfloat16 here");
  Problem p(TopKOptimizer::Sgd, false, 0);
  constexpr Index kSamples = 192, kUnits = 128;
  MatrixF Z(kN, kUnits);
  std::vector<std::uint16_t> rooms[2];
  const auto packed = [&](bool left, const MatrixF& M) {
    std::vector<std::uint16_t>& room = rooms[left ? 0 : 1];
    room.resize(static_cast<std::size_t>(bf16_size(M.rows(), M.cols())) + 32);
    void* from = room.data();
    std::size_t bytes = 2 * room.size();
    auto* out = static_cast<std::uint16_t*>(std::align(64, 1, from, bytes));
    pack_bf16(*engine, left, M, out);
    return out;
  };
  const std::uint16_t *X = packed(true, p.X), *W = packed(false, p.state.weights.encoder);
  for (auto _ : state) {
    parallel_for(p.pool, kN, kSamples, [&](Index begin, Index end) {
      for (Index j = 0; j < kM; j += kUnits) {
        multiply_bf16(*engine, {X + bf16_size(begin, kD), end - begin, kD},
                      {W + bf16_size(j, kD), kUnits, kD}, Z.row(begin).data(), kUnits);
      }
    });
    benchmark::DoNotOptimize(Z.data());
  }
}

void settings(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.1);
}
BENCHMARK_CAPTURE(TopKTraining, sgd, TopKOptimizer::Sgd, false, 0.0)->Apply(settings);
BENCHMARK_CAPTURE(TopKTraining, adam, TopKOptimizer::Adam, true, 0.0)->Apply(settings);
BENCHMARK_CAPTURE(TopKTraining, dead, TopKOptimizer::Adam, true, 0.1)->Apply(settings);
BENCHMARK_CAPTURE(TopKForward, warm, true)->Apply(settings);
BENCHMARK_CAPTURE(TopKForward, cold, false)->Apply(settings);
BENCHMARK(TopKProduct)->Apply(settings);
BENCHMARK(TopKScreening)->Apply(settings);

}  // namespace
}  // namespace twofold::ops
