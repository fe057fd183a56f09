// Applies an encoder: Z = X Bᵀ, X = Z B, and codes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
struct HadamardPlan;

/// Multiplies vectors by B and Bᵀ on the calling thread; immutable, thread-safe, cheap to copy.
///
/// Fast for a HadamardEncoder: one pass of two transforms for each vector, in vector registers
/// where the processor has AVX-512 or AVX2 (float); gemm for a dense one.
///
/// Structured, results have the same bits on every processor, with any of the instruction sets:
/// sums are taken in one order, and the normalisation is one factor at the end. Products of ±1
/// are exact before that factor while integers stay below 2^24 (float), which they do for
/// m = max(n, d) <= 4096. Sums before the factor reach m max|x| m^{1/2}: float overflows, and the
/// result is NaN, where that passes 3e38.
template <std::floating_point Scalar>
class EncoderOperator {
 public:
  explicit EncoderOperator(const model::Encoder& encoder);

  [[nodiscard]] Index dimension() const noexcept { return dimension_; }      ///< d
  [[nodiscard]] Index code_length() const noexcept { return code_length_; }  ///< n
  [[nodiscard]] double rate() const noexcept {                               ///< r = n/d
    return static_cast<double>(code_length_) / static_cast<double>(dimension_);
  }
  /// Made from a HadamardEncoder.
  [[nodiscard]] bool structured() const noexcept { return plan_ != nullptr; }
  /// Numbers of scratch that one vector needs: of order 2 max(n, d) structured, n dense.
  [[nodiscard]] Index scratch_size() const noexcept { return scratch_size_; }

  /// Z <- X Bᵀ, one vector per row: X k×d, Z k×n.
  /// @param scratch  resized to scratch_size() if it is smaller; nothing else is allocated.
  void forward(ConstView<Scalar> X, View<Scalar> Z, VectorOf<Scalar>& scratch) const;

  /// X <- Z B: Z k×n, X k×d.
  void backward(ConstView<Scalar> Z, View<Scalar> X, VectorOf<Scalar>& scratch) const;

  /// code <- signs of B x, packed (packed_bits.hpp): the signs of forward, without its numbers.
  ///
  /// Structured, a sign is the one of exact arithmetic unless |z| is below the rounding error of
  /// two transforms, about 2 log2(m) eps |x|/√m.
  /// @param x     d numbers.
  /// @param code  code_bytes(n) bytes; unused bits become 0.
  void forward_bits(std::span<const Scalar> x, std::span<std::uint8_t> code,
                    VectorOf<Scalar>& scratch) const;

  /// x <- Bᵀ y for the y of ±1 that a packed code stands for: backward, without y as numbers.
  /// @param code  code_bytes(n) bytes; unused bits are ignored.
  /// @param x     d numbers.
  void backward_bits(std::span<const std::uint8_t> code, std::span<Scalar> x,
                     VectorOf<Scalar>& scratch) const;

 private:
  Scalar* reserve(VectorOf<Scalar>& scratch) const;

  Index dimension_, code_length_, scratch_size_;
  MatrixOf<Scalar> matrix_;                           // dense: n×d
  std::shared_ptr<const HadamardPlan<Scalar>> plan_;  // structured
};

/// Codes of the rows of X, packed (packed_bits.hpp), code_bytes(n) bytes for each row.
///
/// Blocks of rows on the pool; the same bits for any pool size. A dense encoder may round
/// differently for a different number of rows in the block of 64.
/// @throws InvalidArgument  if shapes disagree.
template <std::floating_point Scalar>
void encode(ThreadPool& pool, const EncoderOperator<Scalar>& encoder,
            std::type_identity_t<ConstView<Scalar>> X, std::span<std::uint8_t> codes);

/// The ±1 matrix of packed codes, one per row, k×n.
/// @throws InvalidArgument  if codes is not a multiple of code_bytes(n) long.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> unpack_codes(std::span<const std::uint8_t> codes, Index n);

}  // namespace twofold::ops
