// What an instruction set provides for a HadamardEncoder; all of them give the same bits.
//
//   forward    z = s R2 D2 R1 D1 x,  R1 = Q1 ⊗ H with its butterflies from wide to narrow,
//   backward   x = s D1 R1ᵀ D2 R2ᵀ z, R2 = Q2 ⊗ H from narrow to wide
//
// with D ±1, H not normalised, and the scale s last. In backward the transform that comes first
// is again the one from wide to narrow. In the middle the order lets a block stay in registers.
// Each butterfly is one addition and one subtraction, rounded; products with Q are sums from
// block 0 upwards of rounded products. No other order and no fused operation that rounds
// differently is allowed: that is why results do not depend on the machine.
#pragma once

#include <span>

#include "hadamard_plan.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
struct HadamardKernels {
  const char* name;

  /// x <- H x in place; size = 2^k, k >= 0.
  void (*narrow_to_wide)(Scalar* x, std::size_t size);
  void (*wide_to_narrow)(Scalar* x, std::size_t size);

  /// One vector. `work` holds work_size(plan) numbers from a multiple of 64 bytes on; `next` is
  /// where the vector of the next call begins (decode: is written), to be fetched ahead. It is a
  /// hint: never read or written here, any address but nullptr will do.
  void (*forward)(const HadamardPlan<Scalar>& plan, const Scalar* x, Scalar* z, const void* next,
                  Scalar* work);
  void (*backward)(const HadamardPlan<Scalar>& plan, const Scalar* z, Scalar* x, const void* next,
                   Scalar* work);
  /// Packed signs of forward before the scale; `code` holds code_bytes(n).
  void (*encode)(const HadamardPlan<Scalar>& plan, const Scalar* x, std::uint8_t* code,
                 const void* next, Scalar* work);
  /// backward of the ±1 that `code` stands for.
  void (*decode)(const HadamardPlan<Scalar>& plan, const std::uint8_t* code, Scalar* x,
                 const void* next, Scalar* work);
};

/// Twice m: the second half is for the mixing of blocks and for whole codes.
template <std::floating_point Scalar>
[[nodiscard]] Index work_size(const HadamardPlan<Scalar>& plan) noexcept {
  return 2 * ((plan.size + 15) / 16 * 16);
}

/// Plain loops: the definition the others are tested against.
template <std::floating_point Scalar>
[[nodiscard]] const HadamardKernels<Scalar>& portable_hadamard_kernels() noexcept;

/// nullptr where the compiler or this machine's processor lacks the instructions.
[[nodiscard]] const HadamardKernels<float>* avx2_hadamard_kernels() noexcept;
[[nodiscard]] const HadamardKernels<float>* avx512_hadamard_kernels() noexcept;

/// The fastest this machine can run.
template <std::floating_point Scalar>
[[nodiscard]] const HadamardKernels<Scalar>& hadamard_kernels() noexcept;

}  // namespace twofold::ops
