// The structured encoder on 16 floats a register.
#include "hadamard_kernels.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)

#include <immintrin.h>

#define TWOFOLD_TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2")))
#include "hadamard_simd_rows.hpp"

namespace twofold::ops {
namespace {

struct Avx512 {
  using Register = __m512;
  using Bits = std::uint16_t;
  static constexpr const char* name = "avx512";
  static constexpr std::size_t kLanes = 16;
  static constexpr int kRegisters = 16;  // of 32; the others hold constants and swapped lanes

  TWOFOLD_INLINE static Register load(const float* x) { return _mm512_loadu_ps(x); }
  TWOFOLD_INLINE static void store(float* x, Register v) { _mm512_storeu_ps(x, v); }
  TWOFOLD_INLINE static Register add(Register a, Register b) { return _mm512_add_ps(a, b); }
  TWOFOLD_INLINE static Register subtract(Register a, Register b) { return _mm512_sub_ps(a, b); }
  TWOFOLD_INLINE static Register multiply(Register a, float b) {
    return _mm512_mul_ps(a, _mm512_set1_ps(b));
  }

  // Lane i of v with lane i ^ kHalf: their sum in the lower, their difference in the upper. The
  // product with ±1 is exact, so the fused sum rounds as the plain one does.
  template <int kHalf>
  TWOFOLD_INLINE static Register butterfly(Register v) {
    constexpr int kUpper = kHalf == 1 ? 0xaaaa : kHalf == 2 ? 0xcccc : kHalf == 4 ? 0xf0f0 : 0xff00;
    const Register sign = _mm512_mask_blend_ps(static_cast<__mmask16>(kUpper), _mm512_set1_ps(1.0f),
                                               _mm512_set1_ps(-1.0f));
    return _mm512_fmadd_ps(v, sign, swapped<kHalf>(v));
  }
  // With a mask of ones: GCC 12 warns of its own unmasked forms (PR 105593).
  template <int kHalf>
  TWOFOLD_INLINE static Register swapped(Register v) {
    if constexpr (kHalf == 1) return _mm512_maskz_permute_ps(0xffff, v, 0b10'11'00'01);
    if constexpr (kHalf == 2) return _mm512_maskz_permute_ps(0xffff, v, 0b01'00'11'10);
    if constexpr (kHalf == 4) return _mm512_maskz_shuffle_f32x4(0xffff, v, v, 0b10'11'00'01);
    if constexpr (kHalf == 8) return _mm512_maskz_shuffle_f32x4(0xffff, v, v, 0b01'00'11'10);
  }

  TWOFOLD_INLINE static Register flip(Register v, Bits bits) {
    return _mm512_mask_xor_ps(v, bits, v, _mm512_set1_ps(-0.0f));
  }
  TWOFOLD_INLINE static Bits not_negative(Register v) {
    return _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_GE_OQ);
  }
  TWOFOLD_INLINE static Register plus_minus(Bits bits) {
    return _mm512_mask_blend_ps(bits, _mm512_set1_ps(-1.0f), _mm512_set1_ps(1.0f));
  }
  TWOFOLD_INLINE static Register keep(Register v, Bits kept) {
    return _mm512_maskz_mov_ps(kept, v);
  }

  // Only as many numbers as there are bits are touched in memory.
  TWOFOLD_INLINE static __mmask16 first(Bits kept) {
    return static_cast<__mmask16>((1U << std::popcount(kept)) - 1);
  }
  TWOFOLD_INLINE static Register expand(const float* x, Bits kept) {
    return _mm512_maskz_expand_ps(kept, _mm512_maskz_loadu_ps(first(kept), x));
  }
  TWOFOLD_INLINE static void compress(float* x, Register v, Bits kept) {
    _mm512_mask_storeu_ps(x, first(kept), _mm512_maskz_compress_ps(kept, v));
  }
};

}  // namespace

const HadamardKernels<float>* avx512_hadamard_kernels() noexcept {
  return has(Instructions::Avx512) ? &SimdRows<Avx512>::kernels : nullptr;
}

}  // namespace twofold::ops

#else

namespace twofold::ops {

const HadamardKernels<float>* avx512_hadamard_kernels() noexcept {
  return nullptr;
}

}  // namespace twofold::ops

#endif
