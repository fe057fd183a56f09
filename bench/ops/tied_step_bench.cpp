// One step of a weight-tied autoencoder with sparse codes, float, 2 threads: codes, gradient,
// update, rows back to unit norm.
//
//   threshold  N = 1024, d = 256, m = 512, |z| >= 2.085: 19 of 512 units fire
//   top_k      N = 4096, d = 768, m = 12288, k = 32
//
// The floor is the product X Wᵀ alone, by the same BLAS on the same threads.
#include <benchmark/benchmark.h>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {
namespace {

constexpr int kThreads = 2;

struct Setting {
  Index N, d, m;
  Gate gate;
};

Setting threshold() {
  return {1024, 256, 512, {model::HardThreshold{2.085}}};
}
Setting top_k() {
  return {4096, 768, 12288, {model::TopK{32}}};
}

MatrixF normal_matrix(Index rows, Index cols, std::string_view name) {
  const RandomStream stream(1, name);
  MatrixF m(rows, cols);
  for (Index i = 0; i < rows; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span(m.row(i).data(), static_cast<std::size_t>(cols)));
  }
  return m;
}

struct Problem {
  Gate gate;
  MatrixF X, W, G;
  SparseCodes<float> codes;
  ThreadPool pool{kThreads};

  explicit Problem(const Setting& s)
      : gate(s.gate), X(normal_matrix(s.N, s.d, "samples")), W(normal_matrix(s.m, s.d, "atoms")) {
    W.rowwise().normalize();
    G.resizeLike(W);
  }

  void report(benchmark::State& state) const {
    state.counters["active"] = static_cast<double>(codes.size()) / static_cast<double>(X.rows());
  }
};

void TiedStep(benchmark::State& state, const Setting& setting) {
  Problem p(setting);
  for (auto _ : state) {
    encode<float>(p.X, p.W, p.gate, p.codes, p.pool);
    benchmark::DoNotOptimize(
        tied_gradient<float>(p.X, p.W, p.codes, TiedGradient::Approximate, p.G, p.pool));
    parallel_for(p.pool, p.W.rows(), 64, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        auto w = p.W.row(i);
        w -= 1e-6f * p.G.row(i);
        w /= w.norm();
      }
    });
  }
  p.report(state);
}

void Codes(benchmark::State& state, const Setting& setting) {
  Problem p(setting);
  for (auto _ : state) {
    encode<float>(p.X, p.W, p.gate, p.codes, p.pool);
    benchmark::DoNotOptimize(p.codes.value.data());
  }
  p.report(state);
}

void Gradient(benchmark::State& state, const Setting& setting) {
  Problem p(setting);
  encode<float>(p.X, p.W, p.gate, p.codes, p.pool);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        tied_gradient<float>(p.X, p.W, p.codes, TiedGradient::Approximate, p.G, p.pool));
  }
  p.report(state);
}

void Product(benchmark::State& state, const Setting& setting) {
  Problem p(setting);
  MatrixF Z(p.X.rows(), p.W.rows());
  for (auto _ : state) {
    multiply<float>(p.pool, Trans::No, Trans::Yes, 1, p.X, p.W, 0, Z);
    benchmark::DoNotOptimize(Z.data());
  }
}

void settings(benchmark::internal::Benchmark* bench) {
  bench->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.1);
}
BENCHMARK_CAPTURE(TiedStep, threshold, threshold())->Apply(settings);
BENCHMARK_CAPTURE(Codes, threshold, threshold())->Apply(settings);
BENCHMARK_CAPTURE(Gradient, threshold, threshold())->Apply(settings);
BENCHMARK_CAPTURE(Product, threshold, threshold())->Apply(settings);
BENCHMARK_CAPTURE(TiedStep, top_k, top_k())->Apply(settings);
BENCHMARK_CAPTURE(Codes, top_k, top_k())->Apply(settings);
BENCHMARK_CAPTURE(Gradient, top_k, top_k())->Apply(settings);
BENCHMARK_CAPTURE(Product, top_k, top_k())->Apply(settings);

}  // namespace
}  // namespace twofold::ops
