#include "topk_loops.hpp"

#include <limits>

#include "lane_sum.hpp"
#include "twofold/core/processor.hpp"

namespace twofold::ops {
namespace {

constexpr Index kGroup = 64;

// Units in groups: most groups have none that may fire, which one comparison at the end shows.
template <typename Scalar>
[[gnu::always_inline]] inline Index keep(const Scalar* z, const TopKBounds<Scalar>& bounds,
                                         const SampleBounds<Scalar>& sample, Index first,
                                         Index count, Scalar limit, std::int32_t* index,
                                         Scalar* value) noexcept {
  Index kept = 0;
  Scalar u[kGroup], most[kGroup];
  for (Index begin = 0; begin < count; begin += kGroup) {
    const Index at = first + begin;
    const Scalar *bias = bounds.bias + at, *slack = bounds.slack + at, *norm = bounds.norm + at,
                 *rest = bounds.rest + at;
    int possible = 0;
    for (Index i = 0; i < kGroup; ++i) {
      u[i] = z[begin + i] + bias[i];
      most[i] = u[i] + sample.slack * slack[i] + sample.direct * norm[i] + sample.length * rest[i];
      possible |= most[i] < limit ? 0 : 1;
    }
    if (possible == 0) continue;
    const Index end = count - begin < kGroup ? count - begin : kGroup;
    for (Index i = 0; i < end; ++i) {
      index[kept] = static_cast<std::int32_t>(at + i);
      value[kept] = u[i];
      kept += most[i] < limit ? 0 : 1;
    }
  }
  return kept;
}

template <typename Scalar>
[[gnu::always_inline]] inline Scalar reached(const Scalar* numbers, Index count, Index k) noexcept {
  constexpr int kHalvings = 14;
  Scalar low = 0, high = 0;
  for (Index i = 0; i < count; ++i) high = numbers[i] > high ? numbers[i] : high;
  high = high < std::numeric_limits<Scalar>::max() ? high : std::numeric_limits<Scalar>::max();
  for (int step = 0; step < kHalvings; ++step) {
    const Scalar middle = low + (high - low) / 2;
    std::int32_t above = 0;
    for (Index i = 0; i < count; ++i) above += numbers[i] >= middle ? 1 : 0;
    (above >= k ? low : high) = middle;
  }
  return low;
}

template <typename Scalar>
[[gnu::always_inline]] inline void move(const TopKRates<Scalar>& r, const Scalar* __restrict g,
                                        Scalar* __restrict p, Scalar* __restrict q,
                                        Scalar* __restrict w, Index n) noexcept {
  if (!r.adam) {
    for (Index i = 0; i < n; ++i) w[i] -= r.step * g[i];
    return;
  }
  for (Index i = 0; i < n; ++i) {
    p[i] = r.beta1 * p[i] + (1 - r.beta1) * g[i];
    q[i] = r.beta2 * q[i] + (1 - r.beta2) * (g[i] * g[i]);
    w[i] -= r.step * p[i] / (std::sqrt(r.second_scale * q[i]) + r.epsilon);
  }
}

template <typename Scalar>
using Keep = Index (*)(const Scalar*, const TopKBounds<Scalar>&, const SampleBounds<Scalar>&, Index,
                       Index, Scalar, std::int32_t*, Scalar*) noexcept;
template <typename Scalar>
using Reached = Scalar (*)(const Scalar*, Index, Index) noexcept;
template <typename Scalar>
using Move = void (*)(const TopKRates<Scalar>&, const Scalar*, Scalar*, Scalar*, Scalar*,
                      Index) noexcept;

template <typename Scalar>
struct Loops {
  Keep<Scalar> keep;
  Reached<Scalar> reached;
  Move<Scalar> move;
};

// One version of the loops for each set of instructions.
#define TWOFOLD_LOOPS(name, attributes)                                                      \
  template <typename Scalar>                                                                 \
  attributes Index keep_##name(const Scalar* z, const TopKBounds<Scalar>& bounds,            \
                               const SampleBounds<Scalar>& sample, Index first, Index count, \
                               Scalar limit, std::int32_t* index, Scalar* value) noexcept {  \
    return keep(z, bounds, sample, first, count, limit, index, value);                       \
  }                                                                                          \
  template <typename Scalar>                                                                 \
  attributes Scalar reached_##name(const Scalar* numbers, Index count, Index k) noexcept {   \
    return reached(numbers, count, k);                                                       \
  }                                                                                          \
  template <typename Scalar>                                                                 \
  attributes void move_##name(const TopKRates<Scalar>& rates, const Scalar* g, Scalar* p,    \
                              Scalar* q, Scalar* w, Index n) noexcept {                      \
    move(rates, g, p, q, w, n);                                                              \
  }

