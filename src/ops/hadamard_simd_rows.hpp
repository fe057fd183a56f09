// HadamardKernels on vector registers. A source of one instruction set defines TWOFOLD_TARGET, the
// attribute that allows its instructions, includes this file and gives SimdRows a struct of the
// operations on one register. So no compiler flag is needed, and nothing here exists elsewhere.
#pragma once

#include <bit>

#include "block_mixing.hpp"
#include "hadamard_kernels.hpp"
#include "hadamard_rows.hpp"
#include "hadamard_simd_rounds.hpp"

namespace twofold::ops {
namespace {

// The input of a round; kCut: it is spread over the kept places, zeros elsewhere.
template <typename Simd, bool kSigned, bool kCut>
struct Input {
  const HadamardPlan<float>& plan;
  const float* x;
  TWOFOLD_TARGET typename Simd::Register load(std::size_t g) const {
    typename Simd::Register v;
    if constexpr (kCut) {
      const auto kept = bits_of<Simd>(plan.kept_bits.data(), g);
      v = Simd::expand(x + plan.kept_before[g * sizeof kept], kept);
    } else {
      v = Simd::load(x + g * Simd::kLanes);
    }
    if constexpr (kSigned) v = Simd::flip(v, bits_of<Simd>(plan.negative1.data(), g));
    return v;
  }
};

// ±1 from a code; kCut: zero where nothing is kept (the code is spread over m bits already).
template <typename Simd, bool kCut>
struct InputBits {
  const HadamardPlan<float>& plan;
  const std::uint8_t* code;
  TWOFOLD_TARGET typename Simd::Register load(std::size_t g) const {
    const auto v = Simd::plus_minus(bits_of<Simd>(code, g));
    if constexpr (kCut) return Simd::keep(v, bits_of<Simd>(plan.kept_bits.data(), g));
    return v;
  }
};

template <typename Simd, bool kSigned, bool kCut>
struct Output {
  const HadamardPlan<float>& plan;
  float* x;
  TWOFOLD_TARGET void store(std::size_t g, typename Simd::Register v) const {
    v = Simd::multiply(v, plan.scale);
    if constexpr (kSigned) v = Simd::flip(v, bits_of<Simd>(plan.negative1.data(), g));
    if constexpr (kCut) {
      const auto kept = bits_of<Simd>(plan.kept_bits.data(), g);
      Simd::compress(x + plan.kept_before[g * sizeof kept], v, kept);
    } else {
      Simd::store(x + g * Simd::kLanes, v);
    }
  }
};

template <typename Simd>
struct OutputBits {
  std::uint8_t* code;
  TWOFOLD_TARGET void store(std::size_t g, typename Simd::Register v) const {
    const typename Simd::Bits word = Simd::not_negative(v);
    std::memcpy(code + g * sizeof word, &word, sizeof word);
  }
};

template <typename Simd>
struct Primitives {
  TWOFOLD_TARGET static void narrow_to_wide(float* x, std::size_t size) {
    if (size < Simd::kLanes) return portable_hadamard_kernels<float>().narrow_to_wide(x, size);
    const Numbers<Simd> numbers{x};
    rounds<Simd, Rounds::NarrowToWide>(size / Simd::kLanes, numbers, numbers, Middle{}, numbers);
  }
  TWOFOLD_TARGET static void wide_to_narrow(float* x, std::size_t size) {
    if (size < Simd::kLanes) return portable_hadamard_kernels<float>().wide_to_narrow(x, size);
    const Numbers<Simd> numbers{x};
    rounds<Simd, Rounds::WideToNarrow>(size / Simd::kLanes, numbers, numbers, Middle{}, numbers);
  }
  TWOFOLD_TARGET static void mix(const MatrixF& Q, Index length, const float* in, float* out) {
    mix_blocks(Q, length, in, out);
  }
};

template <typename Simd>
struct SimdRows {
  using Plan = HadamardPlan<float>;
  using General = HadamardRows<float, Primitives<Simd>>;

  static bool fits(const Plan& plan) {
    return plan.blocks == 1 && plan.size >= static_cast<Index>(Simd::kLanes);
  }

  template <typename In, typename Out>
  TWOFOLD_TARGET static void both(const Plan& plan, const In& in, const Out& out, const void* next,
                                  const Numbers<Simd>& work) {
    rounds<Simd, Rounds::Both>(static_cast<std::size_t>(plan.size) / Simd::kLanes, in, out,
                               Middle{plan.negative2.data(), next}, work);
  }

