// The unrolled decoder: a few layers of GVAMP as a network with weights of its own.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/decode/unrolled_denoiser.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

/// Weights of one layer, see UnrolledDecoder. A first layer uses v, w and the denoiser only.
struct UnrolledLayer {
  double c = 0.0;    ///< of V x̂
  double e = 0.0;    ///< of the last s; c alpha in model::LayerForm
  double q_m = 0.0;  ///< of the last m
  double v = 1.0;    ///< variance of z given m, > 0
  double w = 1.0;    ///< of W s
  double b = 0.0;    ///< of the last x̂
  double q_x = 0.0;  ///< of the last xb
  UnrolledDenoiser denoiser;
};

/// The scalars of a layer in the order in which they are trained.
inline constexpr std::array<double UnrolledLayer::*, 7> kUnrolledScalars{
    &UnrolledLayer::c, &UnrolledLayer::e, &UnrolledLayer::q_m, &UnrolledLayer::v,
    &UnrolledLayer::w, &UnrolledLayer::b, &UnrolledLayer::q_x};
inline constexpr Index kUnrolledVariance = 3;  ///< place of v among them

/// L layers, from m = 0, s = 0, xb = 0, x̂ = 0:
///
///   m  <- c V x̂ - e s - q_m m,                s = y √v λ(y m/√v)
///   r <= 1:  xb <- w W s + b x̂ - q_x xb,      x̂ = f(xb)
///   r > 1:   xb <- (1/r) W (m + w s) + b x̂ - q_x xb
///
/// V = B, W = Bᵀ unless the layers have matrices of their own. λ = φ/Φ.
/// Source: docs/theory/one_bit_decoders.md#unrolled.
template <std::floating_point Scalar>
struct UnrolledDecoder {
  double rate = 1.0;  ///< r = n/d of the encoder it is for
  std::vector<UnrolledLayer> layers;
  /// Free matrices, one n×d matrix per layer: V_t, and W_t transposed. Both empty: V = B, W = Bᵀ.
  std::vector<MatrixOf<Scalar>> forward, backward;

  /// x̂ of the last layer for each row y of Y (k×n of ±1), k×d.
  /// @throws InvalidArgument  if shapes or rates disagree, there is no layer, a v is not > 0, or
  ///                          a denoiser lacks its parameters.
  /// The same bits for any pool size.
  [[nodiscard]] MatrixOf<Scalar> apply(ThreadPool& pool,
                                       const ops::EncoderOperator<Scalar>& encoder,
                                       std::type_identity_t<ConstView<Scalar>> Y) const;

  /// All scalars of all layers: kUnrolledScalars, then the denoiser's parameters, layer by layer.
  [[nodiscard]] Vector parameters() const;
  /// @throws InvalidArgument  if the length is another.
  void set_parameters(const Vector& parameters);

  /// Gives each layer matrices of its own, equal to B and Bᵀ.
  void free_matrices(const ops::EncoderOperator<Scalar>& encoder);
};

struct UnrolledOptions {
  DenoiserFamily denoiser = DenoiserFamily::Gate;
  TableShape table = {};
};

/// Layers whose scalars are those of the state evolution and whose denoisers are fitted to the
/// posterior mean of the prior at each tau. A gate and a sparse Gaussian prior give GVAMP.
/// @param layers  at least one; from the theory at this rate.
/// @throws InvalidArgument  if there is none, rate is not finite and > 0, or a tau is out of range.
template <std::floating_point Scalar>
[[nodiscard]] UnrolledDecoder<Scalar> unrolled_decoder(std::span<const model::LayerForm> layers,
                                                       double rate, const data::ScalarPrior& prior,
                                                       const UnrolledOptions& options = {});

/// Layers that know nothing: c = v = w = 1 (and b = 1 for r <= 1, all but the first layer),
/// e = q_m = q_x = 0, naive denoisers.
/// @param layers  >= 1; InvalidArgument otherwise, or if rate is not finite and > 0.
template <std::floating_point Scalar>
[[nodiscard]] UnrolledDecoder<Scalar> naive_unrolled_decoder(int layers, double rate,
                                                             const UnrolledOptions& options = {});

}  // namespace twofold::decode
