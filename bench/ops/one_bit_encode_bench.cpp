// Sign codes of a structured encoder with n = d, float, 2 threads, from memory: 256 MB of vectors,
// more than the caches hold.
#include <vector>

#include "support.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {
namespace {

constexpr Index kNumbers = Index{1} << 26;

struct Batch {
  Index d;
  MatrixF X;
  EncoderOperator<float> encoder;
  std::vector<std::uint8_t> codes;
  ThreadPool pool{bench::kThreads};

  explicit Batch(Index dimension)
      : d(dimension),
        X(bench::normal_matrix<float>(kNumbers / d, d, 1, "vectors")),
        encoder(model::hadamard_encoder(d, d, 1)),
        codes(static_cast<std::size_t>(X.rows() * code_bytes(d))) {}

  // Two rounds of d log₂ d additions a vector; vectors on one side, bits on the other.
  void report(benchmark::State& state) const {
    const double rounds = 2 * std::log2(static_cast<double>(d));
    bench::report_work(state, rounds * kNumbers, (sizeof(float) + 1.0 / 8) * kNumbers);
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

void sizes(benchmark::internal::Benchmark* b) {
  b->Arg(256)->Arg(1024)->Arg(4096)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(OneBitEncode)->Name("OneBitEncode/float")->Apply(sizes);
BENCHMARK(OneBitBackward)->Apply(sizes);

}  // namespace
}  // namespace twofold::ops
