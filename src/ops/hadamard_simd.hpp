// HadamardKernels on vector registers. A source of one instruction set defines TWOFOLD_TARGET, the
// attribute that allows its instructions, and a struct of the operations on one register, and then
// includes this file; so no compiler flag is needed, and nothing here exists outside that source.
//
// A register holds kLanes neighbours: butterflies among them are a permutation and a sum each,
// wider ones a sum and a difference of registers. A block is kRegisters registers; a vector of one
// block is read once, goes through both rounds in registers and leaves as numbers or as bits.
// Longer ones take passes of up to kRegisters-fold butterflies across blocks before and after.
#pragma once

#include <bit>
#include <cstring>

#include "block_mixing.hpp"
#include "hadamard_kernels.hpp"
#include "hadamard_rows.hpp"

#define TWOFOLD_INLINE TWOFOLD_TARGET [[gnu::always_inline]] static inline

namespace twofold::ops {
namespace {

template <typename Simd, int kCount>
using Registers = typename Simd::Register[kCount];

// Butterflies across the registers of v.
template <typename Simd, int kCount, int kHalf>
TWOFOLD_INLINE void one_width(Registers<Simd, kCount>& v) {
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i) {
    if ((i & kHalf) != 0) continue;
    const auto a = v[i], b = v[i + kHalf];
    v[i] = Simd::add(a, b);
    v[i + kHalf] = Simd::subtract(a, b);
  }
}

template <typename Simd, int kCount, int kHalf = kCount / 2>
TWOFOLD_INLINE void across_wide_to_narrow(Registers<Simd, kCount>& v) {
  if constexpr (kHalf >= 1) {
    one_width<Simd, kCount, kHalf>(v);
    across_wide_to_narrow<Simd, kCount, kHalf / 2>(v);
  }
}

template <typename Simd, int kCount, int kHalf = 1>
TWOFOLD_INLINE void across_narrow_to_wide(Registers<Simd, kCount>& v) {
  if constexpr (kHalf < kCount) {
    one_width<Simd, kCount, kHalf>(v);
    across_narrow_to_wide<Simd, kCount, 2 * kHalf>(v);
  }
}

// Butterflies among the lanes of every register.
template <typename Simd, int kCount, int kHalf>
TWOFOLD_INLINE void one_lane_width(Registers<Simd, kCount>& v) {
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i) v[i] = Simd::template butterfly<kHalf>(v[i]);
}

template <typename Simd, int kCount, int kHalf = Simd::kLanes / 2>
TWOFOLD_INLINE void lanes_wide_to_narrow(Registers<Simd, kCount>& v) {
  if constexpr (kHalf >= 1) {
    one_lane_width<Simd, kCount, kHalf>(v);
    lanes_wide_to_narrow<Simd, kCount, kHalf / 2>(v);
  }
}

template <typename Simd, int kCount, int kHalf = 1>
TWOFOLD_INLINE void lanes_narrow_to_wide(Registers<Simd, kCount>& v) {
  if constexpr (kHalf < Simd::kLanes) {
    one_lane_width<Simd, kCount, kHalf>(v);
    lanes_narrow_to_wide<Simd, kCount, 2 * kHalf>(v);
  }
}

// Where the registers of a vector come from and go to; g counts registers.

template <typename Simd>
struct Numbers {
  float* x;
  TWOFOLD_TARGET typename Simd::Register load(std::size_t g) const {
    return Simd::load(x + g * Simd::kLanes);
  }
  TWOFOLD_TARGET void store(std::size_t g, typename Simd::Register v) const {
    Simd::store(x + g * Simd::kLanes, v);
  }
};

// Bits of register g.
template <typename Simd>
TWOFOLD_INLINE typename Simd::Bits bits_of(const std::uint8_t* bits, std::size_t g) {
  typename Simd::Bits word;
  std::memcpy(&word, bits + g * sizeof word, sizeof word);
  return word;
}

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

// What happens to a block in registers: one of the two transforms, or both with D2 between.
enum class Rounds { WideToNarrow, NarrowToWide, Both };

