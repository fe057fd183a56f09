#include "int8_product.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace twofold::ops {

#if defined(__x86_64__)

namespace {

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))

// Rows are read in pieces of constant length, filled up with 0, whose loops become vectors.
constexpr Index kPiece = 256, kLanes = 16;

inline void read_piece(const float* x, Index d, Index begin, float* piece) noexcept {
  const Index count = std::min(kPiece, d - begin);
  std::copy_n(x + begin, count, piece);
  std::fill(piece + count, piece + kPiece, 0.0f);
}

// Scale and length; the largest number by its bits without the sign, where NaN is above all.
TWOFOLD_TARGET void measure(const float* x, Index d, Int8Row& row) noexcept {
  std::int32_t most[kLanes] = {};
  double squares[kLanes] = {};
  alignas(64) float piece[kPiece];
  for (Index begin = 0; begin < d; begin += kPiece) {
    read_piece(x, d, begin, piece);
    for (Index i = 0; i < kPiece; i += kLanes) {
      for (Index l = 0; l < kLanes; ++l) {
        const std::int32_t bits = std::bit_cast<std::int32_t>(piece[i + l]) & 0x7fffffff;
        most[l] = std::max(most[l], bits);
        squares[l] += static_cast<double>(piece[i + l]) * static_cast<double>(piece[i + l]);
      }
    }
  }
  row.norms.norm = std::sqrt(std::accumulate(squares, squares + kLanes, 0.0));
  if (!std::isfinite(row.norms.norm)) return;
  row.scale = std::bit_cast<float>(*std::max_element(most, most + kLanes)) / 127.0f;
  if (row.scale == 0 || !std::isfinite(1.0f / row.scale)) row.scale = 0;
}

TWOFOLD_TARGET void round_row(const float* x, Index d, Index member, Index members, int offset,
                              Int8Quad* out, Int8Row& row) noexcept {
  const float inverse = row.scale > 0 ? 1.0f / row.scale : 0.0f;
  const auto scale = static_cast<double>(row.scale);
  std::int32_t sums[kLanes] = {};
  double squares[kLanes] = {};
  alignas(64) float piece[kPiece];
  alignas(64) std::uint8_t bytes[kPiece];
  for (Index begin = 0; begin < d; begin += kPiece) {
    read_piece(x, d, begin, piece);
    for (Index i = 0; i < kPiece; i += kLanes) {
      for (Index l = 0; l < kLanes; ++l) {
        const float scaled = piece[i + l] * inverse;
        const auto nearest = static_cast<std::int32_t>(scaled + std::copysign(0.5f, scaled));
        const std::int32_t value = std::min(std::max(nearest, -127), 127);
        const double lost = static_cast<double>(piece[i + l]) - scale * value;
        sums[l] += value;
        squares[l] += lost * lost;
        bytes[i + l] = static_cast<std::uint8_t>(value + offset);
      }
    }
    const Index quads = std::min(kPiece / 4, int8_quads(d) - begin / 4);
    for (Index q = 0; q < quads; ++q) {
      std::memcpy(out + (begin / 4 + q) * members + member, bytes + 4 * q, 4);
    }
  }
  row.correction = 128 * std::accumulate(sums, sums + kLanes, 0);
  row.norms.rounding = std::sqrt(std::accumulate(squares, squares + kLanes, 0.0));
}

// sum + Σ x w over four neighbours, x unsigned and w signed. GCC 12 copies the sums through memory
// where it is given the intrinsic.
TWOFOLD_TARGET inline __m512i add_products(__m512i sum, __m512i x, __m512i w) noexcept {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
  return sum;
}

// As the product of bf16_product.cpp: 24 sums in registers.
TWOFOLD_TARGET void product(const Int8Quad* samples, const float* scale, const Int8Units& units,
                            Index quads, float* out, Index stride) noexcept {
  constexpr int kWide = kBf16Atoms / 16;
  const Int8Quad* packed = units.packed;
  __m512i sum[kBf16Samples][kWide];
#pragma GCC unroll 6
  for (auto& row : sum) {
#pragma GCC unroll 4
    for (__m512i& s : row) s = _mm512_setzero_si512();
  }
  for (Index q = 0; q < quads; ++q, samples += kBf16Samples, packed += kBf16Atoms) {
    __m512i w[kWide];
#pragma GCC unroll 4
    for (int g = 0; g < kWide; ++g) w[g] = _mm512_loadu_si512(packed + 16 * g);
#pragma GCC unroll 6
    for (int s = 0; s < kBf16Samples; ++s) {
      const __m512i x = _mm512_set1_epi32(static_cast<int>(samples[s]));
#pragma GCC unroll 4
      for (int g = 0; g < kWide; ++g) sum[s][g] = add_products(sum[s][g], x, w[g]);
    }
  }
#pragma GCC unroll 4
  for (int g = 0; g < kWide; ++g) {
    const __m512i correction = _mm512_loadu_si512(units.correction + 16 * g);
    const __m512 unit_scale = _mm512_loadu_ps(units.scale + 16 * g);
#pragma GCC unroll 6
    for (int s = 0; s < kBf16Samples; ++s) {
      const __m512 z = _mm512_maskz_cvtepi32_ps(0xffff, _mm512_sub_epi32(sum[s][g], correction));
      _mm512_storeu_ps(out + s * stride + 16 * g,
                       _mm512_mul_ps(_mm512_mul_ps(z, _mm512_set1_ps(scale[s])), unit_scale));
    }
  }
}

}  // namespace

Int8Row pack_int8(const float* x, Index d, Index member, Index members, int offset,
                  Int8Quad* out) noexcept {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Int8Row row;
  measure(x, d, row);
  if (row.norms.norm < kInfinity) {
    round_row(x, d, member, members, offset, out, row);
  } else {
    for (Index q = 0; q < int8_quads(d); ++q) out[q * members + member] = 0;
    row.norms = {kInfinity, kInfinity};
  }
  return row;
}

Int8Kernel int8_kernel() noexcept {
  static const bool runs =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni");
  return runs ? product : nullptr;
}

#else

Int8Row pack_int8(const float*, Index, Index, Index, int, Int8Quad*) noexcept {
  return {};
}

Int8Kernel int8_kernel() noexcept {
  return nullptr;
}

#endif

}  // namespace twofold::ops
