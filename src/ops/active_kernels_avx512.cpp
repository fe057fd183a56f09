// Active pairs on 16 floats a register.
#include "active_kernels.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#define TWOFOLD_INLINE TWOFOLD_TARGET __attribute__((always_inline)) inline

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

TWOFOLD_TARGET __mmask16 lanes_before(Index end) {
  return static_cast<__mmask16>(end >= kLanes ? 0xffffU : (1U << end) - 1U);
}

TWOFOLD_INLINE std::uint64_t above_zero(__m512 z) {
  return _mm512_cmp_ps_mask(z, _mm512_setzero_ps(), _CMP_NLE_UQ);
}

TWOFOLD_TARGET std::uint64_t fire(const float* z, Index columns) {
  std::uint64_t bits = 0;
  if (columns >= kWord) {
#pragma GCC unroll 4
    for (Index c = 0; c < kWord; c += kLanes) bits |= above_zero(_mm512_loadu_ps(z + c)) << c;
    return bits;
  }
  for (Index c = 0; c < columns; c += kLanes) {
    bits |= above_zero(_mm512_maskz_loadu_ps(lanes_before(columns - c), z + c)) << c;
  }
  return bits;
}

TWOFOLD_TARGET void fire(Index rows, Index columns, const float* Z, Index stride,
                         std::uint64_t* fires) {
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; c += kWord) *fires++ = fire(Z + r * stride + c, columns - c);
  }
}