template <typename Simd, int kCount, Rounds kRounds, typename In, typename Out>
TWOFOLD_INLINE void one_block(std::size_t g, const In& in, const Out& out,
                              const std::uint8_t* negative2) {
  Registers<Simd, kCount> v;
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i) v[i] = in.load(g + static_cast<std::size_t>(i));
  if constexpr (kRounds != Rounds::NarrowToWide) {
    across_wide_to_narrow<Simd, kCount>(v);
    lanes_wide_to_narrow<Simd, kCount>(v);
  }
  if constexpr (kRounds == Rounds::Both) {
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) {
      v[i] = Simd::flip(v[i], bits_of<Simd>(negative2, g + static_cast<std::size_t>(i)));
    }
  }
  if constexpr (kRounds != Rounds::WideToNarrow) {
    lanes_narrow_to_wide<Simd, kCount>(v);
    across_narrow_to_wide<Simd, kCount>(v);
  }
#pragma GCC unroll 16
  for (int i = 0; i < kCount; ++i) out.store(g + static_cast<std::size_t>(i), v[i]);
}

// Butterflies across kCount parts of `stride` registers each, starting at register g.
template <typename Simd, int kCount, bool kWideToNarrow, typename In, typename Out>
TWOFOLD_INLINE void one_pass(std::size_t g, std::size_t stride, const In& in, const Out& out) {
  for (std::size_t j = g; j < g + stride; ++j) {
    Registers<Simd, kCount> v;
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) v[i] = in.load(j + static_cast<std::size_t>(i) * stride);
    if constexpr (kWideToNarrow) {
      across_wide_to_narrow<Simd, kCount>(v);
    } else {
      across_narrow_to_wide<Simd, kCount>(v);
    }
#pragma GCC unroll 16
    for (int i = 0; i < kCount; ++i) out.store(j + static_cast<std::size_t>(i) * stride, v[i]);
  }
}

template <typename Simd, bool kWideToNarrow, typename In, typename Out>
TWOFOLD_TARGET void pass(std::size_t parts, std::size_t g, std::size_t stride, const In& in,
                         const Out& out) {
  switch (parts) {
    case 2:
      return one_pass<Simd, 2, kWideToNarrow>(g, stride, in, out);
    case 4:
      return one_pass<Simd, 4, kWideToNarrow>(g, stride, in, out);
    case 8:
      return one_pass<Simd, 8, kWideToNarrow>(g, stride, in, out);
    default:
      break;
  }
  if constexpr (Simd::kRegisters == 16) one_pass<Simd, 16, kWideToNarrow>(g, stride, in, out);
}

template <typename Simd>
constexpr std::size_t kBlock = Simd::kRegisters;

// Widths of a block and more, over `count` registers from g on; the widest pass reads from `in`.
template <typename Simd, typename In>
TWOFOLD_TARGET void passes_wide_to_narrow(std::size_t g, std::size_t count, const In& in,
                                          const Numbers<Simd>& work) {
  const std::size_t parts = std::min(count / kBlock<Simd>, kBlock<Simd>);
  const std::size_t stride = count / parts;
  pass<Simd, true>(parts, g, stride, in, work);
  if (stride == kBlock<Simd>) return;
  for (std::size_t i = 0; i < parts; ++i) {
    passes_wide_to_narrow<Simd>(g + i * stride, stride, work, work);
  }
}

template <typename Simd, typename Out>
TWOFOLD_TARGET void passes_narrow_to_wide(std::size_t g, std::size_t count,
                                          const Numbers<Simd>& work, const Out& out) {
  const std::size_t parts = std::min(count / kBlock<Simd>, kBlock<Simd>);
  const std::size_t stride = count / parts;
  for (std::size_t i = 0; i < parts && stride > kBlock<Simd>; ++i) {
    passes_narrow_to_wide<Simd>(g + i * stride, stride, work, work);
  }
  pass<Simd, false>(parts, g, stride, work, out);
}

// `count` registers = 2^j; `in` and `out` may be the same place, and either may be `work`.
template <typename Simd, Rounds kRounds, typename In, typename Out>
TWOFOLD_TARGET void rounds(std::size_t count, const In& in, const Out& out,
                           const std::uint8_t* negative2, const Numbers<Simd>& work) {
  switch (count) {
    case 1:
      return one_block<Simd, 1, kRounds>(0, in, out, negative2);
    case 2:
      return one_block<Simd, 2, kRounds>(0, in, out, negative2);
    case 4:
      return one_block<Simd, 4, kRounds>(0, in, out, negative2);
    case 8:
      return one_block<Simd, 8, kRounds>(0, in, out, negative2);
    default:
      break;
  }
  if (count == kBlock<Simd>) {
    return one_block<Simd, Simd::kRegisters, kRounds>(0, in, out, negative2);
  }
  if (kRounds != Rounds::NarrowToWide) passes_wide_to_narrow<Simd>(0, count, in, work);
  for (std::size_t g = 0; g < count; g += kBlock<Simd>) {
    one_block<Simd, Simd::kRegisters, kRounds>(g, work, work, negative2);
  }
  if (kRounds != Rounds::WideToNarrow) passes_narrow_to_wide<Simd>(0, count, work, out);
}

