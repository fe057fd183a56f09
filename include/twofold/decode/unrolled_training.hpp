// Training of the unrolled decoder on pairs (x, y) by Adam.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/decode/unrolled_decoder.hpp"

namespace twofold::decode {

/// The steps of all weights fall from their first to `final_factor` times it as f^{k/K}.
struct UnrolledTrainingOptions {
  std::int64_t steps = 400;                ///< K >= 0, one batch each
  double learning_rate = 0.02;             ///< η > 0 of scalars and denoisers
  double matrix_learning_rate = 1e-3;      ///< > 0, of free matrices
  double final_factor = 0.02;              ///< f in (0, 1]
  std::string stage = "unrolled decoder";  ///< name in progress reports
};

enum class UnrolledStatus {
  Finished,     ///< all steps made
  Interrupted,  ///< the observer asked to stop; goes on if handed to fit_unrolled again
  NonFinite,    ///< a batch loss or a weight was NaN or infinite; the decoder is of no use
};

/// Running means of the gradients and of their squares.
template <std::floating_point Scalar>
struct AdamMoments {
  Vector first, second;                                       ///< of UnrolledDecoder::parameters()
  std::vector<MatrixOf<Scalar>> matrix_first, matrix_second;  ///< forward, then backward
};

/// A training, under way or at its end.
template <std::floating_point Scalar>
struct [[nodiscard]] UnrolledTraining {
  UnrolledDecoder<Scalar> decoder;
  UnrolledStatus status = UnrolledStatus::Finished;
  std::int64_t steps = 0;                ///< made so far
  std::vector<double> losses;            ///< [k]: of batch k before step k; [K] after the last step
  AdamMoments<Scalar> moments = {};      ///< empty before the first step
  StopRequest stop = StopRequest::None;  ///< the reason, if Interrupted
};

/// Step k = 0 .. K-1 on batch k of the sampler, y = sign(B x): Adam [kingma2015] with
/// β1 = 0.9, β2 = 0.999, ε = 1e-8 on L = 1/(k d) Σ ‖x̂ - x‖²,
///
///   M <- β1 M + (1 - β1) G,  S <- β2 S + (1 - β2) G²,
///   θ <- θ - η_k M/(1 - β1^{k+1}) / (√(S/(1 - β2^{k+1})) + ε)
///
/// for θ = the scalars, with ln v in place of v, the denoisers' parameters, and the free matrices
/// if the decoder has some.
///
/// @param sampler  rows x relative to unit variance per coordinate.
/// @param start    a decoder, or an interrupted training that goes on to options.steps as if it
///                 had not been interrupted, bit for bit.
/// @throws InvalidArgument  if shapes disagree, the decoder is not valid or an option is out of
///                          range; DataError from the source.
/// The same bits for any pool size. A stop is noticed between steps. Cost per step: three times
/// `apply` on the batch.
/// Source: docs/theory/one_bit_decoders.md#unrolled.
template <std::floating_point Scalar>
UnrolledTraining<Scalar> fit_unrolled(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                      const data::BatchSampler& sampler,
                                      UnrolledTraining<Scalar> start,
                                      const UnrolledTrainingOptions& options = {},
                                      Observer& observer = no_observer());

template <std::floating_point Scalar>
UnrolledTraining<Scalar> fit_unrolled(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                      const data::BatchSampler& sampler,
                                      UnrolledDecoder<Scalar> start,
                                      const UnrolledTrainingOptions& options = {},
                                      Observer& observer = no_observer()) {
  return fit_unrolled(pool, encoder, sampler, UnrolledTraining<Scalar>{std::move(start)}, options,
                      observer);
}

}  // namespace twofold::decode