TWOFOLD_LOOPS(portable, )
#if defined(__x86_64__)
TWOFOLD_LOOPS(avx2, __attribute__((target("avx2"))))
TWOFOLD_LOOPS(avx512,
              __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,prefer-vector-width=512"))))
#endif
#undef TWOFOLD_LOOPS

template <typename Scalar>
const Loops<Scalar>& loops() noexcept {
  static const Loops<Scalar> fastest = []() -> Loops<Scalar> {
#if defined(__x86_64__)
    if (has(Instructions::Avx512)) {
      return {keep_avx512<Scalar>, reached_avx512<Scalar>, move_avx512<Scalar>};
    }
    if (has(Instructions::Avx2))
      return {keep_avx2<Scalar>, reached_avx2<Scalar>, move_avx2<Scalar>};
#endif
    return {keep_portable<Scalar>, reached_portable<Scalar>, move_portable<Scalar>};
  }();
  return fastest;
}

}  // namespace

template <typename Scalar>
Index keep_possible(const Scalar* z, const TopKBounds<Scalar>& bounds,
                    const SampleBounds<Scalar>& sample, Index first, Index count, Scalar limit,
                    std::int32_t* index, Scalar* value) noexcept {
  return loops<Scalar>().keep(z, bounds, sample, first, count, limit, index, value);
}

template <typename Scalar>
Scalar reached_by(const Scalar* numbers, Index count, Index k) noexcept {
  return loops<Scalar>().reached(numbers, count, k);
}

template <typename Scalar>
void move_weights(const TopKRates<Scalar>& rates, const Scalar* g, Scalar* p, Scalar* q, Scalar* w,
                  Index n) noexcept {
  loops<Scalar>().move(rates, g, p, q, w, n);
}

template <typename Scalar>
void remove_along(const Scalar* w, Scalar* g, Index n) noexcept {
  const auto along = static_cast<Scalar>(
      lane_sum(n, [&](Index i) { return static_cast<double>(g[i]) * static_cast<double>(w[i]); }));
  for (Index i = 0; i < n; ++i) g[i] -= along * w[i];
}

template <typename Scalar>
void normalise(Scalar* w, Index n) noexcept {
  const double norm = std::sqrt(sum_of_squares(w, n));
  if (!(norm > 0) || !std::isfinite(norm)) return;
  const auto factor = static_cast<Scalar>(1 / norm);
  for (Index i = 0; i < n; ++i) w[i] *= factor;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                              \
  template Index keep_possible(const Scalar*, const TopKBounds<Scalar>&,                         \
                               const SampleBounds<Scalar>&, Index, Index, Scalar, std::int32_t*, \
                               Scalar*) noexcept;                                                \
  template Scalar reached_by(const Scalar*, Index, Index) noexcept;                              \
  template void move_weights(const TopKRates<Scalar>&, const Scalar*, Scalar*, Scalar*, Scalar*, \
                             Index) noexcept;                                                    \
  template void remove_along(const Scalar*, Scalar*, Index) noexcept;                            \
  template void normalise(Scalar*, Index) noexcept;
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
