#include "twofold/ops/walsh_hadamard.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstddef>

#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
void butterfly(Scalar& a, Scalar& b) {
  const Scalar sum = a + b;
  b = a - b;
  a = sum;
}

// Stages of half-width 1, 2, 4 on eight neighbours, in registers.
template <typename Scalar>
void first_three_stages(Scalar* x) {
  for (int half = 1; half < 8; half *= 2) {
    for (int start = 0; start < 8; start += 2 * half) {
      for (int i = start; i < start + half; ++i) butterfly(x[i], x[i + half]);
    }
  }
}

template <typename Scalar>
void one_stage(Scalar* x, std::size_t half) {
  for (std::size_t i = 0; i < half; ++i) butterfly(x[i], x[i + half]);
}

// Stages of half-width h and 2h in one pass over 4h numbers: half the traffic of two passes.
template <typename Scalar>
void two_stages(Scalar* __restrict x0, Scalar* __restrict x1, Scalar* __restrict x2,
                Scalar* __restrict x3, std::size_t half) {
  for (std::size_t i = 0; i < half; ++i) {
    const Scalar a = x0[i] + x1[i], b = x0[i] - x1[i];
    const Scalar c = x2[i] + x3[i], d = x2[i] - x3[i];
    x0[i] = a + c;
    x1[i] = b + d;
    x2[i] = a - c;
    x3[i] = b - d;
  }
}

}  // namespace

template <std::floating_point Scalar>
void walsh_hadamard(std::span<Scalar> x) {
  const std::size_t size = x.size();
  if (!std::has_single_bit(size)) {
    throw InvalidArgument("ops::walsh_hadamard",
                          fmt::format("length must be a power of two, got {}", size));
  }
  std::size_t half = 1;
  if (size >= 8) {
    for (std::size_t i = 0; i < size; i += 8) first_three_stages(x.data() + i);
    half = 8;
  }
  for (; 2 * half < size; half *= 4) {
    for (std::size_t i = 0; i < size; i += 4 * half) {
      Scalar* p = x.data() + i;
      two_stages(p, p + half, p + 2 * half, p + 3 * half, half);
    }
  }
  if (half < size) one_stage(x.data(), half);
}

template void walsh_hadamard(std::span<float>);
template void walsh_hadamard(std::span<double>);

}  // namespace twofold::ops
