// The denoised decoder x̂ = f(A y): a linear step, then the posterior mean of each coordinate.
#pragma once

#include "twofold/core/parallel.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/decode/denoiser.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

/// x̂_i = E[x_i | w_i], w = Bᵀy/(c1 r) = x + √τ g, for each row y of Y.
///
/// @param encoder  orthogonal, r = n/d.
/// @param Y        k×n of ±1.
/// @param noise    τ > 0: π/(2r) - 1 (r <= 1), (π/2 - 1)/r (r >= 1) for an orthogonal encoder,
///                 π/(2r) for independent Gaussian rows.
/// @returns k×d, relative to unit variance per coordinate.
/// @throws InvalidArgument  if shapes disagree or τ is not finite and > 0.
/// The same bits for any pool size. Source: docs/theory/one_bit_decoders.md#posterior-mean.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> posterior_mean(ThreadPool& pool,
                                              const ops::EncoderOperator<Scalar>& encoder,
                                              const Denoiser& denoiser,
                                              std::type_identity_t<ConstView<Scalar>> Y,
                                              double noise);

/// With Denoiser::exact(prior).
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> posterior_mean(ThreadPool& pool,
                                              const ops::EncoderOperator<Scalar>& encoder,
                                              const data::ScalarPrior& prior,
                                              std::type_identity_t<ConstView<Scalar>> Y,
                                              double noise) {
  return posterior_mean(pool, encoder, Denoiser::exact(prior), Y, noise);
}

}  // namespace twofold::decode
