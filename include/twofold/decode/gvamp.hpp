// GVAMP: the multi-layer decoder of sign codes of an orthogonal encoder.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/decode/denoiser.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::decode {

struct GvampOptions {
  int layers = 10;  ///< >= 1; two products with B each
  /// A layer is accepted if | |x̂|²/d - (1 - variance) | is at most this, > 0: what a posterior
  /// mean of a vector of norm √d must satisfy (Nishimori). With fewer than some 100 effective
  /// coordinates, (Σ s²)²/Σ s⁴, that holds less well, and 0.3 decodes better.
  double norm_tolerance = 0.1;
  /// Also return what the denoiser saw. Posterior means are shrunk, E <x̂, q> < <x, q> in size;
  /// r1 is not.
  bool keep_unbiased = false;
};

/// Per vector: what the decoder says about itself.
template <std::floating_point Scalar>
struct GvampResult {
  MatrixOf<Scalar> estimate;     ///< k×d, relative to unit variance per coordinate
  std::vector<double> variance;  ///< estimated mean square error per coordinate, in [1e-6, 1]
  std::vector<int> layers;       ///< layers accepted, >= 1
  /// With keep_unbiased, else empty: r1 = x + √noise g of the last accepted layer, k×d.
  MatrixOf<Scalar> unbiased;
  std::vector<double> noise;  ///< with keep_unbiased: its noise variance, 1/g1
};

/// The guarded form, with variances of its own for each vector.
///
/// Starts from nothing, p1 = 0, vz = 1, and repeats
///   ẑ = E[z | p1, vz, y],  ez = mean posterior variance,  h = 1/ez - 1/vz,  p2 = (ẑ/ez - p1/vz)/h
///   r <= 1:  r1 = r2 + Bᵀ(p2 - p1)/r,  g1 = g2 r h/(g2 + (1 - r) h),  r2 = (x̂/ex - g1 r1)/g2
///   r >= 1:  r1 = Bᵀ p2/r,             g1 = r h
///   x̂ = f(r1; 1/g1),  ex = mean posterior variance,  g2 = 1/ex - g1
///   r <= 1:  p1 = (B x̂/ex - g1 (p1 + (p2 - p1)/r))/g2,  vz = 1/g2
///   r >= 1:  p1 = (B x̂/ex - h p2)/gz,  vz = 1/gz,  gz = 1/ex - h
/// Precisions are kept in [1e-3, 1e5], ez in [1e-6, vz (1 - 1e-4)], ex in [1e-6, 1]. A vector
/// whose layer is not accepted (the norm check fails or ex grows) keeps the last accepted one;
/// the first layer always is.
///
/// @param encoder   orthogonal (B Bᵀ = I or Bᵀ B = r I); nothing checks that.
/// @param denoiser  f, of coordinates of variance 1 on average.
/// @param Y         k×n of ±1.
/// @throws InvalidArgument  if shapes disagree or an option is out of range.
/// The same bits for any pool size; with a structured encoder a vector's result does not depend
/// on the others of the batch. Float agrees with double to 1e-4 after eight layers
/// with an exact denoiser, to 3e-3 with a tabulated one (1e-4 of the mean square error).
/// Source: docs/theory/one_bit_decoders.md#robust.
template <std::floating_point Scalar>
[[nodiscard]] GvampResult<Scalar> gvamp(ThreadPool& pool,
                                        const ops::EncoderOperator<Scalar>& encoder,
                                        const Denoiser& denoiser,
                                        std::type_identity_t<ConstView<Scalar>> Y,
                                        const GvampOptions& options = {});

/// With Denoiser::exact(prior).
template <std::floating_point Scalar>
[[nodiscard]] GvampResult<Scalar> gvamp(ThreadPool& pool,
                                        const ops::EncoderOperator<Scalar>& encoder,
                                        const data::ScalarPrior& prior,
                                        std::type_identity_t<ConstView<Scalar>> Y,
                                        const GvampOptions& options = {}) {
  return gvamp(pool, encoder, Denoiser::exact(prior), Y, options);
}

/// The same from packed codes (ops/packed_bits.hpp), one after the other; faster.
/// @throws InvalidArgument  also if codes is not a multiple of code_bytes(n) long.
template <std::floating_point Scalar>
[[nodiscard]] GvampResult<Scalar> gvamp_packed(ThreadPool& pool,
                                               const ops::EncoderOperator<Scalar>& encoder,
                                               const Denoiser& denoiser,
                                               std::span<const std::uint8_t> codes,
                                               const GvampOptions& options = {});

/// The plain form on scalars known in advance, such as those of the state evolution; no guard.
/// @param schedule  one entry per layer, at least one.
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> gvamp_scheduled(ThreadPool& pool,
                                               const ops::EncoderOperator<Scalar>& encoder,
                                               const Denoiser& denoiser,
                                               std::type_identity_t<ConstView<Scalar>> Y,
                                               std::span<const model::GvampScalars> schedule);

/// With Denoiser::exact(prior).
template <std::floating_point Scalar>
[[nodiscard]] MatrixOf<Scalar> gvamp_scheduled(ThreadPool& pool,
                                               const ops::EncoderOperator<Scalar>& encoder,
                                               const data::ScalarPrior& prior,
                                               std::type_identity_t<ConstView<Scalar>> Y,
                                               std::span<const model::GvampScalars> schedule) {
  return gvamp_scheduled(pool, encoder, Denoiser::exact(prior), Y, schedule);
}

}  // namespace twofold::decode
