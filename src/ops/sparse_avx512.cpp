// Sparse codes on registers of 64 bytes.
#include "sparse_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl")))
#include "sparse_simd.hpp"

namespace twofold::ops {
namespace {

struct Avx512Common {
  static constexpr const char* name = "avx512";
  static constexpr int kAccumulators = 16;  // of 32
};

// With a mask of ones where GCC 12 warns of its own unmasked forms (PR 105593).
// Compressed registers are stored whole: the store of a part is slow on some processors, and
// the caller's arrays have room.
struct Avx512Float : Avx512Common {
  using Scalar = float;
  using Register = __m512;
  TWOFOLD_INLINE static __mmask16 some(Index n) { return static_cast<__mmask16>((1U << n) - 1); }
  TWOFOLD_INLINE static Register zero() { return _mm512_setzero_ps(); }
  TWOFOLD_INLINE static Register set(float a) { return _mm512_set1_ps(a); }
  TWOFOLD_INLINE static Register load(const float* p) { return _mm512_loadu_ps(p); }
  TWOFOLD_INLINE static Register load(const float* p, Index n) {
    return _mm512_maskz_loadu_ps(some(n), p);
  }
  TWOFOLD_INLINE static void store(float* p, Register v) { _mm512_storeu_ps(p, v); }
  TWOFOLD_INLINE static void store(float* p, Register v, Index n) {
    _mm512_mask_storeu_ps(p, some(n), v);
  }
  TWOFOLD_INLINE static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  TWOFOLD_INLINE static Register multiply_add(Register a, Register b, Register c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  TWOFOLD_INLINE static Register subtract_multiple(Register a, Register b, Register c) {
    return _mm512_fnmadd_ps(a, b, c);
  }
  TWOFOLD_INLINE static Register magnitude(Register v) { return _mm512_abs_ps(v); }
  TWOFOLD_INLINE static Register larger(Register v, Register than) {
    return _mm512_maskz_max_ps(0xffff, v, than);
  }
  TWOFOLD_INLINE static float sum(Register v) {
    const __m256 half = _mm256_add_ps(_mm512_maskz_extractf32x8_ps(0xff, v, 0),
                                      _mm512_maskz_extractf32x8_ps(0xff, v, 1));
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  TWOFOLD_INLINE static unsigned above(Register v, Register limit) {
    return _mm512_cmp_ps_mask(v, limit, _CMP_NLE_UQ);
  }
  TWOFOLD_INLINE static unsigned at_least(Register v, Register limit) {
    return _mm512_cmp_ps_mask(_mm512_abs_ps(v), limit, _CMP_NLT_UQ);
  }
  TWOFOLD_INLINE static Index keep(unsigned bits, Index i, Register v, std::int32_t* index,
                                   float* value) {
    const auto mask = static_cast<__mmask16>(bits);
    const __m512i place =
        _mm512_add_epi32(_mm512_set1_epi32(static_cast<std::int32_t>(i)),
                         _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
    _mm512_storeu_si512(index, _mm512_maskz_compress_epi32(mask, place));
    _mm512_storeu_ps(value, _mm512_maskz_compress_ps(mask, v));
    return std::popcount(static_cast<unsigned>(mask));
  }
};

struct Avx512Double : Avx512Common {
  using Scalar = double;
  using Register = __m512d;
  TWOFOLD_INLINE static __mmask8 some(Index n) { return static_cast<__mmask8>((1U << n) - 1); }
  TWOFOLD_INLINE static Register zero() { return _mm512_setzero_pd(); }
  TWOFOLD_INLINE static Register set(double a) { return _mm512_set1_pd(a); }
  TWOFOLD_INLINE static Register load(const double* p) { return _mm512_loadu_pd(p); }
  TWOFOLD_INLINE static Register load(const double* p, Index n) {
    return _mm512_maskz_loadu_pd(some(n), p);
  }
  TWOFOLD_INLINE static void store(double* p, Register v) { _mm512_storeu_pd(p, v); }
  TWOFOLD_INLINE static void store(double* p, Register v, Index n) {
    _mm512_mask_storeu_pd(p, some(n), v);
  }
  TWOFOLD_INLINE static Register add(Register a, Register b) { return _mm512_add_pd(a, b); }
  TWOFOLD_INLINE static Register multiply_add(Register a, Register b, Register c) {
    return _mm512_fmadd_pd(a, b, c);
  }
  TWOFOLD_INLINE static Register subtract_multiple(Register a, Register b, Register c) {
    return _mm512_fnmadd_pd(a, b, c);
  }
  TWOFOLD_INLINE static Register magnitude(Register v) { return _mm512_abs_pd(v); }
  TWOFOLD_INLINE static Register larger(Register v, Register than) {
    return _mm512_maskz_max_pd(0xff, v, than);
  }
  TWOFOLD_INLINE static double sum(Register v) {
    const __m256d half = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(0xf, v, 0),
                                       _mm512_maskz_extractf64x4_pd(0xf, v, 1));
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }
  TWOFOLD_INLINE static unsigned above(Register v, Register limit) {
    return _mm512_cmp_pd_mask(v, limit, _CMP_NLE_UQ);
  }
  TWOFOLD_INLINE static unsigned at_least(Register v, Register limit) {
    return _mm512_cmp_pd_mask(_mm512_abs_pd(v), limit, _CMP_NLT_UQ);
  }
  TWOFOLD_INLINE static Index keep(unsigned bits, Index i, Register v, std::int32_t* index,
                                   double* value) {
    const auto mask = static_cast<__mmask8>(bits);
    const __m256i place = _mm256_add_epi32(_mm256_set1_epi32(static_cast<std::int32_t>(i)),
                                           _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(index),
                        _mm256_maskz_compress_epi32(mask, place));
    _mm512_storeu_pd(value, _mm512_maskz_compress_pd(mask, v));
    return std::popcount(static_cast<unsigned>(mask));
  }
};

}  // namespace

template <>
const SparseKernels<float>* avx512_sparse_kernels() noexcept {
  return has(Instructions::Avx512) ? &SparseSimd<Avx512Float>::kernels : nullptr;
}

template <>
const SparseKernels<double>* avx512_sparse_kernels() noexcept {
  return has(Instructions::Avx512) ? &SparseSimd<Avx512Double>::kernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

template <>
const SparseKernels<float>* avx512_sparse_kernels() noexcept {
  return nullptr;
}

template <>
const SparseKernels<double>* avx512_sparse_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
