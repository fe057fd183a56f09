// Sparse codes on pairs of registers of 32 bytes.
#include "sparse_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#include <bit>

#define TWOFOLD_TARGET __attribute__((target("avx2,fma")))
#include "sparse_simd.hpp"

namespace twofold::ops {
namespace {

// All bits of lane l where first + l < n.
TWOFOLD_INLINE __m256i lanes_below(Index n, int first) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n) - first), lane);
}

struct Avx2Float {
  static constexpr const char* name = "avx2";
  static constexpr int kAccumulators = 4;  // 8 of 16
  using Scalar = float;
  struct Register {
    __m256 low, high;
  };
  TWOFOLD_INLINE static Register zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
  TWOFOLD_INLINE static Register set(float a) { return {_mm256_set1_ps(a), _mm256_set1_ps(a)}; }
  TWOFOLD_INLINE static Register load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  TWOFOLD_INLINE static Register load(const float* p, Index n) {
    return {_mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_maskload_ps(p + 8, lanes_below(n, 8))};
  }
  TWOFOLD_INLINE static void store(float* p, Register v) {
    _mm256_storeu_ps(p, v.low);
    _mm256_storeu_ps(p + 8, v.high);
  }
  TWOFOLD_INLINE static void store(float* p, Register v, Index n) {
    _mm256_maskstore_ps(p, lanes_below(n, 0), v.low);
    _mm256_maskstore_ps(p + 8, lanes_below(n, 8), v.high);
  }
  TWOFOLD_INLINE static Register add(Register a, Register b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  TWOFOLD_INLINE static Register multiply_add(Register a, Register b, Register c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  TWOFOLD_INLINE static Register subtract_multiple(Register a, Register b, Register c) {
    return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
  }
  TWOFOLD_INLINE static Register magnitude(Register v) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, v.low), _mm256_andnot_ps(sign, v.high)};
  }
  TWOFOLD_INLINE static Register larger(Register v, Register than) {
    return {_mm256_max_ps(v.low, than.low), _mm256_max_ps(v.high, than.high)};
  }
  TWOFOLD_INLINE static float sum(Register v) {
    const __m256 half = _mm256_add_ps(v.low, v.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
  }
  TWOFOLD_INLINE static unsigned bits(__m256 low, __m256 high) {
    return static_cast<unsigned>(_mm256_movemask_ps(low)) |
           static_cast<unsigned>(_mm256_movemask_ps(high)) << 8;
  }
  TWOFOLD_INLINE static unsigned above(Register v, Register limit) {
    return bits(_mm256_cmp_ps(v.low, limit.low, _CMP_NLE_UQ),
                _mm256_cmp_ps(v.high, limit.high, _CMP_NLE_UQ));
  }
  TWOFOLD_INLINE static unsigned at_least(Register v, Register limit) {
    const Register size = magnitude(v);
    return bits(_mm256_cmp_ps(size.low, limit.low, _CMP_NLT_UQ),
                _mm256_cmp_ps(size.high, limit.high, _CMP_NLT_UQ));
  }
  TWOFOLD_INLINE static Index keep(unsigned bits, Index i, Register v, std::int32_t* index,
                                   float* value) {
    if (bits == 0) return 0;
    alignas(32) float lane[16];
    store(lane, v);
    Index kept = 0;
    for (; bits != 0; bits &= bits - 1, ++kept) {
      const int l = std::countr_zero(bits);
      index[kept] = static_cast<std::int32_t>(i + l);
      value[kept] = lane[l];
    }
    return kept;
  }
};

