// Packing on 16 floats a register, and products by AVX512_BF16.
#include "split_engine.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#if !defined(__clang__)  // a false alarm in the headers of GCC 12 (PR 105593)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

#include <immintrin.h>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))

namespace twofold {
namespace {

constexpr Index kLanes = 16;

// 16 rows of 16 words each: leading halves, and the rest where it is wanted.
struct Tile {
  __m512i_u *leading, *rest;
};

TWOFOLD_TARGET __mmask16 lanes(Index count) noexcept {
  return static_cast<__mmask16>(count >= kLanes ? 0xffffU : (1U << count) - 1U);
}

TWOFOLD_TARGET inline __m512 widened(__m512i words) noexcept {
  return _mm512_castsi512_ps(_mm512_slli_epi32(words, 16));
}

// The bfloat16 of a, then those of b.
TWOFOLD_TARGET inline __m512i rounded(__m512 a, __m512 b) noexcept {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b, a));
}

// Of 32 halves: 0, 16, 1, 17, ...
TWOFOLD_TARGET inline __m512i interleaved() noexcept {
  const __m512i counter = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_or_si512(counter,
                         _mm512_slli_epi32(_mm512_or_si512(counter, _mm512_set1_epi32(16)), 16));
}

// Inner numbers that are neighbours: rows of the source are rows of the tile.
TWOFOLD_TARGET void read_along(const SplitSource& source, const Tile& words) noexcept {
  const __m512 factor = _mm512_set1_ps(source.factor);
  const __mmask16 low = lanes(source.inner);
  const __mmask16 high = source.inner > kLanes ? lanes(source.inner - kLanes) : 0;
  for (Index r = 0; r < kLanes; ++r) {
    __m512 a = _mm512_setzero_ps(), b = a;
    if (r < source.count) {
      const float* row = source.data + r * source.stride;
      a = _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(low, row));
      b = high == 0 ? b : _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(high, row + kLanes));
    }
    const __m512i leading = rounded(a, b);
    words.leading[r] = leading;
    if (words.rest == nullptr) continue;
    a = _mm512_sub_ps(a, widened(_mm512_cvtepu16_epi32(_mm512_castsi512_si256(leading))));
    b = _mm512_sub_ps(b, widened(_mm512_cvtepu16_epi32(_mm512_extracti64x4_epi64(leading, 1))));
    words.rest[r] = rounded(a, b);
  }
}

// Inner numbers that are a row apart: pairs of rows of the source are rows of the tile.
TWOFOLD_TARGET void read_across(const SplitSource& source, const Tile& words) noexcept {
  const __m512 factor = _mm512_set1_ps(source.factor);
  const __mmask16 some = lanes(source.count);
  const __m512i in_turn = interleaved();
  for (Index pair = 0; pair < kLanes; ++pair) {
    const Index inner = 2 * pair;
    const __mmask16 first = inner < source.inner ? some : 0;
    const __mmask16 second = inner + 1 < source.inner ? some : 0;
    const float* from = source.data + inner * source.stride;
    const __m512 a = _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(first, from));
    const __m512 b = _mm512_mul_ps(factor, _mm512_maskz_loadu_ps(second, from + source.stride));
    const __m512i leading = _mm512_permutexvar_epi16(in_turn, rounded(a, b));
    words.leading[pair] = leading;
    if (words.rest == nullptr) continue;
    const __m512i upper = _mm512_and_si512(leading, _mm512_set1_epi32(~0xffff));
    const __m512 a_rest = _mm512_sub_ps(a, widened(leading));
    const __m512 b_rest = _mm512_sub_ps(b, _mm512_castsi512_ps(upper));
    words.rest[pair] = _mm512_permutexvar_epi16(in_turn, rounded(a_rest, b_rest));
  }
}

