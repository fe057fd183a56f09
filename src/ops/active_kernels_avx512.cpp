// Active pairs on 16 floats a register.
#include "active_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))

namespace twofold::ops {
namespace {

// A tile of the codes is 6×64: 24 sums in registers, each fed by one broadcast of L and one load
// of R.
constexpr Index kLanes = kPanelLanes, kTileRows = 6, kTileVectors = 4;

// A tile within a product. Only the columns in `last` of the last vector exist.
struct Tile {
  const float* left;
  Index left_stride, inner;
  const float* right;
  float* out;
  Index out_stride;
  __mmask16 last;
};

template <int kRows, int kVectors>
TWOFOLD_TARGET void encode_tile(const Tile& t) {
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_setzero_ps();
  }
  const float* left = t.left;
  const float* right = t.right;
  const Index left_stride = t.left_stride;
  for (Index k = 0; k < t.inner; ++k, ++left, right += kVectors * kLanes) {
    __m512 r[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) r[v] = _mm512_load_ps(right + v * kLanes);
#pragma GCC unroll 6
    for (int i = 0; i < kRows; ++i) {
      const __m512 l = _mm512_set1_ps(left[i * left_stride]);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[i][v] = _mm512_fmadd_ps(l, r[v], sum[i][v]);
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 here = v + 1 < kVectors ? static_cast<__mmask16>(0xffff) : t.last;
      _mm512_mask_storeu_ps(t.out + i * t.out_stride + v * kLanes, here, sum[i][v]);
    }
  }
}

using TileFunction = void (*)(const Tile&);
template <int kRows>
constexpr std::array<TileFunction, kTileVectors> kRowOfTiles{
    encode_tile<kRows, 1>, encode_tile<kRows, 2>, encode_tile<kRows, 3>, encode_tile<kRows, 4>};
constexpr std::array<std::array<TileFunction, kTileVectors>, kTileRows> kTiles{
    kRowOfTiles<1>, kRowOfTiles<2>, kRowOfTiles<3>, kRowOfTiles<4>, kRowOfTiles<5>, kRowOfTiles<6>};

// A panel of R stays in the cache while the rows of L pass by.
void encode(Index rows, Index columns, Index inner, const float* left, Index left_stride,
            const float* right, float* out, Index out_stride) {
  for (Index first = 0; first < columns; first += kLanes * kTileVectors) {
    const Index vectors = std::min(kTileVectors, num_blocks(columns - first, kLanes));
    const Index empty = std::max<Index>(0, first + vectors * kLanes - columns);
    Tile tile{left,
              left_stride,
              inner,
              right + first * inner,
              out + first,
              out_stride,
              static_cast<__mmask16>(0xffffU >> empty)};
    for (Index row = 0; row < rows; row += kTileRows) {
      const Index height = std::min(kTileRows, rows - row);
      kTiles[static_cast<std::size_t>(height - 1)][static_cast<std::size_t>(vectors - 1)](tile);
      tile.left += height * left_stride;
      tile.out += height * out_stride;
    }
  }
}

// Lanes of the last vector of a panel that exist.
template <int kVectors, typename T>
__mmask16 last_of(const PanelRows<T>& rows) {
  return static_cast<__mmask16>(0xffffU >> (kVectors * kLanes - rows.columns));
}

template <int kVectors>
TWOFOLD_TARGET __m512 load(const float* row, int v, __mmask16 last) {
  return v + 1 < kVectors ? _mm512_loadu_ps(row + v * kLanes)
                          : _mm512_maskz_loadu_ps(last, row + v * kLanes);
}

// Rows of the weights come from memory, and no stride prefetcher sees them in time.
constexpr Index kAhead = 4;
template <int kVectors>
void fetch_ahead(const float* row) {
#pragma GCC unroll 8
  for (int v = 0; v < kVectors; ++v) _mm_prefetch(row + v * kLanes, _MM_HINT_T0);
}

template <int kVectors>
TWOFOLD_TARGET void add(const float* panel, const ActivePairs& pairs,
                        const PanelRows<float>& rows) {
  const __mmask16 last = last_of<kVectors>(rows);
  float* out = rows.data;
  for (Index r = 0; r < pairs.rows; ++r, out += rows.stride) {
    const std::int32_t* index = pairs.index + r * pairs.stride;
    const float* value = pairs.value + r * pairs.stride;
    fetch_ahead<kVectors>(out + kAhead * rows.stride);
    __m512 sum[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[v] = load<kVectors>(out, v, last);
    for (Index e = 0, end = pairs.count[r]; e < end; ++e) {
      const float* row = panel + static_cast<Index>(index[e]) * (kVectors * kLanes);
      const __m512 h = _mm512_set1_ps(value[e]);
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        sum[v] = _mm512_fmadd_ps(h, _mm512_load_ps(row + v * kLanes), sum[v]);
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v + 1 < kVectors; ++v) _mm512_storeu_ps(out + v * kLanes, sum[v]);
    _mm512_mask_storeu_ps(out + (kVectors - 1) * kLanes, last, sum[kVectors - 1]);
  }
}

// Two chains of partial sums, so that no product waits for the one before.
template <int kVectors, bool kAdd, bool kFirst>
TWOFOLD_TARGET void add_and_dot(const float* panel, const ActivePairs& pairs,
                                const PanelRows<const float>& old,
                                const PanelRows<const float>& start, float* out, float* partial) {
  constexpr Index kWidth = kVectors * kLanes;
  const __mmask16 last = last_of<kVectors>(old);
  for (Index r = 0; r < pairs.rows; ++r) {
    const std::int32_t* index = pairs.index + r * pairs.stride;
    const float* value = pairs.value + r * pairs.stride;
    float* dots = partial + r * pairs.stride * kLanes;
    fetch_ahead<kVectors>(old.data + (r + kAhead) * old.stride);
    __m512 sum[kVectors], weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = load<kVectors>(old.data + r * old.stride, v, last);
      if constexpr (kAdd) {
        sum[v] = start.data == nullptr ? _mm512_setzero_ps()
                                       : load<kVectors>(start.data + r * start.stride, v, last);
      }
    }
    for (Index e = 0, end = pairs.count[r]; e < end; ++e) {
      const float* row = panel + static_cast<Index>(index[e]) * kWidth;
      const __m512 h = _mm512_set1_ps(value[e]);
      __m512 even = kFirst ? _mm512_setzero_ps() : _mm512_load_ps(dots + e * kLanes);
      __m512 odd = _mm512_setzero_ps();
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const __m512 x = _mm512_load_ps(row + v * kLanes);
        if constexpr (kAdd) sum[v] = _mm512_fmadd_ps(h, x, sum[v]);
        if (v % 2 == 0) even = _mm512_fmadd_ps(weights[v], x, even);
        if (v % 2 == 1) odd = _mm512_fmadd_ps(weights[v], x, odd);
      }
      _mm512_store_ps(dots + e * kLanes, _mm512_add_ps(even, odd));
    }
    if constexpr (kAdd) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) _mm512_store_ps(out + v * kLanes, sum[v]);
      out += kWidth;
    }
  }
}