struct Avx2Double {
  static constexpr const char* name = "avx2";
  static constexpr int kAccumulators = 4;
  using Scalar = double;
  struct Register {
    __m256d low, high;
  };
  TWOFOLD_INLINE static __m256i some(Index n, int first) {
    return _mm256_cvtepi32_epi64(_mm256_castsi256_si128(lanes_below(n, first)));
  }
  TWOFOLD_INLINE static Register zero() { return {_mm256_setzero_pd(), _mm256_setzero_pd()}; }
  TWOFOLD_INLINE static Register set(double a) { return {_mm256_set1_pd(a), _mm256_set1_pd(a)}; }
  TWOFOLD_INLINE static Register load(const double* p) {
    return {_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
  }
  TWOFOLD_INLINE static Register load(const double* p, Index n) {
    return {_mm256_maskload_pd(p, some(n, 0)), _mm256_maskload_pd(p + 4, some(n, 4))};
  }
  TWOFOLD_INLINE static void store(double* p, Register v) {
    _mm256_storeu_pd(p, v.low);
    _mm256_storeu_pd(p + 4, v.high);
  }
  TWOFOLD_INLINE static void store(double* p, Register v, Index n) {
    _mm256_maskstore_pd(p, some(n, 0), v.low);
    _mm256_maskstore_pd(p + 4, some(n, 4), v.high);
  }
  TWOFOLD_INLINE static Register add(Register a, Register b) {
    return {_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)};
  }
  TWOFOLD_INLINE static Register multiply_add(Register a, Register b, Register c) {
    return {_mm256_fmadd_pd(a.low, b.low, c.low), _mm256_fmadd_pd(a.high, b.high, c.high)};
  }
  TWOFOLD_INLINE static Register subtract_multiple(Register a, Register b, Register c) {
    return {_mm256_fnmadd_pd(a.low, b.low, c.low), _mm256_fnmadd_pd(a.high, b.high, c.high)};
  }
  TWOFOLD_INLINE static Register magnitude(Register v) {
    const __m256d sign = _mm256_set1_pd(-0.0);
    return {_mm256_andnot_pd(sign, v.low), _mm256_andnot_pd(sign, v.high)};
  }
  TWOFOLD_INLINE static Register larger(Register v, Register than) {
    return {_mm256_max_pd(v.low, than.low), _mm256_max_pd(v.high, than.high)};
  }
  TWOFOLD_INLINE static double sum(Register v) {
    const __m256d half = _mm256_add_pd(v.low, v.high);
    const __m128d two = _mm_add_pd(_mm256_castpd256_pd128(half), _mm256_extractf128_pd(half, 1));
    return _mm_cvtsd_f64(_mm_add_sd(two, _mm_unpackhi_pd(two, two)));
  }
  TWOFOLD_INLINE static unsigned bits(__m256d low, __m256d high) {
    return static_cast<unsigned>(_mm256_movemask_pd(low)) |
           static_cast<unsigned>(_mm256_movemask_pd(high)) << 4;
  }
  TWOFOLD_INLINE static unsigned above(Register v, Register limit) {
    return bits(_mm256_cmp_pd(v.low, limit.low, _CMP_NLE_UQ),
                _mm256_cmp_pd(v.high, limit.high, _CMP_NLE_UQ));
  }
  TWOFOLD_INLINE static unsigned at_least(Register v, Register limit) {
    const Register size = magnitude(v);
    return bits(_mm256_cmp_pd(size.low, limit.low, _CMP_NLT_UQ),
                _mm256_cmp_pd(size.high, limit.high, _CMP_NLT_UQ));
  }
  TWOFOLD_INLINE static Index keep(unsigned bits, Index i, Register v, std::int32_t* index,
                                   double* value) {
    if (bits == 0) return 0;
    alignas(32) double lane[8];
    store(lane, v);
    Index kept = 0;
    for (; bits != 0; bits &= bits - 1, ++kept) {
      const int l = std::countr_zero(bits);
      index[kept] = static_cast<std::int32_t>(i + l);
      value[kept] = lane[l];
    }
    return kept;
  }
};

}  // namespace

template <>
const SparseKernels<float>* avx2_sparse_kernels() noexcept {
  return has(Instructions::Avx2) ? &SparseSimd<Avx2Float>::kernels : nullptr;
}

template <>
const SparseKernels<double>* avx2_sparse_kernels() noexcept {
  return has(Instructions::Avx2) ? &SparseSimd<Avx2Double>::kernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

template <>
const SparseKernels<float>* avx2_sparse_kernels() noexcept {
  return nullptr;
}

template <>
const SparseKernels<double>* avx2_sparse_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
