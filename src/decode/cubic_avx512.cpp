// Sixteen numbers at a time. A piece is one load of 16 bytes; four by four they are transposed.
#include "cubic_lanes.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__) && defined(__GNUC__)

#if !defined(__clang__)  // a false alarm in the headers of GCC 12 (PR 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#define TWOFOLD_AVX512 __attribute__((target("avx512f,avx512dq")))
#define TWOFOLD_AVX512_INLINE [[gnu::always_inline]] TWOFOLD_AVX512 inline

namespace twofold::decode {
namespace {

struct Places {
  __m512i offset;  // in bytes from the first piece
  __m512 s;
};

TWOFOLD_AVX512_INLINE Places find_pieces(const PieceGrid& grid, __m512 x) {
  const __m512 a = _mm512_add_ps(_mm512_abs_ps(x), _mm512_set1_ps(grid.start()));
  const __m512i left =
      _mm512_and_si512(_mm512_min_epi32(_mm512_castps_si512(a), _mm512_set1_epi32(grid.last())),
                       _mm512_set1_epi32(kLeftEnd));
  constexpr int kBytes = sizeof(Piece);
  const __m512i first = _mm512_mask_blend_epi32(
      _mm512_movepi32_mask(_mm512_castps_si512(x)), _mm512_set1_epi32(-kBytes * grid.origin()),
      _mm512_set1_epi32(kBytes * (grid.stored_side() - grid.origin())));
  return {_mm512_add_epi32(_mm512_srai_epi32(left, kIndexShift - std::countr_zero(sizeof(Piece))),
                           first),
          _mm512_sub_ps(a, _mm512_castsi512_ps(left))};
}

/// Offsets pass through memory, where a load is cheaper than taking a vector register apart, which
/// the compiler would rather do.
TWOFOLD_AVX512_INLINE void store_offsets(__m512i offset, std::uint32_t* offsets) {
  _mm512_store_si512(offsets, offset);
  asm volatile("" : "+m"(*reinterpret_cast<__m512i*>(offsets)));
}

TWOFOLD_AVX512_INLINE __m128 load(const char* pieces, std::uint32_t offset) {
  return _mm_loadu_ps(reinterpret_cast<const float*>(pieces + offset));
}

/// Pieces of numbers 0, 4, 8, 12.
TWOFOLD_AVX512_INLINE __m512 load_four(const char* pieces, const std::uint32_t* offsets) {
  const __m256 low = _mm256_insertf128_ps(_mm256_castps128_ps256(load(pieces, offsets[0])),
                                          load(pieces, offsets[4]), 1);
  const __m256 high = _mm256_insertf128_ps(_mm256_castps128_ps256(load(pieces, offsets[8])),
                                           load(pieces, offsets[12]), 1);
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

/// rows[e] with the pieces of numbers e, 4 + e, 8 + e, 12 + e -> the four coefficients of the
/// sixteen numbers in order.
TWOFOLD_AVX512_INLINE void transpose(__m512* rows) {
  const __m512 t0 = _mm512_unpacklo_ps(rows[0], rows[1]);
  const __m512 t1 = _mm512_unpackhi_ps(rows[0], rows[1]);
  const __m512 t2 = _mm512_unpacklo_ps(rows[2], rows[3]);
  const __m512 t3 = _mm512_unpackhi_ps(rows[2], rows[3]);
  rows[0] = _mm512_shuffle_ps(t0, t2, 0x44);
  rows[1] = _mm512_shuffle_ps(t0, t2, 0xee);
  rows[2] = _mm512_shuffle_ps(t1, t3, 0x44);
  rows[3] = _mm512_shuffle_ps(t1, t3, 0xee);
}

struct Values {
  __m512 value, slope;
};

TWOFOLD_AVX512_INLINE Values evaluate(const __m512* c, __m512 s, __m512 x) {
  const __m512 cubic = _mm512_mul_ps(s, c[3]), square = _mm512_add_ps(c[2], cubic);
  const __m512 chord = _mm512_add_ps(c[1], _mm512_mul_ps(s, square));
  const __m512 value = _mm512_add_ps(c[0], _mm512_mul_ps(s, chord));
  const __m512 sign = _mm512_and_ps(x, _mm512_set1_ps(-0.0f));
  return {_mm512_xor_ps(value, sign),
          _mm512_add_ps(chord, _mm512_mul_ps(s, _mm512_add_ps(square, cubic)))};
}

/// Places of numbers that are looked up together. Found in a loop of their own: a processor that
/// loads an offset right after the store of sixteen waits.
struct PlacesOfMany {
  static constexpr std::size_t kSize = 256;
  alignas(64) std::uint32_t offsets[kSize];
  alignas(64) float s[kSize];

  TWOFOLD_AVX512_INLINE void find(const PieceGrid& grid, const float* in, __m512 scale,
                                  std::size_t size) {
    for (std::size_t i = 0; i < size; i += kLanes) {
      const Places p = find_pieces(grid, _mm512_mul_ps(scale, _mm512_loadu_ps(in + i)));
      _mm512_store_si512(offsets + i, p.offset);
      _mm512_store_ps(s + i, p.s);
    }
  }
};

TWOFOLD_AVX512 double lookup(const PieceTables& table, const float* in, float scale,
                             float amplitude, float* out, std::size_t size) {
  const PieceGrid grid = table.grid;  // a copy that no store to `out` can change
  const auto* const pieces = reinterpret_cast<const char*>(table.pieces);
  const __m512 factor = _mm512_set1_ps(scale), height = _mm512_set1_ps(amplitude);
  __m512 sum = _mm512_setzero_ps();
  PlacesOfMany places;
  const std::size_t whole = size - size % kLanes;
  for (std::size_t begin = 0; begin < whole; begin += PlacesOfMany::kSize) {
    const std::size_t count = std::min(PlacesOfMany::kSize, whole - begin);
    places.find(grid, in + begin, factor, count);
    for (std::size_t i = 0; i < count; i += kLanes) {
      __m512 c[4];
      for (int e = 0; e < 4; ++e) c[e] = load_four(pieces, places.offsets + i + e);
      transpose(c);
      const __m512 x = _mm512_mul_ps(factor, _mm512_loadu_ps(in + begin + i));
      const Values v = evaluate(c, _mm512_load_ps(places.s + i), x);
      _mm512_storeu_ps(out + begin + i, _mm512_mul_ps(height, v.value));
      sum = _mm512_add_ps(sum, v.slope);
    }
  }
  alignas(64) float lanes[kLanes];
  _mm512_store_ps(lanes, sum);
  for (std::size_t i = whole; i < size; ++i) {
    const CubicValue v = lookup_one(table, scale * in[i]);
    out[i] = amplitude * v.value;
    lanes[i % kLanes] += v.slope;
  }
  return sum_of_lanes(lanes);
}

TWOFOLD_AVX512_INLINE __m512 product(__m512 a, __m512 b, __m512 c, float factor) {
  return _mm512_mul_ps(_mm512_mul_ps(_mm512_mul_ps(a, b), c), _mm512_set1_ps(factor));
}

/// table_weights of sixteen numbers.
TWOFOLD_AVX512_INLINE void weigh(__m512 u, __m512* w) {
  const __m512 before = _mm512_add_ps(u, _mm512_set1_ps(1.0f));
  const __m512 after = _mm512_sub_ps(u, _mm512_set1_ps(1.0f));
  const __m512 far = _mm512_sub_ps(u, _mm512_set1_ps(2.0f));
  w[0] = product(u, after, far, -1.0f / 6.0f);
  w[1] = product(before, after, far, 0.5f);
  w[2] = product(before, u, far, -0.5f);
  w[3] = product(before, u, after, 1.0f / 6.0f);
}

/// The four coefficients of sixteen numbers, each from its own mix of four tables.
TWOFOLD_AVX512_INLINE void load_mixed(const char* pieces, std::ptrdiff_t stride,
                                      const std::uint32_t* offsets, const __m512* w, __m512* c) {
  for (int e = 0; e < 4; ++e) {
    const __m512i spread = _mm512_setr_epi32(e, e, e, e, 4 + e, 4 + e, 4 + e, 4 + e, 8 + e, 8 + e,
                                             8 + e, 8 + e, 12 + e, 12 + e, 12 + e, 12 + e);
    __m512 part[4];
    for (int k = 0; k < 4; ++k) {
      part[k] = _mm512_mul_ps(_mm512_permutexvar_ps(spread, w[k]),
                              load_four(pieces + k * stride, offsets + e));
    }
    c[e] = _mm512_add_ps(_mm512_add_ps(part[0], part[1]), _mm512_add_ps(part[2], part[3]));
  }
  transpose(c);
}

TWOFOLD_AVX512 double scaled_lookup(const PieceTables& tables, const ScaledLookup& scaled,
                                    const float* r, float* x, std::size_t size) {
  const PieceGrid grid = tables.grid;  // copies that no store to x can change
  const auto* const pieces = reinterpret_cast<const char*>(tables.pieces);
  const ScaledLookup at = scaled;
  const std::int32_t stride = grid.size() * static_cast<int>(sizeof(Piece));  // bytes
  const __m512 gain = _mm512_set1_ps(at.gain);
  const __m512 tau = _mm512_set1_ps(at.tau), one = _mm512_set1_ps(1.0f);
  __m512 sum = _mm512_setzero_ps();
  alignas(64) std::uint32_t offsets[kLanes];
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    const __m512 square = _mm512_loadu_ps(at.squares + i);
    __m512 p = _mm512_sub_ps(_mm512_set1_ps(at.place), _mm512_loadu_ps(at.offsets + i));
    p = _mm512_min_ps(_mm512_max_ps(p, _mm512_set1_ps(at.low)), _mm512_set1_ps(at.high));
    const __m512i table = _mm512_cvttps_epi32(p);
    __m512 w[4], c[4];
    weigh(_mm512_sub_ps(p, _mm512_cvtepi32_ps(table)), w);
    const __m512 scale = _mm512_sqrt_ps(_mm512_add_ps(square, tau));
    const __m512 nu = _mm512_div_ps(_mm512_mul_ps(gain, _mm512_loadu_ps(r + i)), scale);
    const Places places = find_pieces(grid, nu);
    const __m512i offset = _mm512_mullo_epi32(_mm512_sub_epi32(table, _mm512_set1_epi32(1)),
                                              _mm512_set1_epi32(stride));
    store_offsets(_mm512_add_epi32(offset, places.offset), offsets);
    load_mixed(pieces, stride, offsets, w, c);
    const Values v = evaluate(c, places.s, nu);
    const __m512 keep =
        _mm512_min_ps(one, _mm512_div_ps(_mm512_mul_ps(_mm512_set1_ps(at.most), square), tau));
    _mm512_storeu_ps(x + i, _mm512_mul_ps(_mm512_mul_ps(scale, keep), v.value));
    sum = _mm512_add_ps(sum, _mm512_mul_ps(keep, v.slope));
  }
  alignas(64) float lanes[kLanes];
  _mm512_store_ps(lanes, sum);
  for (; i < size; ++i) {
    const CubicValue v = scaled_lookup_one(tables, scaled, i, r[i]);
    x[i] = v.value;
    lanes[i % kLanes] += v.slope;
  }
  return sum_of_lanes(lanes);
}

TWOFOLD_AVX512_INLINE __m512 share(__m512 weight, const float* p) {
  return _mm512_mul_ps(weight, _mm512_loadu_ps(p));
}

TWOFOLD_AVX512 void mix(const PieceTables& tables, const TableMix& mix, Piece* pieces) {
  const std::ptrdiff_t count = std::ptrdiff_t{4} * tables.grid.size();  // numbers; a multiple of 16
  const float* p = tables.pieces->data() + mix.first * count;
  float* out = pieces->data();
  __m512 w[4];
  for (std::size_t k = 0; k < 4; ++k) w[k] = _mm512_set1_ps(mix.weights[k]);
  for (std::ptrdiff_t i = 0; i < count; i += 16) {
    const __m512 low = _mm512_add_ps(share(w[0], p + i), share(w[1], p + count + i));
    const __m512 high =
        _mm512_add_ps(share(w[2], p + 2 * count + i), share(w[3], p + 3 * count + i));
    _mm512_storeu_ps(out + i, _mm512_add_ps(low, high));
  }
}

}  // namespace

const CubicKernels* avx512_cubic_kernels() noexcept {
  static constexpr CubicKernels kernels{"avx512", lookup, scaled_lookup, mix};
  return has(Instructions::Avx512) ? &kernels : nullptr;
}

}  // namespace twofold::decode

#else

namespace twofold::decode {
const CubicKernels* avx512_cubic_kernels() noexcept {
  return nullptr;
}
}  // namespace twofold::decode

#endif
