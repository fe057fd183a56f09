// Plain loops: what the other instruction sets must reproduce bit by bit.
#include "block_mixing.hpp"
#include "hadamard_kernels.hpp"
#include "hadamard_rows.hpp"

namespace twofold::ops {
namespace {

// Butterflies of half-width h on all of x.
template <typename Scalar>
void stage(Scalar* x, std::size_t size, std::size_t half) {
  for (std::size_t start = 0; start < size; start += 2 * half) {
    Scalar* __restrict low = x + start;
    Scalar* __restrict high = x + start + half;
    for (std::size_t i = 0; i < half; ++i) {
      const Scalar a = low[i], b = high[i];
      low[i] = a + b;
      high[i] = a - b;
    }
  }
}

template <typename Scalar>
struct Portable {
  static void narrow_to_wide(Scalar* x, std::size_t size) {
    for (std::size_t half = 1; half < size; half *= 2) stage(x, size, half);
  }
  static void wide_to_narrow(Scalar* x, std::size_t size) {
    for (std::size_t half = size / 2; half >= 1; half /= 2) stage(x, size, half);
  }
  static void mix(const MatrixOf<Scalar>& Q, Index length, const Scalar* in, Scalar* out) {
    mix_blocks(Q, length, in, out);
  }
};

}  // namespace

template <std::floating_point Scalar>
const HadamardKernels<Scalar>& portable_hadamard_kernels() noexcept {
  using Rows = HadamardRows<Scalar, Portable<Scalar>>;
  static constexpr HadamardKernels<Scalar> kernels{"portable",
                                                   Portable<Scalar>::narrow_to_wide,
                                                   Portable<Scalar>::wide_to_narrow,
                                                   Rows::forward,
                                                   Rows::backward,
                                                   Rows::encode,
                                                   Rows::decode};
  return kernels;
}

template const HadamardKernels<float>& portable_hadamard_kernels() noexcept;
template const HadamardKernels<double>& portable_hadamard_kernels() noexcept;

template <>
const HadamardKernels<double>& hadamard_kernels() noexcept {
  return portable_hadamard_kernels<double>();
}

template <>
const HadamardKernels<float>& hadamard_kernels() noexcept {
  static const HadamardKernels<float>& best = []() -> const HadamardKernels<float>& {
    if (const auto* kernels = avx512_hadamard_kernels()) return *kernels;
    if (const auto* kernels = avx2_hadamard_kernels()) return *kernels;
    return portable_hadamard_kernels<float>();
  }();
  return best;
}

}  // namespace twofold::ops
