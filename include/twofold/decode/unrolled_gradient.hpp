// Loss of the unrolled decoder on a batch, and its gradient by back-propagation.
#pragma once

#include <vector>

#include "twofold/decode/unrolled_decoder.hpp"

namespace twofold::decode {

/// What a layer leaves behind for the next one and for the way back; a vector per row.
template <std::floating_point Scalar>
struct UnrolledState {
  MatrixOf<Scalar> m, s, s_slope;   ///< k×n; s_slope: ∂s/∂m, on the way back ∂L/∂m
  MatrixOf<Scalar> xb, x, x_slope;  ///< k×d; x_slope: f'(xb), on the way back ∂L/∂xb

  void resize(Index k, Index n, Index d);  ///< keeps the memory if the shape is the same
};

template <std::floating_point Scalar>
struct UnrolledGradient {
  double loss = 0.0;                                ///< L = 1/(k d) Σ ‖x̂ - x‖²
  Vector parameters;                                ///< ∂L/∂ UnrolledDecoder::parameters()
  std::vector<MatrixOf<Scalar>> forward, backward;  ///< of the free matrices, if there are any
  std::vector<UnrolledState<Scalar>> states;        ///< workspace, one per layer
};

/// Overwrites `gradient`; its memory is reused from call to call.
///
/// @param X  k×d, relative to unit variance per coordinate, k >= 1;  Y  its codes, k×n of ±1.
/// @throws InvalidArgument  if shapes disagree or the decoder is not valid.
/// The same bits for any pool size. Cost: twice `apply`, three times with free matrices.
/// Source: docs/theory/one_bit_decoders.md#unrolled.
template <std::floating_point Scalar>
void unrolled_gradient(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                       const UnrolledDecoder<Scalar>& decoder,
                       std::type_identity_t<ConstView<Scalar>> X,
                       std::type_identity_t<ConstView<Scalar>> Y,
                       UnrolledGradient<Scalar>& gradient);

}  // namespace twofold::decode
