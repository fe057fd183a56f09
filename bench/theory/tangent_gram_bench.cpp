// The tangent kernel of 10 000 samples of d = 784, 2 threads.
#include "support.hpp"
#include "twofold/theory/tangent_kernel_gram.hpp"

namespace twofold::theory {
namespace {

constexpr Index kSamples = 10'000;
constexpr Index kDimension = 784;

template <typename Scalar, FloatProducts kProducts>
void TangentGram(benchmark::State& state) {
  auto X = bench::normal_matrix<Scalar>(kSamples, kDimension, 1, "samples");
  X.rowwise().normalize();
  MatrixOf<Scalar> gram = MatrixOf<Scalar>::Zero(kSamples, kSamples);
  ThreadPool pool(bench::kThreads);
  for (auto _ : state) {
    tangent_gram<Scalar>(pool, X, kWeak, gram, kProducts);
    benchmark::DoNotOptimize(gram.data());
  }
  // The products of half the pairs; every entry written.
  constexpr double n = kSamples, d = kDimension;
  bench::report_work(state, n * (n + 1) * d, sizeof(Scalar) * n * (n + d));
}
BENCHMARK(TangentGram<float, FloatProducts::Float>)
    ->Name("TangentGram/float")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(TangentGram<float, FloatProducts::SplitBf16>)
    ->Name("TangentGram/split_bf16")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(TangentGram<double, FloatProducts::Float>)
    ->Name("TangentGram/double")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace twofold::theory
