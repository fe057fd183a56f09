// The weights of the k-sparse autoencoder: shapes, invariants and a random start.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// m units on inputs of dimension d, of which k at most fire on a sample:
///
///   u = E (x − c) + b,   z_j = u_j for the k largest u_j > 0, else 0,   x̂ = Dᵀ z + c.
///
/// Ties go to the lowest index; fewer than k fire where fewer are positive. Row j of E is what unit
/// j reads, row j of D what it writes. Tied: D = E, stored once. A gradient has the same type.
/// Source  [makhzani2013], [gao2024].
template <std::floating_point Scalar>
struct TopKAutoencoder {
  MatrixOf<Scalar> encoder;       ///< E, m×d
  MatrixOf<Scalar> decoder;       ///< D, m×d; empty when tied
  VectorOf<Scalar> encoder_bias;  ///< b, m; empty: 0
  VectorOf<Scalar> decoder_bias;  ///< c, d; empty: 0

  [[nodiscard]] Index units() const noexcept { return encoder.rows(); }
  [[nodiscard]] Index dimension() const noexcept { return encoder.cols(); }
  [[nodiscard]] bool tied() const noexcept { return decoder.size() == 0; }

  /// What the units write, tied or not: m×d.
  [[nodiscard]] const MatrixOf<Scalar>& decoder_rows() const noexcept {
    return tied() ? encoder : decoder;
  }
};

/// Throws InvalidArgument(where, ...) unless E is not empty and the other parts are empty or of the
/// shapes above. The values are not inspected.
template <std::floating_point Scalar>
void check_shapes(const TopKAutoencoder<Scalar>& weights, std::string_view where);

/// Zeros in the shapes of `weights`: a place for a gradient or a moment.
template <std::floating_point Scalar>
[[nodiscard]] TopKAutoencoder<Scalar> zeros_like(const TopKAutoencoder<Scalar>& weights);

/// Which parts the autoencoder has.
struct TopKShape {
  Index units = 0;           ///< m >= 1
  Index dimension = 0;       ///< d >= 1
  bool tied = false;         ///< D = E
  bool encoder_bias = true;  ///< b, starts at 0
  bool decoder_bias = true;  ///< c
};

/// Rows of D uniform on the unit sphere, E = D (what keeps most units alive, [gao2024]), b = 0,
/// c = `center`, for example the mean of some rows, or train::geometric_median.
/// Random numbers: RandomStream(seed, "units"), one index per row.
/// @param center  d numbers, or empty for 0; must be empty without a decoder bias.
/// @throws InvalidArgument  if m or d < 1, or `center` does not fit.
template <std::floating_point Scalar>
[[nodiscard]] TopKAutoencoder<Scalar> random_topk_autoencoder(const TopKShape& shape,
                                                              const VectorOf<Scalar>& center,
                                                              std::uint64_t seed);

}  // namespace twofold::model
