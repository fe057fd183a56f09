// Orthonormal transforms of vectors: none, cosine transform, or given directions.
#pragma once

#include "twofold/data/source.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::estimators {

/// t = T u with T Tᵀ = I, m×d, m <= d. A value type; all functions are const and thread-safe.
///
/// Every row is handled by itself with sums in a fixed order: its bits do not depend on the other
/// rows of a batch. Accuracy: relative 1e-6 of the norm.
class OrthonormalTransform {
 public:
  /// T = I.
  static OrthonormalTransform identity(Index d);
  /// DCT-II: T_kj = √((2 − [k=0])/d) cos(π(j + ½)k/d). Cost d² per vector.
  static OrthonormalTransform cosine(Index d);
  /// The same along both axes of each channel of an image; cost d (rows + cols) per vector.
  /// @param shape  not empty.
  static OrthonormalTransform cosine(const data::ImageShape& shape);
  /// Given orthonormal rows (nothing checks that they are), m×d. Cost m d per vector.
  static OrthonormalTransform directions(MatrixF rows);

  [[nodiscard]] Index input() const noexcept { return input_; }    ///< d
  [[nodiscard]] Index output() const noexcept { return output_; }  ///< m

  /// T <- U Tᵀ, one vector per row, on the calling thread.
  /// @throws InvalidArgument  if shapes disagree.
  void forward(const ConstView<float>& U, View<float> T) const;
  /// U <- T T, the transpose: the inverse on the span of the rows.
  void backward(const ConstView<float>& T, View<float> U) const;

 private:
  OrthonormalTransform(Index input, Index output) : input_(input), output_(output) {}
  void apply(const ConstView<float>& in, View<float> out, bool backward) const;

  Index input_, output_;
  data::ImageShape shape_;  // of the two-dimensional cosine transform
  MatrixF rows_, columns_;  // T and Tᵀ; for images: the factors of the two axes
};

}  // namespace twofold::estimators
