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

/// Multiplies rows of vectors by B and Bᵀ on the calling thread; immutable, thread-safe, cheap to
/// copy.
///
/// Fast for a HadamardEncoder: one pass of two transforms for each vector, in vector registers
/// where the processor has AVX-512 or AVX2 (float); gemm for a dense one.
///
/// Structured, results have the same bits on every processor: sums are taken in one order, and
/// the normalisation is one factor at the end. Before it, with m = max(n, d) = q 2^k,
///   - images of ±1 are exact in float for q = 1, m <= 2^16: integers up to m^{3/2} <= 2^24;
///   - numbers reach 2^k |x|: where that overflows (float: 3e38) the result is infinite or NaN.
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

  /// Z <- X Bᵀ, one vector per row: X k×d, Z k×n.
  /// @param scratch  resized if it is smaller than needed: 2 max(n, d) numbers and some, none if
  ///   the encoder is dense, whose forward_bits and backward_bits take k n. Nothing else is
  ///   allocated.
  void forward(ConstView<Scalar> X, View<Scalar> Z, VectorOf<Scalar>& scratch) const;

  /// X <- Z B: Z k×n, X k×d.
  void backward(ConstView<Scalar> Z, View<Scalar> X, VectorOf<Scalar>& scratch) const;

  /// codes <- signs of forward, packed, code_bytes(n) bytes for each row (packed_bits.hpp).
  ///
  /// Structured, a sign is the one of exact arithmetic unless |z| is below the rounding error of
  /// two transforms, about 2 log2(m) eps |x|/√m; no Z is made.
  /// @param X      k×d.
  /// @param codes  k code_bytes(n) bytes; unused bits become 0.
  void forward_bits(ConstView<Scalar> X, std::span<std::uint8_t> codes,
                    VectorOf<Scalar>& scratch) const;

  /// X <- Y B for the ±1 rows of Y that packed codes stand for: backward, structured without Y.
  /// @param codes  k code_bytes(n) bytes; unused bits are ignored.
  /// @param X      k×d.
  void backward_bits(std::span<const std::uint8_t> codes, View<Scalar> X,
                     VectorOf<Scalar>& scratch) const;

 private:
  Index dimension_, code_length_, scratch_size_;
  MatrixOf<Scalar> matrix_;                           // dense: n×d
  std::shared_ptr<const HadamardPlan<Scalar>> plan_;  // structured
};

/// Codes of the rows of X, packed (packed_bits.hpp), code_bytes(n) bytes for each row.
///
/// Blocks of rows on the pool; the same bits for any pool size. A dense encoder may round
/// differently for a different number of rows in its block of 64.
/// @throws InvalidArgument  if shapes disagree.
template <std::floating_point Scalar>
void encode(ThreadPool& pool, const EncoderOperator<Scalar>& encoder,
            std::type_identity_t<ConstView<Scalar>> X, std::span<std::uint8_t> codes);

/// The ±1 matrix of packed codes, one per row, k×n.
/// @throws InvalidArgument  if codes is not a multiple of code_bytes(n) long.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> unpack_codes(std::span<const std::uint8_t> codes, Index n);

}  // namespace twofold::ops
