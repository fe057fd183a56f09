#include "topk_loops.hpp"

#include <cstdint>
#include <limits>

#include "lane_sum.hpp"
#include "twofold/core/processor.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
[[gnu::always_inline]] inline void add(const Scalar* __restrict b, Scalar* __restrict z,
                                       Index n) noexcept {
  for (Index i = 0; i < n; ++i) z[i] += b[i];
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
[[gnu::always_inline]] inline void sums(const Scalar* v, double* __restrict out, Index n) noexcept {
  for (Index i = 0; i < n; ++i) out[i] += static_cast<double>(v[i]);
}

template <typename Scalar>
[[gnu::always_inline]] inline void remove(const Scalar* w, Scalar* __restrict g, Index n) noexcept {
  const auto along = static_cast<Scalar>(
      lane_sum(n, [&](Index i) { return static_cast<double>(g[i]) * static_cast<double>(w[i]); }));
  for (Index i = 0; i < n; ++i) g[i] -= along * w[i];
}

template <typename Scalar>
[[gnu::always_inline]] inline void unit(Scalar* w, Index n) noexcept {
  const double norm = std::sqrt(sum_of_squares(w, n));
  if (!(norm > 0) || !std::isfinite(norm)) return;
  const auto factor = static_cast<Scalar>(1 / norm);
  for (Index i = 0; i < n; ++i) w[i] *= factor;
}

template <typename Scalar>
using Add = void (*)(const Scalar*, Scalar*, Index) noexcept;
template <typename Scalar>
using Sums = void (*)(const Scalar*, double*, Index) noexcept;
template <typename Scalar>
using Remove = void (*)(const Scalar*, Scalar*, Index) noexcept;
template <typename Scalar>
using Unit = void (*)(Scalar*, Index) noexcept;
template <typename Scalar>
using Reached = Scalar (*)(const Scalar*, Index, Index) noexcept;
template <typename Scalar>
using Move = void (*)(const TopKRates<Scalar>&, const Scalar*, Scalar*, Scalar*, Scalar*,
                      Index) noexcept;

template <typename Scalar>
struct Loops {
  Add<Scalar> add;
  Sums<Scalar> sums;
  Remove<Scalar> remove;
  Unit<Scalar> unit;
  Reached<Scalar> reached;
  Move<Scalar> move;
};

// One version of the loops for each set of instructions.
#define TWOFOLD_LOOPS(name, attributes)                                                    \
  template <typename Scalar>                                                               \
  attributes void add_##name(const Scalar* b, Scalar* z, Index n) noexcept {               \
    add(b, z, n);                                                                          \
  }                                                                                        \
  template <typename Scalar>                                                               \
  attributes void sums_##name(const Scalar* v, double* out, Index n) noexcept {            \
    sums(v, out, n);                                                                       \
  }                                                                                        \
  template <typename Scalar>                                                               \
  attributes void remove_##name(const Scalar* w, Scalar* g, Index n) noexcept {            \
    remove(w, g, n);                                                                       \
  }                                                                                        \
  template <typename Scalar>                                                               \
  attributes void unit_##name(Scalar* w, Index n) noexcept {                               \
    unit(w, n);                                                                            \
  }                                                                                        \
  template <typename Scalar>                                                               \
  attributes Scalar reached_##name(const Scalar* numbers, Index count, Index k) noexcept { \
    return reached(numbers, count, k);                                                     \
  }                                                                                        \
  template <typename Scalar>                                                               \
  attributes void move_##name(const TopKRates<Scalar>& rates, const Scalar* g, Scalar* p,  \
                              Scalar* q, Scalar* w, Index n) noexcept {                    \
    move(rates, g, p, q, w, n);                                                            \
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
      return {add_avx512<Scalar>,  sums_avx512<Scalar>,    remove_avx512<Scalar>,
              unit_avx512<Scalar>, reached_avx512<Scalar>, move_avx512<Scalar>};
    }
    if (has(Instructions::Avx2))
      return {add_avx2<Scalar>,  sums_avx2<Scalar>,    remove_avx2<Scalar>,
              unit_avx2<Scalar>, reached_avx2<Scalar>, move_avx2<Scalar>};
#endif
    return {add_portable<Scalar>,  sums_portable<Scalar>,    remove_portable<Scalar>,
            unit_portable<Scalar>, reached_portable<Scalar>, move_portable<Scalar>};
  }();
  return fastest;
}

}  // namespace

template <typename Scalar>
void add_numbers(const Scalar* b, Scalar* z, Index n) noexcept {
  loops<Scalar>().add(b, z, n);
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
void add_to_sums(const Scalar* v, double* sums, Index n) noexcept {
  loops<Scalar>().sums(v, sums, n);
}

template <typename Scalar>
void remove_along(const Scalar* w, Scalar* g, Index n) noexcept {
  loops<Scalar>().remove(w, g, n);
}

template <typename Scalar>
void normalise(Scalar* w, Index n) noexcept {
  loops<Scalar>().unit(w, n);
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                              \
  template void add_numbers(const Scalar*, Scalar*, Index) noexcept;                             \
  template void add_to_sums(const Scalar*, double*, Index) noexcept;                             \
  template Scalar reached_by(const Scalar*, Index, Index) noexcept;                              \
  template void move_weights(const TopKRates<Scalar>&, const Scalar*, Scalar*, Scalar*, Scalar*, \
                             Index) noexcept;                                                    \
  template void remove_along(const Scalar*, Scalar*, Index) noexcept;                            \
  template void normalise(Scalar*, Index) noexcept;
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