// Rows of 16 registers become their columns. With a mask of ones where GCC 12 warns of its own
// unmasked forms (PR 105593).
TWOFOLD_INLINE void transpose(__m512 (&r)[kLanes]) {
  constexpr __mmask16 kAll = 0xffff;
  __m512 t[kLanes];
#pragma GCC unroll 8
  for (int i = 0; i < kLanes; i += 2) {
    t[i] = _mm512_maskz_unpacklo_ps(kAll, r[i], r[i + 1]);
    t[i + 1] = _mm512_maskz_unpackhi_ps(kAll, r[i], r[i + 1]);
  }
  // r[i + c]: of column 4l + c, four rows from i on in quarter l.
#pragma GCC unroll 4
  for (int i = 0; i < kLanes; i += 4) {
    r[i] = _mm512_maskz_shuffle_ps(kAll, t[i], t[i + 2], 0b01'00'01'00);
    r[i + 1] = _mm512_maskz_shuffle_ps(kAll, t[i], t[i + 2], 0b11'10'11'10);
    r[i + 2] = _mm512_maskz_shuffle_ps(kAll, t[i + 1], t[i + 3], 0b01'00'01'00);
    r[i + 3] = _mm512_maskz_shuffle_ps(kAll, t[i + 1], t[i + 3], 0b11'10'11'10);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {
    const __m512 even = _mm512_maskz_shuffle_f32x4(kAll, r[c], r[c + 4], 0b10'00'10'00);
    const __m512 odd = _mm512_maskz_shuffle_f32x4(kAll, r[c], r[c + 4], 0b11'01'11'01);
    const __m512 even2 = _mm512_maskz_shuffle_f32x4(kAll, r[c + 8], r[c + 12], 0b10'00'10'00);
    const __m512 odd2 = _mm512_maskz_shuffle_f32x4(kAll, r[c + 8], r[c + 12], 0b11'01'11'01);
    t[c] = _mm512_maskz_shuffle_f32x4(kAll, even, even2, 0b10'00'10'00);
    t[c + 8] = _mm512_maskz_shuffle_f32x4(kAll, even, even2, 0b11'01'11'01);
    t[c + 4] = _mm512_maskz_shuffle_f32x4(kAll, odd, odd2, 0b10'00'10'00);
    t[c + 12] = _mm512_maskz_shuffle_f32x4(kAll, odd, odd2, 0b11'01'11'01);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kLanes; ++i) r[i] = t[i];
}

TWOFOLD_TARGET void transpose(Index rows, Index columns, const float* Z, Index stride, float* out,
                              Index out_stride) {
  for (Index c = 0; c < columns; c += kLanes) {
    const __mmask16 here = lanes_before(columns - c);
    for (Index r = 0; r < rows; r += kLanes) {
      __m512 block[kLanes];
#pragma GCC unroll 16
      for (Index i = 0; i < kLanes; ++i) {
        block[i] = r + i < rows ? _mm512_maskz_loadu_ps(here, Z + (r + i) * stride + c)
                                : _mm512_setzero_ps();
      }
      transpose(block);
#pragma GCC unroll 16
      for (Index i = 0; i < kLanes; ++i) _mm512_store_ps(out + (c + i) * out_stride + r, block[i]);
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

template <int kVectors, bool kInOrder>
TWOFOLD_TARGET void add(const float* panel, float factor, const ActivePairs& pairs,
                        const PanelRows<float>& rows) {
  const __mmask16 last = last_of<kVectors>(rows);
  const __m512 factors = _mm512_set1_ps(factor);
  float* out = rows.data;
  for (Index r = 0; r < pairs.rows; ++r, out += rows.stride) {
    fetch_ahead<kVectors>(out + kAhead * rows.stride);
    __m512 sum[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) sum[v] = _mm512_setzero_ps();
    for (Index w = 0; w < pairs.words; ++w) {
      const float* value = pairs.value + r * pairs.stride + (kInOrder ? w * kWord : 0);
      for (std::uint64_t left = pairs.fires[r * pairs.words + w]; left != 0; left &= left - 1) {
        const Index c = w * kWord + std::countr_zero(left);
        const float* row = panel + c * (kVectors * kLanes);
        const __m512 h = _mm512_set1_ps(kInOrder ? *value++ : value[c]);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          sum[v] = _mm512_fmadd_ps(h, _mm512_load_ps(row + v * kLanes), sum[v]);
        }
      }
    }
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = _mm512_fmadd_ps(factors, sum[v], load<kVectors>(out, v, last));
      if (v + 1 < kVectors) _mm512_storeu_ps(out + v * kLanes, sum[v]);
    }
    _mm512_mask_storeu_ps(out + (kVectors - 1) * kLanes, last, sum[kVectors - 1]);
  }
}

// Sums of 16 rows of 16 lanes: a transposition that adds up as it goes. Halves are put together as
// they are loaded, which takes no shuffle.
constexpr std::array<Index, kLanes> kOrder{0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15};
TWOFOLD_INLINE __m512 two_halves(const float* a, const float* b) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(_mm256_load_ps(a)), _mm256_load_ps(b), 1);
}
TWOFOLD_INLINE __m512 sums_of_lanes(const float* lanes) {
  constexpr __mmask16 kAll = 0xffff;
  __m512 v[8];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) {  // of halves
    const float* a = lanes + kOrder[i] * kLanes;
    const float* b = lanes + kOrder[i + 8] * kLanes;
    v[i] = _mm512_add_ps(two_halves(a, b), two_halves(a + 8, b + 8));
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

// dots = factor * sums of `count` rows of lanes, or added to them.
template <bool kFirst>
TWOFOLD_TARGET void fold(const float* lanes, Index count, float factor, float* dots) {
  const __m512 factors = _mm512_set1_ps(factor);
  for (Index e = 0; e < count; e += kLanes) {
    __m512 sums = _mm512_mul_ps(factors, sums_of_lanes(lanes + e * kLanes));
    if constexpr (!kFirst) sums = _mm512_add_ps(sums, _mm512_load_ps(dots + e));
    _mm512_store_ps(dots + e, sums);
  }
}

template <int kVectors, bool kAdd, bool kFirst>
TWOFOLD_TARGET void add_and_dot(const float* panel, float factor, const ActivePairs& pairs,
                                const PanelRows<const float>& start, float* out,
                                const PanelRows<const float>& old, float dot_factor, float* dots) {
  constexpr Index kWidth = kVectors * kLanes;
  const __mmask16 last = last_of<kVectors>(old);
  const __m512 factors = _mm512_set1_ps(factor);
  alignas(64) float partial[kWord * kLanes] = {};
  for (Index r = 0; r < pairs.rows; ++r) {
    fetch_ahead<kVectors>(old.data + (r + kAhead) * old.stride);
    __m512 sum[kVectors], weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = load<kVectors>(old.data + r * old.stride, v, last);
      sum[v] = _mm512_setzero_ps();
    }
    for (Index w = 0; w < pairs.words; ++w) {
      const std::uint64_t fires = pairs.fires[r * pairs.words + w];
      float* lanes = partial;
      for (std::uint64_t left = fires; left != 0; left &= left - 1, lanes += kLanes) {
        const Index c = w * kWord + std::countr_zero(left);
        const float* row = panel + c * kWidth;
        const __m512 h = _mm512_set1_ps(pairs.value[r * pairs.stride + c]);
        // Two chains, so that no product waits for the one before.
        __m512 even = _mm512_setzero_ps(), odd = _mm512_setzero_ps();
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          const __m512 x = _mm512_load_ps(row + v * kLanes);
          if constexpr (kAdd) sum[v] = _mm512_fmadd_ps(h, x, sum[v]);
          if (v % 2 == 0) even = _mm512_fmadd_ps(weights[v], x, even);
          if (v % 2 == 1) odd = _mm512_fmadd_ps(weights[v], x, odd);
        }
        _mm512_store_ps(lanes, _mm512_add_ps(even, odd));
      }
      fold<kFirst>(partial, std::popcount(fires), dot_factor, dots + (r * pairs.words + w) * kWord);
    }
    if constexpr (kAdd) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const __m512 before = start.data == nullptr
                                  ? _mm512_setzero_ps()
                                  : load<kVectors>(start.data + r * start.stride, v, last);
        _mm512_store_ps(out + r * kWidth + v * kLanes, _mm512_fmadd_ps(factors, sum[v], before));
      }
    }
  }
}

// One function for each width of a panel.
using Add = void (*)(const float*, float, const ActivePairs&, const PanelRows<float>&);
template <bool kInOrder>
constexpr std::array<Add, kPanelVectors> kAdd{add<1, kInOrder>, add<2, kInOrder>, add<3, kInOrder>,
                                              add<4, kInOrder>, add<5, kInOrder>, add<6, kInOrder>,
                                              add<7, kInOrder>, add<8, kInOrder>};

using AddAndDot = void (*)(const float*, float, const ActivePairs&, const PanelRows<const float>&,
                           float*, const PanelRows<const float>&, float, float*);
template <bool kAdds, bool kFirst>
constexpr std::array<AddAndDot, kPanelVectors> kAddAndDot{
    add_and_dot<1, kAdds, kFirst>, add_and_dot<2, kAdds, kFirst>, add_and_dot<3, kAdds, kFirst>,
    add_and_dot<4, kAdds, kFirst>, add_and_dot<5, kAdds, kFirst>, add_and_dot<6, kAdds, kFirst>,
    add_and_dot<7, kAdds, kFirst>, add_and_dot<8, kAdds, kFirst>};

constexpr std::size_t place(Index width) {
  return static_cast<std::size_t>(width / kLanes - 1);
}

void add_in_panel(const float* panel, Index width, float factor, const ActivePairs& pairs,
                  const PanelRows<float>& out) {
  const auto& functions = pairs.in_order ? kAdd<true> : kAdd<false>;
  functions[place(width)](panel, factor, pairs, out);
}

void add_and_dot_in_panel(const float* panel, Index width, float factor, const ActivePairs& pairs,
                          const PanelRows<const float>& start, float* out,
                          const PanelRows<const float>& old, float dot_factor, bool first,
                          float* dots) {
  const auto& functions = out == nullptr
                              ? (first ? kAddAndDot<false, true> : kAddAndDot<false, false>)
                              : (first ? kAddAndDot<true, true> : kAddAndDot<true, false>);
  functions[place(width)](panel, factor, pairs, start, out, old, dot_factor, dots);
}

constexpr ActiveKernels kKernels{"avx512",  encode,       fire,
                                 transpose, add_in_panel, add_and_dot_in_panel};

}  // namespace

const ActiveKernels* avx512_active_kernels() noexcept {
  const bool runs = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return runs ? &kKernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

const ActiveKernels* avx512_active_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
