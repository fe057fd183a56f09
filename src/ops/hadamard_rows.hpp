// The operations of HadamardKernels for any plan, on top of three primitives.
#pragma once

#include <algorithm>

#include "hadamard_kernels.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::ops {

/// Primitives: static narrow_to_wide and wide_to_narrow as in HadamardKernels, and
/// mix(Q, length, in, out) as mix_blocks.
template <typename Scalar, typename Primitives>
struct HadamardRows {
  using Plan = HadamardPlan<Scalar>;
  using Numbers = Eigen::Map<VectorOf<Scalar>>;

  static void forward(const Plan& plan, const Scalar* x, Scalar* z, const void* /*next*/,
                      Scalar* work) {
    forward_sums(plan, x, work);
    Numbers(work, plan.size) *= plan.scale;
    shorten(plan, plan.cuts(), work, z);
  }

  static void backward(const Plan& plan, const Scalar* z, Scalar* x, const void* /*next*/,
                       Scalar* work) {
    lengthen(plan, plan.cuts(), z, work);
    backward_sums(plan, x, work);
  }

  static void encode(const Plan& plan, const Scalar* x, std::uint8_t* code, const void* /*next*/,
                     Scalar* work) {
    forward_sums(plan, x, work);
    Scalar* z = plan.cuts() ? work + plan.size : work;
    if (plan.cuts()) shorten(plan, true, work, z);
    const auto n = static_cast<std::size_t>(plan.code_length);
    const std::span<std::uint8_t> bytes(code,
                                        static_cast<std::size_t>(code_bytes(plan.code_length)));
    pack_signs(std::span<const Scalar>(z, n), bytes);
  }

  static void decode(const Plan& plan, const std::uint8_t* code, Scalar* x, const void* /*next*/,
                     Scalar* work) {
    Scalar* z = plan.cuts() ? work + plan.size : work;
    const auto n = static_cast<std::size_t>(plan.code_length);
    unpack_signs(std::span(code, code_bytes(plan.code_length)), std::span(z, n));
    if (plan.cuts()) lengthen(plan, true, z, work);
    backward_sums(plan, x, work);
  }

 private:
  static void forward_sums(const Plan& plan, const Scalar* x, Scalar* work) {
    lengthen(plan, plan.pads(), x, work);
    Numbers(work, plan.size).array() *= plan.signs1.array();
    two_rounds(plan, work);
  }

  static void backward_sums(const Plan& plan, Scalar* x, Scalar* work) {
    two_rounds(plan, work);
    Numbers(work, plan.size).array() *= plan.signs1.array() * plan.scale;
    shorten(plan, plan.pads(), work, x);
  }

  /// T D2 T, its own transpose.
  static void two_rounds(const Plan& plan, Scalar* work) {
    const auto length = static_cast<std::size_t>(plan.length());
    for (Index b = 0; b < plan.blocks; ++b) {
      Primitives::wide_to_narrow(work + b * plan.length(), length);
    }
    mix(plan, work);
    Numbers(work, plan.size).array() *= plan.signs2.array();
    for (Index b = 0; b < plan.blocks; ++b) {
      Primitives::narrow_to_wide(work + b * plan.length(), length);
    }
    mix(plan, work);
  }

  static void mix(const Plan& plan, Scalar* work) {
    if (plan.blocks == 1) return;
    Scalar* mixed = work + plan.size;
    Primitives::mix(plan.mixing, plan.length(), work, mixed);
    std::copy_n(mixed, plan.size, work);
  }

  /// The kept places out of all m, or all of them.
  static void shorten(const Plan& plan, bool cut, const Scalar* work, Scalar* out) {
    if (!cut) {
      std::copy_n(work, plan.size, out);
      return;
    }
    for (const Index place : plan.kept) *out++ = work[place];
  }

  /// The transpose of shorten: zeros elsewhere.
  static void lengthen(const Plan& plan, bool cut, const Scalar* in, Scalar* work) {
    if (!cut) {
      std::copy_n(in, plan.size, work);
      return;
    }
    std::fill_n(work, plan.size, Scalar{0});
    for (const Index place : plan.kept) work[place] = *in++;
  }
};

}  // namespace twofold::ops
