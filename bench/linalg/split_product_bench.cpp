// A product of rows×inner by inner×columns on one thread, as rows/inner/columns: by the BLAS, in
// three products of bfloat16 from packed operands, and packing the left of them either way.
#include <array>

#include "support.hpp"
#include "twofold/linalg/split_product.hpp"

namespace twofold::bench {
namespace {

struct Problem {
  MatrixF left, right, product;
  SplitOperand packed_left, packed_right;

  explicit Problem(const benchmark::State& state)
      : left(normal_matrix<float>(state.range(0), state.range(1), 1, "left")),
        right(normal_matrix<float>(state.range(1), state.range(2), 1, "right")),
        product(MatrixF::Ones(state.range(0), state.range(2))),
        packed_left(left.rows(), left.cols()),
        packed_right(right.cols(), right.rows()) {
    packed_left.pack_left(Trans::No, left);
    packed_right.pack_right(Trans::No, right);
  }
  void report(benchmark::State& state) const {
    const auto numbers = static_cast<double>(left.size() + right.size() + product.size());
    report_work(state, 2.0 * static_cast<double>(left.size()) * static_cast<double>(right.cols()),
                sizeof(float) * numbers);
    state.counters["flops/s"] =
        benchmark::Counter(state.counters["flops"], benchmark::Counter::kIsIterationInvariantRate);
  }
};

void BlasProduct(benchmark::State& state) {
  Problem p(state);
  for (auto _ : state) {
    gemm(Trans::No, Trans::No, 1.0F, p.left, p.right, 0.0F, p.product);
    benchmark::DoNotOptimize(p.product.data());
  }
  p.report(state);
}

void SplitProduct(benchmark::State& state) {
  Problem p(state);
  const bool add = state.range(3) != 0;
  for (auto _ : state) {
    split_multiply(p.packed_left.all(), p.packed_right.all(), add, p.product);
    benchmark::DoNotOptimize(p.product.data());
  }
  p.report(state);
}

void SplitPack(benchmark::State& state) {
  Problem p(state);
  const MatrixF transposed = p.left.transpose();
  const bool along = state.range(3) != 0;
  for (auto _ : state) {
    p.packed_left.pack_left(along ? Trans::No : Trans::Yes, along ? p.left : transposed);
    benchmark::ClobberMemory();
  }
  state.counters["numbers/s"] = benchmark::Counter(static_cast<double>(p.left.size()),
                                                   benchmark::Counter::kIsIterationInvariantRate);
}

// Blocks of the steps: codes, gradients and outputs of a block of neurons.
void shapes(benchmark::internal::Benchmark* b, bool twice) {
  const std::initializer_list<std::array<Index, 3>> sizes = {
      {256, 784, 1000}, {256, 1000, 784}, {1000, 256, 784}, {128, 50, 100},
      {64, 784, 64},    {64, 64, 784},    {512, 784, 512}};
  for (const auto& [rows, inner, columns] : sizes) {
    for (int way = 0; way <= static_cast<int>(twice); ++way) {
      twice ? b->Args({rows, inner, columns, way}) : b->Args({rows, inner, columns});
    }
  }
}
BENCHMARK(BlasProduct)->Apply([](auto* b) { shapes(b, false); });
BENCHMARK(SplitProduct)->Apply([](auto* b) { shapes(b, true); });
BENCHMARK(SplitPack)->Apply([](auto* b) { shapes(b, true); });

}  // namespace
}  // namespace twofold::bench
