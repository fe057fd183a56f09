// The weights of x̂ = scale · A σ(B x + b): shapes and invariants, no arithmetic.
#pragma once

#include <concepts>
#include <string_view>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// A two-layer autoencoder with n neurons on inputs of dimension d.
///
/// Row i of `encoder` is what neuron i reads and row i of `decoder` is what it writes:
///   x̂ = scale Σ_i decoder_i σ(⟨encoder_i, x⟩ + bias_i).
/// Tied: decoder = encoder, stored once. Mean-field scaling: scale = 1/n. Standard: scale = 1.
/// A gradient has the same type and shapes; its `scale` has no meaning.
template <std::floating_point Scalar>
struct Weights {
  MatrixOf<Scalar> encoder;  ///< B, n×d
  MatrixOf<Scalar> decoder;  ///< Aᵀ, n×d; empty when tied
  VectorOf<Scalar> bias;     ///< b, n; empty when there is none
  Scalar scale = 1;          ///< fixed, not trained

  [[nodiscard]] Index neurons() const noexcept { return encoder.rows(); }
  [[nodiscard]] Index dimension() const noexcept { return encoder.cols(); }
  [[nodiscard]] bool tied() const noexcept { return decoder.size() == 0; }
  [[nodiscard]] bool has_bias() const noexcept { return bias.size() != 0; }

  /// What the neurons write, tied or not: n×d.
  [[nodiscard]] const MatrixOf<Scalar>& decoder_rows() const noexcept {
    return tied() ? encoder : decoder;
  }
};

/// Throws InvalidArgument(where, ...) unless encoder is not empty, decoder is empty or of the same
/// shape, and bias is empty or of length n. The values are not inspected.
template <std::floating_point Scalar>
void check_shapes(const Weights<Scalar>& weights, std::string_view where);

/// Throws InvalidArgument(where, ...) unless `gradient` has the shapes of `weights`.
template <std::floating_point Scalar>
void check_same_shapes(const Weights<Scalar>& weights, const Weights<Scalar>& gradient,
                       std::string_view where);

/// Zeros in the shapes of `weights`, with its scale: a place for a gradient or a velocity.
template <std::floating_point Scalar>
[[nodiscard]] Weights<Scalar> zeros_like(const Weights<Scalar>& weights);

}  // namespace twofold::model
