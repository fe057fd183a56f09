// Second moment of 10 000 images of d = 3072, and the plain product of the same work.
#include <benchmark/benchmark.h>

#include "twofold/core/random.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/linalg/second_moment.hpp"

namespace twofold {
namespace {

constexpr Index kSamples = 10'000;
constexpr Index kDimension = 3072;
constexpr int kThreads = 2;

MatrixF samples() {
  MatrixF X(kSamples, kDimension);
  const RandomStream stream(1, "second moment bench");
  for (Index i = 0; i < kSamples; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span<float>(X.row(i).data(), kDimension));
  }
  return X;
}

void SecondMomentOfImages(benchmark::State& state) {
  const MatrixF X = samples();
  ThreadPool pool(kThreads);
  for (auto _ : state) {
    benchmark::DoNotOptimize(second_moment(pool, ConstView<float>(X)).sum());
  }
}
BENCHMARK(SecondMomentOfImages)->Unit(benchmark::kMillisecond)->UseRealTime();

// The floor: XᵀX as one matrix product in single precision, without using its symmetry.
void PlainProduct(benchmark::State& state) {
  const MatrixF X = samples();
  MatrixF C(kDimension, kDimension);
  ThreadPool pool(kThreads);
  for (auto _ : state) {
    multiply(pool, Trans::Yes, Trans::No, 1.0f, X, X, 0.0f, C);
    benchmark::DoNotOptimize(C.data());
  }
}
BENCHMARK(PlainProduct)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace twofold
