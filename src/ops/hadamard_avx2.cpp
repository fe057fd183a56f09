// The structured encoder on 8 floats a register.
#include "hadamard_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define TWOFOLD_TARGET __attribute__((target("avx2,bmi2")))
#include "hadamard_simd_rows.hpp"

namespace twofold::ops {
namespace {

struct Avx2 {
  using Register = __m256;
  using Bits = std::uint8_t;
  static constexpr const char* name = "avx2";
  static constexpr std::size_t kLanes = 8;
  static constexpr int kRegisters = 8;  // of 16; the others hold constants and swapped lanes

  TWOFOLD_INLINE static Register load(const float* x) { return _mm256_loadu_ps(x); }
  TWOFOLD_INLINE static void store(float* x, Register v) { _mm256_storeu_ps(x, v); }
  TWOFOLD_INLINE static Register add(Register a, Register b) { return _mm256_add_ps(a, b); }
  TWOFOLD_INLINE static Register subtract(Register a, Register b) { return _mm256_sub_ps(a, b); }
  TWOFOLD_INLINE static Register multiply(Register a, float b) {
    return _mm256_mul_ps(a, _mm256_set1_ps(b));
  }

  // Lane i of v with lane i ^ kHalf: their sum in the lower, their difference in the upper.
  template <int kHalf>
  TWOFOLD_INLINE static Register butterfly(Register v) {
    constexpr int kUpper = kHalf == 1 ? 0xaa : kHalf == 2 ? 0xcc : 0xf0;
    const Register sign = _mm256_blend_ps(_mm256_setzero_ps(), _mm256_set1_ps(-0.0f), kUpper);
    return _mm256_add_ps(swapped<kHalf>(v), _mm256_xor_ps(v, sign));
  }
  template <int kHalf>
  TWOFOLD_INLINE static Register swapped(Register v) {
    if constexpr (kHalf == 1) return _mm256_permute_ps(v, 0b10'11'00'01);
    if constexpr (kHalf == 2) return _mm256_permute_ps(v, 0b01'00'11'10);
    if constexpr (kHalf == 4) return _mm256_permute2f128_ps(v, v, 1);
  }

  // All bits of lane i from bit i.
  TWOFOLD_INLINE static __m256 spread(Bits bits) {
    const __m256i lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i here = _mm256_and_si256(_mm256_set1_epi32(bits), lane);
    return _mm256_castsi256_ps(_mm256_cmpeq_epi32(here, lane));
  }
  TWOFOLD_INLINE static Register flip(Register v, Bits bits) {
    return _mm256_xor_ps(v, _mm256_and_ps(spread(bits), _mm256_set1_ps(-0.0f)));
  }
  TWOFOLD_INLINE static Bits not_negative(Register v) {
    return static_cast<Bits>(_mm256_movemask_ps(_mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_GE_OQ)));
  }
  TWOFOLD_INLINE static Register plus_minus(Bits bits) {
    return _mm256_blendv_ps(_mm256_set1_ps(-1.0f), _mm256_set1_ps(1.0f), spread(bits));
  }
  TWOFOLD_INLINE static Register keep(Register v, Bits kept) {
    return _mm256_and_ps(v, spread(kept));
  }

  // Only as many numbers as there are bits are touched in memory. The order of lanes is made of
  // bytes 0..7, of which the bits pick or place some.
  static constexpr std::uint64_t kOrder = 0x0706050403020100;
  TWOFOLD_INLINE static std::uint64_t bytes(Bits kept) {
    return _pdep_u64(kept, 0x0101010101010101) * 0xff;
  }
  TWOFOLD_INLINE static Register permuted(Register v, std::uint64_t order) {
    const __m128i places = _mm_cvtsi64_si128(static_cast<long long>(order));
    return _mm256_permutevar8x32_ps(v, _mm256_cvtepu8_epi32(places));
  }
  TWOFOLD_INLINE static __m256i first(Bits kept) {
    return _mm256_castps_si256(spread(static_cast<Bits>((1U << std::popcount(kept)) - 1)));
  }
  TWOFOLD_INLINE static Register expand(const float* x, Bits kept) {
    const Register v = _mm256_maskload_ps(x, first(kept));
    return keep(permuted(v, _pdep_u64(kOrder, bytes(kept))), kept);
  }
  TWOFOLD_INLINE static void compress(float* x, Register v, Bits kept) {
    _mm256_maskstore_ps(x, first(kept), permuted(v, _pext_u64(kOrder, bytes(kept))));
  }
};

}  // namespace

const HadamardKernels<float>* avx2_hadamard_kernels() noexcept {
  return has(Instructions::Avx2) ? &SimdRows<Avx2>::kernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

const HadamardKernels<float>* avx2_hadamard_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
