// Orthogonal matching pursuit, 2 threads: 4096 random samples of dimension 64 on 256 random atoms,
// k = 10.
#include "support.hpp"
#include "twofold/ops/orthogonal_matching_pursuit.hpp"

namespace twofold::ops {
namespace {

constexpr Index kSamples = 4096, kDimension = 64, kAtoms = 256, kSparsity = 10;

template <typename Scalar>
void Pursuit(benchmark::State& state) {
  const auto X = bench::normal_matrix<Scalar>(kSamples, kDimension, 1, "samples");
  auto W = bench::normal_matrix<Scalar>(kAtoms, kDimension, 1, "atoms");
  W.rowwise().normalize();
  ThreadPool pool{bench::kThreads};
  SparseCodes<Scalar> codes;
  for (auto _ : state) {
    orthogonal_matching_pursuit<Scalar>(X, W, {kSparsity}, codes, pool);
    benchmark::DoNotOptimize(codes.value.data());
  }
  // The products of samples and atoms, and of atoms, that every form begins with.
  bench::report_work(state, 2.0 * (kSamples + kAtoms) * kAtoms * kDimension,
                     sizeof(Scalar) * (kSamples + kAtoms) * kDimension);
}
BENCHMARK(Pursuit<double>)->Name("Pursuit/double")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(Pursuit<float>)->Name("Pursuit/float")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace twofold::ops
