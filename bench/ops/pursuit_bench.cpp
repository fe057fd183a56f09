// Orthogonal matching pursuit, 2 threads: 4096 random samples of dimension 64 on 256 random atoms,
// k = 10. The floor is the product that gives the correlations to begin with.
#include <benchmark/benchmark.h>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::ops {
namespace {

constexpr Index kSamples = 4096, kDimension = 64, kAtoms = 256, kSparsity = 10;

template <typename Scalar>
struct Work {
  MatrixOf<Scalar> X, W;
  ThreadPool pool{2};

  Work() : X(random(kSamples, "bench.samples")), W(random(kAtoms, "bench.atoms")) {
    W.rowwise().normalize();
  }
  static MatrixOf<Scalar> random(Index rows, std::string_view name) {
    MatrixOf<Scalar> m(rows, kDimension);
    RandomStream(1, name).fill_normal(0, std::span(m.data(), static_cast<std::size_t>(m.size())));
    return m;
  }
};

template <typename Scalar>
void Pursuit(benchmark::State& state) {
  Work<Scalar> work;
  SparseCodes<Scalar> codes;
  for (auto _ : state) {
    orthogonal_matching_pursuit<Scalar>(work.X, work.W, {kSparsity}, codes, work.pool);
    benchmark::DoNotOptimize(codes.value.data());
  }
}

template <typename Scalar>
void Correlations(benchmark::State& state) {
  Work<Scalar> work;
  MatrixOf<Scalar> products(kSamples, kAtoms);
  for (auto _ : state) {
    multiply<Scalar>(work.pool, Trans::No, Trans::Yes, 1, work.X, work.W, 0, products);
    benchmark::DoNotOptimize(products.data());
  }
}

void PursuitDouble(benchmark::State& state) {
  Pursuit<double>(state);
}
void PursuitFloat(benchmark::State& state) {
  Pursuit<float>(state);
}
void CorrelationsDouble(benchmark::State& state) {
  Correlations<double>(state);
}
BENCHMARK(PursuitDouble)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(PursuitFloat)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(CorrelationsDouble)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace twofold::ops
