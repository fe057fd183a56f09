// What the machine can do, by number of threads: OpenBLAS's own product of 2048×2048 matrices, and
// reading 256 MB once. The floors of the other benchmarks are counted in these.
#include <string>

#include "support.hpp"
#include "twofold/core/parallel.hpp"

extern "C" {
void openblas_set_num_threads(int threads);
char* openblas_get_config();
void cblas_sgemm(int order, int trans_a, int trans_b, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void cblas_dgemm(int order, int trans_a, int trans_b, int m, int n, int k, double alpha,
                 const double* a, int lda, const double* b, int ldb, double beta, double* c,
                 int ldc);
}

namespace twofold::bench {
namespace {

constexpr int kSize = 2048;
constexpr int kRowMajor = 101, kNoTrans = 111;

void gemm(const MatrixF& A, const MatrixF& B, MatrixF& C) {
  cblas_sgemm(kRowMajor, kNoTrans, kNoTrans, kSize, kSize, kSize, 1, A.data(), kSize, B.data(),
              kSize, 0, C.data(), kSize);
}

void gemm(const Matrix& A, const Matrix& B, Matrix& C) {
  cblas_dgemm(kRowMajor, kNoTrans, kNoTrans, kSize, kSize, kSize, 1, A.data(), kSize, B.data(),
              kSize, 0, C.data(), kSize);
}

template <typename Scalar>
void Product(benchmark::State& state) {
  const auto A = normal_matrix<Scalar>(kSize, kSize, 1, "left");
  const auto B = normal_matrix<Scalar>(kSize, kSize, 1, "right");
  MatrixOf<Scalar> C = MatrixOf<Scalar>::Zero(kSize, kSize);
  openblas_set_num_threads(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    gemm(A, B, C);
    benchmark::DoNotOptimize(C.data());
  }
  openblas_set_num_threads(1);
  // What made this program, for the tables; OpenBLAS knows its kernels once it runs.
  state.SetLabel(std::string("GCC " __VERSION__ "; ") + openblas_get_config());
  report_work(state, 2.0 * kSize * kSize * kSize, 3.0 * kSize * kSize * sizeof(Scalar));
}

// Sums in 64 lanes of the compiler's choice: memory is the limit.
void ReadMemory(benchmark::State& state) {
  constexpr Index kNumbers = Index{1} << 26, kLanes = 64;
  const VectorF numbers = VectorF::Ones(kNumbers);
  ThreadPool pool(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    parallel_for(pool, kNumbers, 1 << 16, [&](Index begin, Index end) {
      float lanes[kLanes] = {};
      for (Index i = begin; i < end; i += kLanes) {
        for (Index lane = 0; lane < kLanes; ++lane) lanes[lane] += numbers[i + lane];
      }
      benchmark::DoNotOptimize(lanes);
    });
  }
  report_work(state, kNumbers, sizeof(float) * kNumbers);
}

// 1, 2, 4, ... threads, and all that the machine has.
void Threads(benchmark::internal::Benchmark* b) {
  const int all = available_threads();
  for (int threads = 1; threads < all; threads *= 2) b->Arg(threads);
  b->Arg(all)->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.1);
}
BENCHMARK(Product<float>)->Name("Product/float")->Apply(Threads);
BENCHMARK(Product<double>)->Name("Product/double")->Apply(Threads);
BENCHMARK(ReadMemory)->Apply(Threads);

}  // namespace
}  // namespace twofold::bench
