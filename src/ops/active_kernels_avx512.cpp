// Active pairs on 16 floats a register.
#include "active_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

// GCC 12 warns of its own intrinsics (PR 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma")))
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

// Columns of a panel in registers. Where half of the last one is enough, its other half is garbage:
// on some processors this takes half of the time.
template <int kHalves>
struct Registers {
  static constexpr int kCount = (kHalves + 1) / 2;
  static constexpr bool kOdd = kHalves % 2 == 1;

  static constexpr bool is_half(int v) { return kOdd && v + 1 == kCount; }
  template <typename T>
  static __mmask16 last(const PanelRows<T>& rows) {
    return static_cast<__mmask16>(0xffffU >> (kCount * kLanes - rows.columns));
  }
  // Of a matrix, and of a panel.
  TWOFOLD_INLINE static __m512 load(const float* row, int v, __mmask16 last) {
    return v + 1 < kCount ? _mm512_loadu_ps(row + v * kLanes)
                          : _mm512_maskz_loadu_ps(last, row + v * kLanes);
  }
  TWOFOLD_INLINE static __m512 load(const float* row, int v) {
    return is_half(v) ? _mm512_castps256_ps512(_mm256_load_ps(row + v * kLanes))
                      : _mm512_load_ps(row + v * kLanes);
  }
  TWOFOLD_INLINE static __m512 multiply_add(int v, __m512 a, __m512 b, __m512 c) {
    if (!is_half(v)) return _mm512_fmadd_ps(a, b, c);
    return _mm512_castps256_ps512(_mm256_fmadd_ps(
        _mm512_castps512_ps256(a), _mm512_castps512_ps256(b), _mm512_castps512_ps256(c)));
  }
  // Rows of the weights come from memory, and no stride prefetcher sees them in time.
  template <typename T>
  static void fetch_ahead(const PanelRows<T>& rows, Index r) {
    constexpr Index kAhead = 4;
    const float* row = rows.data + (r + kAhead) * rows.stride;
#pragma GCC unroll 8
    for (int v = 0; v < kCount; ++v) _mm_prefetch(row + v * kLanes, _MM_HINT_T0);
  }
};

template <int kHalves, bool kInOrder>
TWOFOLD_TARGET void add(const float* panel, float factor, const ActivePairs& pairs,
                        const PanelRows<float>& rows) {
  using Use = Registers<kHalves>;
  constexpr int kVectors = Use::kCount;
  const __mmask16 last = Use::last(rows);
  const __m512 factors = _mm512_set1_ps(factor);
  for (Index r = 0; r < pairs.rows; ++r) {
    Use::fetch_ahead(rows, r);
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
          sum[v] = Use::multiply_add(v, h, Use::load(row, v), sum[v]);
        }
      }
    }
    float* out = rows.data + r * rows.stride;
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      sum[v] = _mm512_fmadd_ps(factors, sum[v], Use::load(out, v, last));
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
TWOFOLD_TARGET void fold(const float* lanes, Index count, float factor, bool first, float* dots) {
  const __m512 factors = _mm512_set1_ps(factor);
  for (Index e = 0; e < count; e += kLanes) {
    __m512 sums = _mm512_mul_ps(factors, sums_of_lanes(lanes + e * kLanes));
    if (!first) sums = _mm512_add_ps(sums, _mm512_load_ps(dots + e));
    _mm512_store_ps(dots + e, sums);
  }
}

