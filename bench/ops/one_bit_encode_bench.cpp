// Sign codes of a structured encoder with n = d, float, 2 threads, from memory: 256 MB of vectors,
// more than the caches hold. The floor is the time to read the same bytes once.
#include <benchmark/benchmark.h>

#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

constexpr int kThreads = 2;
constexpr Index kNumbers = Index{1} << 26;

struct Batch {
  Index d;
  MatrixF X;
  EncoderOperator<float> encoder;
  std::vector<std::uint8_t> codes;
  ThreadPool pool{kThreads};

  explicit Batch(Index dimension)
      : d(dimension),
        X(kNumbers / d, d),
        encoder(model::hadamard_encoder(d, d, 1)),
        codes(static_cast<std::size_t>(X.rows() * code_bytes(d))) {
    // The first rows repeat: drawing 64 million numbers would take longer than the measurement.
    const RandomStream stream(1, "bench.vectors");
    constexpr Index kDistinct = 1 << 20;
    stream.fill_normal(0, std::span(X.data(), static_cast<std::size_t>(kDistinct)));
    for (Index i = kDistinct; i < X.size(); ++i) X.data()[i] = X.data()[i - kDistinct];
  }

  void report(benchmark::State& state) const {
    state.counters["vectors/s"] = benchmark::Counter(static_cast<double>(X.rows()),
                                                     benchmark::Counter::kIsIterationInvariantRate);
  }
};

void OneBitEncode(benchmark::State& state) {
  Batch batch(state.range(0));
  for (auto _ : state) {
    encode(batch.pool, batch.encoder, batch.X, batch.codes);
    benchmark::DoNotOptimize(batch.codes.data());
  }
  batch.report(state);
}

// Back from the codes: x <- Bᵀ y, the first half of every decoder.
void OneBitBackward(benchmark::State& state) {
  Batch batch(state.range(0));
  encode(batch.pool, batch.encoder, batch.X, batch.codes);
  const auto bytes = static_cast<std::size_t>(code_bytes(batch.d));
  for (auto _ : state) {
    parallel_for(batch.pool, batch.X.rows(), 64, [&](Index begin, Index end) {
      VectorF scratch;
      batch.encoder.backward_bits(std::span(batch.codes)
                                      .subspan(static_cast<std::size_t>(begin) * bytes,
                                               static_cast<std::size_t>(end - begin) * bytes),
                                  batch.X.middleRows(begin, end - begin), scratch);
    });
  }
  batch.report(state);
}

// Sums in 64 lanes of the compiler's choice: memory is the limit.
void ReadVectors(benchmark::State& state) {
  Batch batch(state.range(0));
  for (auto _ : state) {
    parallel_for(batch.pool, batch.X.rows(), 64, [&](Index begin, Index end) {
      float lanes[64] = {};
      for (Index i = begin * batch.d; i < end * batch.d; i += 64) {
        for (Index lane = 0; lane < 64; ++lane) lanes[lane] += batch.X.data()[i + lane];
      }
      benchmark::DoNotOptimize(lanes);
    });
  }
  batch.report(state);
}

void sizes(benchmark::internal::Benchmark* bench) {
  bench->Arg(256)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(OneBitEncode)->Apply(sizes);
BENCHMARK(OneBitBackward)->Apply(sizes);
BENCHMARK(ReadVectors)->Apply(sizes);

}  // namespace
}  // namespace twofold::ops
