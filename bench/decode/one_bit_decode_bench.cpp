// Sign codes of sparse vectors: encoding beside decoding by one and by three layers, the same
// 4096 vectors of dimension 1024 at one bit per coordinate, float, 2 threads.
//
// `vectors/s` counts vectors. Decoding writes what encoding reads, so the two are compared on the
// same bytes. `Exact` computes each posterior, the others read tables.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "twofold/decode/gvamp.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::decode {
namespace {

constexpr Index kDimension = 1024, kVectors = 4096;
constexpr int kThreads = 2;

struct Problem {
  data::ScalarPrior prior = data::ScalarPrior::sparse_gaussian(0.1);
  ops::EncoderOperator<float> encoder{model::hadamard_encoder(kDimension, kDimension, 1)};
  MatrixF X{kVectors, kDimension};
  std::vector<std::uint8_t> codes;
  ThreadPool pool{kThreads};

  Problem() : codes(static_cast<std::size_t>(kVectors * ops::code_bytes(kDimension))) {
    const RandomStream stream(1, "decode bench");
    for (Index i = 0; i < X.size(); ++i) {
      X.data()[i] = static_cast<float>(prior.sample(stream, static_cast<std::uint64_t>(i)));
    }
    ops::encode(pool, encoder, X, codes);
  }
};

void report(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * kVectors);
}

void Encode(benchmark::State& state) {
  Problem p;
  for (auto _ : state) {
    ops::encode(p.pool, p.encoder, p.X, p.codes);
    benchmark::DoNotOptimize(p.codes.data());
  }
  report(state);
}
BENCHMARK(Encode)->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.2);

void decode_all(benchmark::State& state, const Problem& p, const Denoiser& denoiser,
                ThreadPool& pool) {
  const int layers = static_cast<int>(state.range(0));
  for (auto _ : state) {
    const auto result = gvamp_packed(pool, p.encoder, denoiser, p.codes, {.layers = layers});
    benchmark::DoNotOptimize(result.estimate.data());
  }
  report(state);
}

void Decode(benchmark::State& state) {
  Problem p;
  decode_all(state, p, Denoiser::tabulated(p.prior), p.pool);
}
BENCHMARK(Decode)->Arg(1)->Arg(3)->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.2);

// Deviations of coordinates i^{-1/2}.
void DecodeUnequal(benchmark::State& state) {
  Problem p;
  Vector deviations(kDimension);
  for (Index i = 0; i < kDimension; ++i) {
    deviations[i] = 1.0 / std::sqrt(static_cast<double>(i + 1));
  }
  deviations /= std::sqrt(deviations.squaredNorm() / static_cast<double>(kDimension));
  decode_all(state, p, Denoiser::tabulated(p.prior, deviations), p.pool);
}
BENCHMARK(DecodeUnequal)
    ->Arg(1)
    ->Arg(3)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MinWarmUpTime(0.2);

void DecodeExact(benchmark::State& state) {
  Problem p;
  decode_all(state, p, Denoiser::exact(p.prior), p.pool);
}
BENCHMARK(DecodeExact)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace twofold::decode