template <typename Simd>
struct Primitives {
  TWOFOLD_TARGET static void narrow_to_wide(float* x, std::size_t size) {
    if (size < Simd::kLanes) return portable_hadamard_kernels<float>().narrow_to_wide(x, size);
    const Numbers<Simd> numbers{x};
    rounds<Simd, Rounds::NarrowToWide>(size / Simd::kLanes, numbers, numbers, nullptr, numbers);
  }
  TWOFOLD_TARGET static void wide_to_narrow(float* x, std::size_t size) {
    if (size < Simd::kLanes) return portable_hadamard_kernels<float>().wide_to_narrow(x, size);
    const Numbers<Simd> numbers{x};
    rounds<Simd, Rounds::WideToNarrow>(size / Simd::kLanes, numbers, numbers, nullptr, numbers);
  }
  TWOFOLD_TARGET static void mix(const MatrixF& Q, const MatrixF& Q_transposed, Index length,
                                 const float* in, float* out) {
    mix_blocks(Q, Q_transposed, length, in, out);
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
  TWOFOLD_TARGET static void both(const Plan& plan, const In& in, const Out& out, float* work) {
    rounds<Simd, Rounds::Both>(static_cast<std::size_t>(plan.size) / Simd::kLanes, in, out,
                               plan.negative2.data(), Numbers<Simd>{work});
  }

  TWOFOLD_TARGET static void forward(const Plan& plan, const float* x, float* z, float* work) {
    if (!fits(plan)) return General::forward(plan, x, z, work);
    if (plan.pads()) {
      both(plan, Input<Simd, true, true>{plan, x}, Output<Simd, false, false>{plan, z}, work);
    } else if (plan.cuts()) {
      both(plan, Input<Simd, true, false>{plan, x}, Output<Simd, false, true>{plan, z}, work);
    } else {
      both(plan, Input<Simd, true, false>{plan, x}, Output<Simd, false, false>{plan, z}, work);
    }
  }

  TWOFOLD_TARGET static void backward(const Plan& plan, const float* z, float* x, float* work) {
    if (!fits(plan)) return General::backward(plan, z, x, work);
    if (plan.pads()) {
      both(plan, Input<Simd, false, false>{plan, z}, Output<Simd, true, true>{plan, x}, work);
    } else if (plan.cuts()) {
      both(plan, Input<Simd, false, true>{plan, z}, Output<Simd, true, false>{plan, x}, work);
    } else {
      both(plan, Input<Simd, false, false>{plan, z}, Output<Simd, true, false>{plan, x}, work);
    }
  }

  TWOFOLD_TARGET static void encode(const Plan& plan, const float* x, std::uint8_t* code,
                                    float* work) {
    if (!fits(plan)) return General::encode(plan, x, code, work);
    if (plan.pads()) {
      both(plan, Input<Simd, true, true>{plan, x}, OutputBits<Simd>{code}, work);
      return;
    }
    std::uint8_t* whole = plan.cuts() ? second_half(plan, work) : code;
    both(plan, Input<Simd, true, false>{plan, x}, OutputBits<Simd>{whole}, work);
    if (plan.cuts()) extract_bits(plan, whole, code);
  }

  TWOFOLD_TARGET static void decode(const Plan& plan, const std::uint8_t* code, float* x,
                                    float* work) {
    if (!fits(plan)) return General::decode(plan, code, x, work);
    if (plan.pads()) {
      both(plan, InputBits<Simd, false>{plan, code}, Output<Simd, true, true>{plan, x}, work);
    } else if (plan.cuts()) {
      std::uint8_t* whole = second_half(plan, work);
      deposit_bits(plan, code, whole);
      both(plan, InputBits<Simd, true>{plan, whole}, Output<Simd, true, false>{plan, x}, work);
    } else {
      both(plan, InputBits<Simd, false>{plan, code}, Output<Simd, true, false>{plan, x}, work);
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
      const std::uint32_t bits = Simd::extract(whole[byte], plan.kept_bits[byte]) << (first & 7);
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
      whole[byte] =
          static_cast<std::uint8_t>(Simd::deposit(bits >> (first & 7), plan.kept_bits[byte]));
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
