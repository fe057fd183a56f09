// One step of a weight-tied autoencoder with sparse codes, 2 threads: codes, gradient, update,
// rows back to unit norm.
//
//   threshold  N = 1024, d = 256, m = 512, |z| >= 2.085: 19 of 512 units fire
//   top_k      N = 4096, d = 768, m = 12288, k = 32
#include "support.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {
namespace {

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

template <typename Scalar>
struct Problem {
  Gate gate;
  MatrixOf<Scalar> X, W, G;
  SparseCodes<Scalar> codes;
  ThreadPool pool{bench::kThreads};

  explicit Problem(const Setting& s)
      : gate(s.gate),
        X(bench::normal_matrix<Scalar>(s.N, s.d, 1, "samples")),
        W(bench::normal_matrix<Scalar>(s.m, s.d, 1, "atoms")) {
    W.rowwise().normalize();
    G.resizeLike(W);
  }

  void encode_all() { encode<Scalar>(X, W, gate, codes, pool); }
  double gradient() {
    return tied_gradient<Scalar>(X, W, codes, TiedGradient::Approximate, G, pool);
  }

  // Products with all atoms, and 8d flops for each active one: code, decode, back-propagate and
  // two updates, of which the first is in the products.
  void report(benchmark::State& state) const {
    const auto size = static_cast<double>(X.size()), atoms = static_cast<double>(W.rows());
    const auto active = static_cast<double>(codes.size()), d = static_cast<double>(X.cols());
    bench::report_work(state, 2 * size * atoms + 8 * d * active,
                       sizeof(Scalar) * (size + 2 * static_cast<double>(W.size())));
  }
};

template <typename Scalar, Setting (*setting)()>
void TiedStep(benchmark::State& state) {
  Problem<Scalar> p(setting());
  for (auto _ : state) {
    p.encode_all();
    benchmark::DoNotOptimize(p.gradient());
    parallel_for(p.pool, p.W.rows(), 64, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        auto w = p.W.row(i);
        w -= Scalar(1e-6) * p.G.row(i);
        w /= w.norm();
      }
    });
  }
  p.report(state);
}

template <Setting (*setting)()>
void Codes(benchmark::State& state) {
  Problem<float> p(setting());
  for (auto _ : state) {
    p.encode_all();
    benchmark::DoNotOptimize(p.codes.value.data());
  }
}

std::span<const std::int32_t> units(const auto& codes, std::size_t sample) {
  const auto first = static_cast<std::size_t>(codes.offset[sample]);
  return std::span(codes.index)
      .subspan(first, static_cast<std::size_t>(codes.offset[sample + 1]) - first);
}

// Samples of which other units fire.
double wrong_sets(const SparseCodes<float>& a, const SparseCodes<double>& b) {
  double wrong = 0;
  for (std::size_t s = 0; s + 1 < a.offset.size(); ++s) {
    wrong += std::ranges::equal(units(a, s), units(b, s)) ? 0 : 1;
  }
  return wrong;
}

template <Setting (*setting)()>
void TiedAccuracy(benchmark::State& state) {
  const double nothing = bench::allocated_bytes();
  Problem<float> p(setting());
  const auto arguments =
      static_cast<double>(sizeof(float)) * static_cast<double>(p.X.size() + p.W.size());
  p.encode_all();
  p.gradient();
  state.counters["workspace_bytes"] = bench::allocated_bytes() - nothing - arguments;
  Problem<double> q(setting());
  q.X = p.X.cast<double>();
  q.W = p.W.cast<double>();
  for (auto _ : state) {
    q.encode_all();
    q.gradient();
  }
  state.counters["gradient_error"] = bench::relative_error(p.G, q.G);
  state.counters["wrong_sets"] = wrong_sets(p.codes, q.codes);
}

void settings(benchmark::internal::Benchmark* b) {
  b->Unit(benchmark::kMillisecond)->UseRealTime()->MinWarmUpTime(0.1);
}
BENCHMARK(TiedStep<float, threshold>)->Name("TiedStep/threshold/float")->Apply(settings);
BENCHMARK(TiedStep<double, threshold>)->Name("TiedStep/threshold/double")->Apply(settings);
BENCHMARK(TiedStep<float, top_k>)->Name("TiedStep/top_k/float")->Apply(settings);
BENCHMARK(TiedStep<double, top_k>)->Name("TiedStep/top_k/double")->Apply(settings);
BENCHMARK(Codes<threshold>)->Name("Codes/threshold")->Apply(settings);
BENCHMARK(Codes<top_k>)->Name("Codes/top_k")->Apply(settings);
BENCHMARK(TiedAccuracy<threshold>)->Name("TiedAccuracy/threshold/float")->Iterations(1);
BENCHMARK(TiedAccuracy<top_k>)->Name("TiedAccuracy/top_k/float")->Iterations(1);

}  // namespace
}  // namespace twofold::ops