template <int kHalves, bool kAdd>
TWOFOLD_TARGET void add_and_dot(const float* panel, float factor, const ActivePairs& pairs,
                                const PanelRows<const float>& start, float* out,
                                const PanelRows<const float>& old, float dot_factor, bool first,
                                float* dots) {
  using Use = Registers<kHalves>;
  constexpr int kVectors = Use::kCount;
  constexpr Index kWidth = kVectors * kLanes;
  const __mmask16 last = Use::last(old);
  const __m512 factors = _mm512_set1_ps(factor);
  alignas(64) float partial[kWord * kLanes] = {};
  for (Index r = 0; r < pairs.rows; ++r) {
    Use::fetch_ahead(old, r);
    __m512 sum[kVectors], weights[kVectors];
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      weights[v] = Use::load(old.data + r * old.stride, v, last);
      sum[v] = _mm512_setzero_ps();
    }
    for (Index w = 0; w < pairs.words; ++w) {
      const std::uint64_t fires = pairs.fires[r * pairs.words + w];
      float* lanes = partial;
      for (std::uint64_t left = fires; left != 0; left &= left - 1, lanes += kLanes) {
        const Index c = w * kWord + std::countr_zero(left);
        const float* row = panel + c * kWidth;
        const __m512 h = _mm512_set1_ps(pairs.value[r * pairs.stride + c]);
        // Chains, so that no product waits for the one before; half a register has its own.
        __m512 dot[3] = {_mm512_setzero_ps(), _mm512_setzero_ps(), _mm512_setzero_ps()};
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) {
          const __m512 x = Use::load(row, v);
          __m512& chain = dot[Use::is_half(v) ? 2 : v % 2];
          if constexpr (kAdd) sum[v] = Use::multiply_add(v, h, x, sum[v]);
          chain = Use::multiply_add(v, weights[v], x, chain);
        }
        dot[0] = _mm512_add_ps(dot[0], dot[1]);
        if constexpr (Use::kOdd) dot[0] = _mm512_mask_add_ps(dot[0], 0xff, dot[0], dot[2]);
        _mm512_store_ps(lanes, dot[0]);
      }
      fold(partial, std::popcount(fires), dot_factor, first, dots + (r * pairs.words + w) * kWord);
    }
    if constexpr (kAdd) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        const __m512 before = start.data == nullptr
                                  ? _mm512_setzero_ps()
                                  : Use::load(start.data + r * start.stride, v, last);
        const __mmask16 here = v + 1 < kVectors ? static_cast<__mmask16>(0xffff) : last;
        _mm512_store_ps(out + r * kWidth + v * kLanes,
                        _mm512_maskz_fmadd_ps(here, factors, sum[v], before));
      }
    }
  }
}

// One function for each number of halves of a register.
constexpr std::size_t kMostHalves = 2 * kPanelVectors;
constexpr Index kHalf = kLanes / 2;
using Halves = std::make_integer_sequence<int, kMostHalves>;

using Add = void (*)(const float*, float, const ActivePairs&, const PanelRows<float>&);
template <bool kInOrder, int... kBefore>
constexpr std::array<Add, kMostHalves> adds(std::integer_sequence<int, kBefore...>) {
  return {add<kBefore + 1, kInOrder>...};
}
using AddAndDot = void (*)(const float*, float, const ActivePairs&, const PanelRows<const float>&,
                           float*, const PanelRows<const float>&, float, bool, float*);
template <bool kAdd, int... kBefore>
constexpr std::array<AddAndDot, kMostHalves> adds_and_dots(std::integer_sequence<int, kBefore...>) {
  return {add_and_dot<kBefore + 1, kAdd>...};
}

void add_in_panel(const float* panel, float factor, const ActivePairs& pairs,
                  const PanelRows<float>& out) {
  static constexpr std::array kFunctions{adds<false>(Halves{}), adds<true>(Halves{})};
  const auto place = static_cast<std::size_t>(num_blocks(out.columns, kHalf) - 1);
  kFunctions[pairs.in_order ? 1 : 0][place](panel, factor, pairs, out);
}

void add_and_dot_in_panel(const float* panel, float factor, const ActivePairs& pairs,
                          const PanelRows<const float>& start, float* out,
                          const PanelRows<const float>& old, float dot_factor, bool first,
                          float* dots) {
  static constexpr std::array kFunctions{adds_and_dots<false>(Halves{}),
                                         adds_and_dots<true>(Halves{})};
  const auto place = static_cast<std::size_t>(num_blocks(old.columns, kHalf) - 1);
  kFunctions[out == nullptr ? 0 : 1][place](panel, factor, pairs, start, out, old, dot_factor,
                                            first, dots);
}

constexpr ActiveKernels kKernels{"avx512",  encode,       fire,
                                 transpose, add_in_panel, add_and_dot_in_panel};

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
