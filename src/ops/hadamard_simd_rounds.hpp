// One or two transforms of a vector in vector registers.
//
// A register holds kLanes neighbours: butterflies among them are a permutation and a sum each,
// wider ones a sum and a difference of registers. A block is kRegisters registers; a vector of one
// block is read once, goes through both rounds in registers and leaves as numbers or as bits.
// Longer ones take passes of up to kRegisters-fold butterflies across blocks before and after.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifndef TWOFOLD_TARGET
#error "for the sources that define an instruction set, see hadamard_simd_rows.hpp"
#endif

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

// The part of the next vector that lies where the block at register g does in this one. Rows of
// some pages are too short for the processor's own prefetching, at d = 1024 half the time is lost.
template <typename Simd, int kCount>
TWOFOLD_INLINE void prefetch_block(const void* next, std::size_t g) {
  constexpr std::size_t kLine = 64, kRegister = sizeof(typename Simd::Register);
  const char* first = static_cast<const char*>(next) + g * kRegister;
#pragma GCC unroll 16
  for (std::size_t at = 0; at < kCount * kRegister; at += kLine) __builtin_prefetch(first + at);
}

// What happens to a block in registers: one of the two transforms, or both with D2 between.
enum class Rounds { WideToNarrow, NarrowToWide, Both };

struct Middle {
  const std::uint8_t* negative2 = nullptr;
  const void* next = nullptr;  // prefetched on the way
};

template <typename Simd, int kCount, Rounds kRounds, typename In, typename Out>
TWOFOLD_INLINE void one_block(std::size_t g, const In& in, const Out& out, const Middle& middle) {
  if constexpr (kRounds == Rounds::Both) prefetch_block<Simd, kCount>(middle.next, g);
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
      v[i] = Simd::flip(v[i], bits_of<Simd>(middle.negative2, g + static_cast<std::size_t>(i)));
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
TWOFOLD_TARGET void rounds(std::size_t count, const In& in, const Out& out, const Middle& middle,
                           const Numbers<Simd>& work) {
  switch (count) {
    case 1:
      return one_block<Simd, 1, kRounds>(0, in, out, middle);
    case 2:
      return one_block<Simd, 2, kRounds>(0, in, out, middle);
    case 4:
      return one_block<Simd, 4, kRounds>(0, in, out, middle);
    case 8:
      return one_block<Simd, 8, kRounds>(0, in, out, middle);
    default:
      break;
  }
  if (count == kBlock<Simd>) {
    return one_block<Simd, Simd::kRegisters, kRounds>(0, in, out, middle);
  }
  if (kRounds != Rounds::NarrowToWide) passes_wide_to_narrow<Simd>(0, count, in, work);
  for (std::size_t g = 0; g < count; g += kBlock<Simd>) {
    one_block<Simd, Simd::kRegisters, kRounds>(g, work, work, middle);
  }
  if (kRounds != Rounds::WideToNarrow) passes_narrow_to_wide<Simd>(0, count, work, out);
}

}  // namespace
}  // namespace twofold::ops
