#include "transpose_blocked.hpp"

#include <algorithm>
#include <cstring>

#include "twofold/core/processor.hpp"

namespace twofold::theory {
namespace {

constexpr Index kSide = 16;

template <typename Scalar>
void transpose_piece(const Scalar* from, Index from_stride, Index rows, Index columns, Scalar* to,
                     Index to_stride) {
  for (Index b = 0; b < columns; ++b) {
    for (Index a = 0; a < rows; ++a) to[b * to_stride + a] = from[a * from_stride + b];
  }
}

template <typename Scalar>
void transpose_square(const Scalar* from, Index from_stride, Scalar* to, Index to_stride) {
  transpose_piece(from, from_stride, kSide, kSide, to, to_stride);
}

#if defined(__x86_64__)
// Four perfect shuffles: each moves the highest of the eight bits of a place to the lowest, and
// so, after four of them, row and column have changed their roles.
__attribute__((target("avx512f"))) void transpose_in_registers(const float* from, Index from_stride,
                                                               float* to, Index to_stride) {
  using Row [[gnu::vector_size(64)]] = float;
  Row old[kSide], now[kSide];
  for (Index r = 0; r < kSide; ++r) std::memcpy(&now[r], from + r * from_stride, sizeof(Row));
#pragma GCC unroll 4
  for (int shuffle = 0; shuffle < 4; ++shuffle) {
    std::copy_n(now, kSide, old);
#pragma GCC unroll 8
    for (Index r = 0; r < kSide / 2; ++r) {
      const Row a = old[r], b = old[r + kSide / 2];
      now[2 * r] =
          __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      now[2 * r + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29,
                                               14, 30, 15, 31);
    }
  }
  for (Index r = 0; r < kSide; ++r) std::memcpy(to + r * to_stride, &now[r], sizeof(Row));
}
#endif

template <typename Scalar>
using TransposeSquare = void (*)(const Scalar*, Index, Scalar*, Index);

template <typename Scalar>
TransposeSquare<Scalar> fastest() {
#if defined(__x86_64__)
  if constexpr (std::same_as<Scalar, float>) {
    if (has(Instructions::Avx512)) return transpose_in_registers;
  }
#endif
  return transpose_square<Scalar>;
}

}  // namespace

template <std::floating_point Scalar>
void transpose_blocked(const ConstView<Scalar>& from, View<Scalar> to) {
  static const TransposeSquare<Scalar> square = fastest<Scalar>();
  const Index from_stride = from.outerStride(), to_stride = to.outerStride();
  for (Index j = 0; j < from.cols(); j += kSide) {
    const Index columns = std::min(kSide, from.cols() - j);
    for (Index i = 0; i < from.rows(); i += kSide) {
      const Index rows = std::min(kSide, from.rows() - i);
      const Scalar* const source = from.data() + i * from_stride + j;
      Scalar* const target = to.data() + j * to_stride + i;
      if (rows == kSide && columns == kSide) {
        square(source, from_stride, target, to_stride);
      } else {
        transpose_piece(source, from_stride, rows, columns, target, to_stride);
      }
    }
  }
}

template void transpose_blocked<float>(const ConstView<float>&, View<float>);
template void transpose_blocked<double>(const ConstView<double>&, View<double>);

}  // namespace twofold::theory