// 16×16 words: neighbours in pairs of words, then of two, then of the quarters of a register.
TWOFOLD_TARGET void transpose(__m512i_u* m) noexcept {
  __m512i t[kLanes];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(m[i], m[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(m[i], m[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    m[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    m[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    m[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    m[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  // m[4g + c] has, in quarter q, column 4q + c of rows 4g ... 4g + 3.
  for (int c = 0; c < 4; ++c) {
    t[c] = _mm512_shuffle_i32x4(m[c], m[4 + c], 0x88);      // quarters 0, 2
    t[4 + c] = _mm512_shuffle_i32x4(m[c], m[4 + c], 0xdd);  // 1, 3
    t[8 + c] = _mm512_shuffle_i32x4(m[8 + c], m[12 + c], 0x88);
    t[12 + c] = _mm512_shuffle_i32x4(m[8 + c], m[12 + c], 0xdd);
  }
  for (int c = 0; c < 4; ++c) {
    m[c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0x88);
    m[8 + c] = _mm512_shuffle_i32x4(t[c], t[8 + c], 0xdd);
    m[4 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0x88);
    m[12 + c] = _mm512_shuffle_i32x4(t[4 + c], t[12 + c], 0xdd);
  }
}

// Sums of 16×16 in registers; an entry of L is broadcast, with its neighbour.
template <bool kRest>
TWOFOLD_TARGET void square(const std::uint16_t* left, const std::uint16_t* right, Index size,
                           __m512 (&sum)[kLanes]) noexcept {
  for (Index tile = 0; tile < size; tile += split_tile(kRest)) {
    for (Index pair = 0; pair < kLanes; ++pair) {
      const std::uint16_t* r = right + tile + 2 * kLanes * pair;
      const auto r1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(r));
      const auto r2 =
          reinterpret_cast<__m512bh>(_mm512_loadu_si512(kRest ? r + 2 * kSplitWords : r));
      const auto* words = reinterpret_cast<const int*>(left + tile) + pair;
#pragma GCC unroll 16
      for (Index i = 0; i < kLanes; ++i) {
        const auto l1 = reinterpret_cast<__m512bh>(_mm512_set1_epi32(words[kLanes * i]));
        sum[i] = _mm512_dpbf16_ps(sum[i], l1, r1);
        if constexpr (!kRest) continue;
        const auto l2 =
            reinterpret_cast<__m512bh>(_mm512_set1_epi32(words[kLanes * i + kSplitWords]));
        sum[i] = _mm512_dpbf16_ps(sum[i], l1, r2);
        sum[i] = _mm512_dpbf16_ps(sum[i], l2, r1);
      }
    }
  }
}

template <bool kRest>
TWOFOLD_TARGET void multiply(const SplitPart& L, const SplitPart& R, bool add, float* C,
                             Index stride) noexcept {
  const Index group = split_tiles(L.inner) * split_tile(kRest);
  const auto body = [&](Index i, Index j, Index rows, Index columns) TWOFOLD_TARGET {
    float* out = C + i * stride + j;
    const __mmask16 some = lanes(columns);
    __m512 sum[kLanes];
    for (Index r = 0; r < kLanes; ++r) {
      sum[r] =
          add && r < rows ? _mm512_maskz_loadu_ps(some, out + r * stride) : _mm512_setzero_ps();
    }
    square<kRest>(L.tiles + i / kLanes * group, R.tiles + j / kLanes * group, group, sum);
    for (Index r = 0; r < rows; ++r) _mm512_mask_storeu_ps(out + r * stride, some, sum[r]);
  };
  for_each_square<kLanes>(L.count, R.count, body);
}

TWOFOLD_TARGET void multiply_leading(const SplitPart& L, const SplitPart& R, float* C,
                                     Index stride) noexcept {
  multiply<false>(L, R, false, C, stride);
}

}  // namespace

TWOFOLD_TARGET void pack_split_avx512(const SplitSource& source, bool left,
                                      std::uint16_t* tile) noexcept {
  auto* leading = reinterpret_cast<__m512i_u*>(tile);
  const Tile words{leading, source.rest ? leading + kLanes : nullptr};
  source.along ? read_along(source, words) : read_across(source, words);
  if (source.along == left) return;
  transpose(words.leading);
  if (source.rest) transpose(words.rest);
}

const SplitEngine* avx512_split_engine() noexcept {
  static constexpr SplitEngine engine{"avx512_bf16", pack_split_avx512, multiply<true>,
                                      multiply_leading};
  return has(Instructions::Avx512Bf16) ? &engine : nullptr;
}

}  // namespace twofold

#else

namespace twofold {

const SplitEngine* avx512_split_engine() noexcept {
  return nullptr;
}

}  // namespace twofold

#endif
