// What several benchmarks share: matrices to work on, and what they report beside the time.
#pragma once

#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::bench {

inline constexpr int kThreads = 2;

/// Normal numbers of this standard deviation. A million are drawn, the others repeat them: drawing
/// would take longer than the measurement. Their number is a prime, so that no row repeats.
template <typename Scalar>
MatrixOf<Scalar> normal_matrix(Index rows, Index cols, double deviation, std::string_view name) {
  constexpr Index kDrawn = 1'048'573;
  MatrixOf<Scalar> m(rows, cols);
  const Index drawn = std::min(m.size(), kDrawn);
  const RandomStream stream(1, name);
  stream.fill_normal(0, std::span(m.data(), static_cast<std::size_t>(drawn)));
  std::for_each_n(m.data(), drawn, [&](Scalar& x) { x *= static_cast<Scalar>(deviation); });
  for (Index i = kDrawn; i < m.size(); ++i) m.data()[i] = m.data()[i - kDrawn];
  return m;
}

/// The least that an iteration must do: floating-point operations, and bytes read from or written
/// to memory if nothing but the arguments were there. Tables divide both by what the machine can.
inline void report_work(benchmark::State& state, double flops, double bytes) {
  state.counters["flops"] = flops;
  state.counters["bytes"] = bytes;
}

/// Bytes that this process holds of the heap.
inline double allocated_bytes() {
  const auto info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

/// ‖a − b‖/‖b − from‖ over all entries, in double: the error of a step from `from` to b. Without
/// `from`, that of a.
template <typename A>
double relative_error(const A& a, const Matrix& b, const MatrixF& from = {}) {
  double wrong = 0, all = 0;
  for (Index i = 0; i < b.size(); ++i) {
    const double origin = from.size() == 0 ? 0.0 : static_cast<double>(from.data()[i]);
    const double error = static_cast<double>(a.data()[i]) - b.data()[i];
    const double moved = b.data()[i] - origin;
    wrong += error * error;
    all += moved * moved;
  }
  return std::sqrt(wrong / all);
}

}  // namespace twofold::bench