  TWOFOLD_TARGET static void forward(const Plan& plan, const float* x, float* z, const void* next,
                                     float* work) {
    if (!fits(plan)) return General::forward(plan, x, z, next, work);
    if (plan.pads()) {
      both(plan, Input<Simd, true, true>{plan, x}, Output<Simd, false, false>{plan, z}, next,
           {work});
    } else if (plan.cuts()) {
      both(plan, Input<Simd, true, false>{plan, x}, Output<Simd, false, true>{plan, z}, next,
           {work});
    } else {
      both(plan, Input<Simd, true, false>{plan, x}, Output<Simd, false, false>{plan, z}, next,
           {work});
    }
  }

  TWOFOLD_TARGET static void backward(const Plan& plan, const float* z, float* x, const void* next,
                                      float* work) {
    if (!fits(plan)) return General::backward(plan, z, x, next, work);
    if (plan.pads()) {
      both(plan, Input<Simd, false, false>{plan, z}, Output<Simd, true, true>{plan, x}, next,
           {work});
    } else if (plan.cuts()) {
      both(plan, Input<Simd, false, true>{plan, z}, Output<Simd, true, false>{plan, x}, next,
           {work});
    } else {
      both(plan, Input<Simd, false, false>{plan, z}, Output<Simd, true, false>{plan, x}, next,
           {work});
    }
  }

  TWOFOLD_TARGET static void encode(const Plan& plan, const float* x, std::uint8_t* code,
                                    const void* next, float* work) {
    if (!fits(plan)) return General::encode(plan, x, code, next, work);
    if (plan.pads()) {
      both(plan, Input<Simd, true, true>{plan, x}, OutputBits<Simd>{code}, next, {work});
      return;
    }
    std::uint8_t* whole = plan.cuts() ? second_half(plan, work) : code;
    both(plan, Input<Simd, true, false>{plan, x}, OutputBits<Simd>{whole}, next, {work});
    if (plan.cuts()) extract_bits(plan, whole, code);
  }

  TWOFOLD_TARGET static void decode(const Plan& plan, const std::uint8_t* code, float* x,
                                    const void* next, float* work) {
    if (!fits(plan)) return General::decode(plan, code, x, next, work);
    if (plan.pads()) {
      both(plan, InputBits<Simd, false>{plan, code}, Output<Simd, true, true>{plan, x}, next,
           {work});
    } else if (plan.cuts()) {
      std::uint8_t* whole = second_half(plan, work);
      deposit_bits(plan, code, whole);
      both(plan, InputBits<Simd, true>{plan, whole}, Output<Simd, true, false>{plan, x}, next,
           {work});
    } else {
      both(plan, InputBits<Simd, false>{plan, code}, Output<Simd, true, false>{plan, x}, next,
           {work});
    }
  }

  static std::uint8_t* second_half(const Plan& plan, float* work) {
    return reinterpret_cast<std::uint8_t*>(work + plan.size);
  }

  // The bits of the kept places, closed up.
  TWOFOLD_TARGET static void extract_bits(const Plan& plan, const std::uint8_t* whole,
                                          std::uint8_t* code) {
    std::memset(code, 0, static_cast<std::size_t>(code_bytes(plan.code_length)));
    for (std::size_t byte = 0; byte < plan.kept_bits.size(); ++byte) {
      const std::uint32_t first = plan.kept_before[byte];
      const std::uint32_t bits = _pext_u32(whole[byte], plan.kept_bits[byte]) << (first & 7);
      std::uint8_t* place = code + (first >> 3);
      place[0] = static_cast<std::uint8_t>(place[0] | bits);
      if (bits > 0xff) place[1] = static_cast<std::uint8_t>(bits >> 8);
    }
  }

  // The inverse: bits of a code to the kept places.
  TWOFOLD_TARGET static void deposit_bits(const Plan& plan, const std::uint8_t* code,
                                          std::uint8_t* whole) {
    const auto bytes = static_cast<std::size_t>(code_bytes(plan.code_length));
    for (std::size_t byte = 0; byte < plan.kept_bits.size(); ++byte) {
      const std::uint32_t first = plan.kept_before[byte], at = first >> 3;
      std::uint32_t bits = at < bytes ? code[at] : 0U;
      if (at + 1 < bytes) bits |= static_cast<std::uint32_t>(code[at + 1]) << 8;
      whole[byte] = static_cast<std::uint8_t>(_pdep_u32(bits >> (first & 7), plan.kept_bits[byte]));
    }
  }

  static constexpr HadamardKernels<float> kernels{Simd::name,
                                                  Primitives<Simd>::narrow_to_wide,
                                                  Primitives<Simd>::wide_to_narrow,
                                                  forward,
                                                  backward,
                                                  encode,
                                                  decode};
};

}  // namespace
}  // namespace twofold::ops
