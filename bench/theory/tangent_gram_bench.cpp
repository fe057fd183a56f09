// The tangent kernel of 10 000 samples of d = 784 in float, and OpenBLAS's own XXᵀ.
#include <benchmark/benchmark.h>

#include "twofold/core/random.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

extern "C" {
void openblas_set_num_threads(int threads);
void cblas_ssyrk(int order, int uplo, int trans, int n, int k, float alpha, const float* a, int lda,
                 float beta, float* c, int ldc);
}

namespace twofold::theory {
namespace {

constexpr Index kSamples = 10'000;
constexpr Index kDimension = 784;
constexpr int kThreads = 2;

MatrixF samples() {
  MatrixF X(kSamples, kDimension);
  const RandomStream stream(1, "tangent gram bench");
  for (Index i = 0; i < kSamples; ++i) {
    stream.fill_normal(static_cast<std::uint64_t>(i),
                       std::span<float>(X.row(i).data(), kDimension));
    X.row(i).normalize();
  }
  return X;
}

void TangentGram(benchmark::State& state) {
  const MatrixF X = samples();
  MatrixF gram = MatrixF::Zero(kSamples, kSamples);
  ThreadPool pool(kThreads);
  for (auto _ : state) {
    tangent_gram<float>(pool, X, kWeak, gram);
    benchmark::DoNotOptimize(gram.data());
  }
}
BENCHMARK(TangentGram)->Unit(benchmark::kMillisecond)->UseRealTime();

// The floor: the products of half the pairs by the library's routine for them, nothing mapped.
void SymmetricProduct(benchmark::State& state) {
  constexpr int kRowMajor = 101, kLower = 122, kNoTrans = 111;
  const MatrixF X = samples();
  MatrixF gram = MatrixF::Zero(kSamples, kSamples);
  openblas_set_num_threads(kThreads);
  for (auto _ : state) {
    cblas_ssyrk(kRowMajor, kLower, kNoTrans, kSamples, kDimension, 1.0f, X.data(), kDimension, 0.0f,
                gram.data(), kSamples);
    benchmark::DoNotOptimize(gram.data());
  }
  openblas_set_num_threads(1);
}
BENCHMARK(SymmetricProduct)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace twofold::theory
