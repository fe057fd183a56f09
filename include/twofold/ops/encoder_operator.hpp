// Applies an encoder: Z = X Bᵀ, X = Z B, and codes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::ops {

/// Multiplies rows of vectors by B and Bᵀ on the calling thread; immutable, thread-safe.
///
/// Fast for a HadamardEncoder (one transform per vector), gemm for a dense one.
template <std::floating_point Scalar>
class EncoderOperator {
 public:
  explicit EncoderOperator(const model::Encoder& encoder);

  [[nodiscard]] Index dimension() const noexcept { return dimension_; }      ///< d
  [[nodiscard]] Index code_length() const noexcept { return code_length_; }  ///< n
  [[nodiscard]] double rate() const noexcept {                               ///< r = n/d
    return static_cast<double>(code_length_) / static_cast<double>(dimension_);
  }
  /// Numbers of scratch the products need; 0 for a dense encoder. Twice m where blocks are mixed.
  [[nodiscard]] Index scratch_size() const noexcept {
    return structured_ ? (blocks_ == 1 ? size_ : 2 * size_) : 0;
  }

  /// Z <- X Bᵀ, one vector per row: X k×d, Z k×n.
  /// @param scratch  resized to scratch_size() if it is smaller.
  void forward(ConstView<Scalar> X, View<Scalar> Z, VectorOf<Scalar>& scratch) const;

  /// X <- Z B: Z k×n, X k×d.
  void backward(ConstView<Scalar> Z, View<Scalar> X, VectorOf<Scalar>& scratch) const;

 private:
  void forward_row(const Scalar* x, Scalar* z, Scalar* work) const;
  void backward_row(const Scalar* z, Scalar* x, Scalar* work) const;
  void round(Scalar* work, const MatrixOf<Scalar>& mixing, bool transposed) const;

  Index dimension_, code_length_;
  MatrixOf<Scalar> matrix_;  // dense: n×d
  bool structured_;
  Index size_ = 0, blocks_ = 1;       // m, q
  VectorOf<Scalar> signs1_, signs2_;  // ±1; signs1_ carries all normalisations
  MatrixOf<Scalar> mixing1_, mixing2_;
  std::vector<Index> kept_;
};

/// Codes of the rows of X, packed (packed_bits.hpp), code_bytes(n) bytes for each row.
///
/// Blocks of 64 rows on the pool; the same bits for any pool size. A dense encoder may round
/// differently for a different number of rows in the block.
/// @throws InvalidArgument  if shapes disagree.
template <std::floating_point Scalar>
void encode(ThreadPool& pool, const EncoderOperator<Scalar>& encoder,
            std::type_identity_t<ConstView<Scalar>> X, std::span<std::uint8_t> codes);

/// The ±1 matrix of packed codes, one per row, k×n.
/// @throws InvalidArgument  if codes is not a multiple of code_bytes(n) long.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> unpack_codes(std::span<const std::uint8_t> codes, Index n);

}  // namespace twofold::ops