// Sums of the lanes of 16 registers: a transposition that adds up as it goes. The sum of register
// kOrder[i] is in lane i.
constexpr std::array<std::size_t, kLanes> kOrder{0, 2, 1, 3, 8,  10, 9,  11,
                                                 4, 6, 5, 7, 12, 14, 13, 15};
TWOFOLD_TARGET __m512 sums_of_lanes(__m512 (&v)[kLanes]) {
  constexpr __mmask16 kAll = 0xffff;
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {  // of halves: registers i and i + 8
    v[i] = _mm512_add_ps(_mm512_maskz_shuffle_f32x4(kAll, v[i], v[i + 8], 0b01'00'01'00),
                         _mm512_maskz_shuffle_f32x4(kAll, v[i], v[i + 8], 0b11'10'11'10));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {  // of quarters
    v[i] = _mm512_add_ps(_mm512_maskz_shuffle_f32x4(kAll, v[i], v[i + 4], 0b10'00'10'00),
                         _mm512_maskz_shuffle_f32x4(kAll, v[i], v[i + 4], 0b11'01'11'01));
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {  // of pairs
    v[i] = _mm512_add_ps(_mm512_maskz_shuffle_ps(kAll, v[i], v[i + 2], 0b01'00'01'00),
                         _mm512_maskz_shuffle_ps(kAll, v[i], v[i + 2], 0b11'10'11'10));
  }
  return _mm512_add_ps(_mm512_maskz_shuffle_ps(kAll, v[0], v[1], 0b10'00'10'00),
                       _mm512_maskz_shuffle_ps(kAll, v[0], v[1], 0b11'01'11'01));
}

TWOFOLD_TARGET void fold(const float* partial, float factor, const ActivePairs& pairs) {
  const __m512 factors = _mm512_set1_ps(factor);
  for (Index r = 0; r < pairs.rows; ++r) {
    for (Index e = r * pairs.stride, end = e + pairs.count[r]; e < end; e += kLanes) {
      __m512 v[kLanes];
#pragma GCC unroll 16
      for (std::size_t i = 0; i < kLanes; ++i) {
        v[kOrder[i]] = _mm512_load_ps(partial + (e + static_cast<Index>(i)) * kLanes);
      }
      _mm512_storeu_ps(pairs.value + e, _mm512_mul_ps(factors, sums_of_lanes(v)));
    }
  }
}

// One function for each width of a panel.
using Add = void (*)(const float*, const ActivePairs&, const PanelRows<float>&);
constexpr std::array<Add, kPanelVectors> kAdd{add<1>, add<2>, add<3>, add<4>,
                                              add<5>, add<6>, add<7>, add<8>};

using AddAndDot = void (*)(const float*, const ActivePairs&, const PanelRows<const float>&,
                           const PanelRows<const float>&, float*, float*);
template <bool kAdds, bool kFirst>
constexpr std::array<AddAndDot, kPanelVectors> kAddAndDot{
    add_and_dot<1, kAdds, kFirst>, add_and_dot<2, kAdds, kFirst>, add_and_dot<3, kAdds, kFirst>,
    add_and_dot<4, kAdds, kFirst>, add_and_dot<5, kAdds, kFirst>, add_and_dot<6, kAdds, kFirst>,
    add_and_dot<7, kAdds, kFirst>, add_and_dot<8, kAdds, kFirst>};

constexpr std::size_t place(Index width) {
  return static_cast<std::size_t>(width / kLanes - 1);
}

void add_in_panel(const float* panel, Index width, const ActivePairs& pairs,
                  const PanelRows<float>& out) {
  kAdd[place(width)](panel, pairs, out);
}

void add_and_dot_in_panel(const float* panel, Index width, const ActivePairs& pairs,
                          const PanelRows<const float>& old, bool first,
                          const PanelRows<const float>& start, float* out, float* partial) {
  const auto& functions = out == nullptr
                              ? (first ? kAddAndDot<false, true> : kAddAndDot<false, false>)
                              : (first ? kAddAndDot<true, true> : kAddAndDot<true, false>);
  functions[place(width)](panel, pairs, old, start, out, partial);
}

constexpr ActiveKernels kKernels{"avx512", encode, add_in_panel, add_and_dot_in_panel, fold};

}  // namespace

const ActiveKernels* avx512_active_kernels() noexcept {
  return has(Instructions::Avx512) ? &kKernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

const ActiveKernels* avx512_active_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
