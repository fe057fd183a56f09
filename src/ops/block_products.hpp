// What a processor provides for the matrix products of a block of neurons.
#pragma once

#include <algorithm>
#include <limits>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// What becomes of a product P = factor · L R.
enum class Finish {
  Store,  ///< C <- P
  Add,    ///< C <- C + P
  Relu,   ///< C <- max(P, 0)
  Mask,   ///< C <- P where mask > 0, else 0
};

/// One product: C is rows×columns, L rows×inner, R inner×columns.
template <std::floating_point Scalar>
struct BlockProduct {
  Index rows, columns, inner;
  const Scalar* left;  ///< L(i, k) at left[i * left_row + k * left_column]; one stride is 1
  Index left_row, left_column;
  const Scalar*
      right;  ///< in panels if right_stride = 0; else R(k, j) at right[k * right_stride + j]
  Index right_stride;
  Scalar factor;
  Finish finish;
  Scalar* out;  ///< C(i, j) at out[i * out_stride + j]
  Index out_stride;
  const Scalar* mask = nullptr;  ///< laid out as C
};

/// How a right factor is kept for many products: panels of `panel` columns, each row by row; the
/// last one as wide as it must be, in multiples of `lanes`, filled up with zeros.
struct PanelLayout {
  Index panel, lanes, inner, columns;

  [[nodiscard]] Index width(Index first) const noexcept {
    return std::min(panel, num_blocks(columns - first, lanes) * lanes);
  }
  [[nodiscard]] Index size() const noexcept { return inner * num_blocks(columns, lanes) * lanes; }
  /// Where R(k, j) is.
  [[nodiscard]] Index place(Index k, Index j) const noexcept {
    const Index first = j / panel * panel;
    return first * inner + k * width(first) + (j - first);
  }
};

template <std::floating_point Scalar>
struct BlockProducts {
  const char* name;
  Index neurons;       ///< per block: what suits its caches
  Index panel, lanes;  ///< of the right factors
  /// Fixed order of summation for a given shape.
  void (*multiply)(const BlockProduct<Scalar>& product);
};

/// By the BLAS, whose right factors are one panel: a plain matrix.
template <std::floating_point Scalar>
[[nodiscard]] const BlockProducts<Scalar>& blas_block_products() noexcept;

/// nullptr where the compiler or this machine's processor lacks the instructions.
[[nodiscard]] const BlockProducts<float>* avx512_block_products() noexcept;

/// The fastest this machine can run.
template <std::floating_point Scalar>
[[nodiscard]] const BlockProducts<Scalar>& block_products() noexcept;

}  // namespace twofold::ops
