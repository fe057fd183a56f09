// Gradient descent on the weight-tied autoencoder x̂ = (1/N) Wᵀσ(Wx) in the mean-field scaling.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/train/schedule.hpp"

namespace twofold::train {

/// Where and how often a run saves itself; an empty folder means never.
struct CheckpointPolicy {
  std::filesystem::path folder = {};
  double seconds = 60;           ///< wall-clock time between checkpoints
  std::int64_t every = 0;        ///< also before each step number that is a multiple of this; 0: no
  std::string fingerprint = {};  ///< names the run: data, options, seed
  bool resume = false;           ///< go on from the folder's checkpoint if there is one
};

/// Options of a run.
struct SgdOptions {
  double step = 0.1;              ///< η > 0
  double momentum = 0;            ///< μ in [0, 1)
  double penalty = 0;             ///< λ >= 0 of (λ/2N) Σ‖w_i‖²
  std::int64_t steps = 0;         ///< K >= 0, number of updates
  double divergence_limit = 1e6;  ///< stop when the batch loss exceeds this times the first one
  FloatProducts products = FloatProducts::Float;  ///< SplitBf16 for float only
  ScheduleOptions schedule = {};                  ///< η_k relative to η
  std::vector<std::int64_t> record_steps = {};    ///< increasing, within [0, K]
  std::string stage = "train";                    ///< name in progress reports
  CheckpointPolicy checkpoint = {};
};

/// What the caller wants to see; an empty function is not called.
template <std::floating_point Scalar>
struct SgdHooks {
  /// At each of `record_steps`, before the update of that step (so k = 0 is the start and k = K
  /// the end), with the loss of batch number k at these weights.
  std::function<void(std::int64_t k, const model::Weights<Scalar>&, double loss)> on_record;

  /// Before every update, after on_record.
  std::function<void(std::int64_t k, const model::Weights<Scalar>&)> on_step;

  /// Text that is kept in each checkpoint, and handed back when a run goes on from step k. It
  /// covers the records of all steps before k, none of step k.
  std::function<std::string()> on_save;
  std::function<void(std::int64_t k, const std::string&)> on_resume;
};

enum class SgdStatus {
  Finished,     ///< all updates made
  Interrupted,  ///< the observer asked to stop; a checkpoint was written if there is a folder
  Diverged,     ///< batch loss above divergence_limit times the first; weights as they were then
  NonFinite,    ///< batch loss NaN or infinite; weights as they were then
};

[[nodiscard]] std::string_view to_string(SgdStatus status) noexcept;

/// How a run ended.
template <std::floating_point Scalar>
struct [[nodiscard]] SgdResult {
  model::Weights<Scalar> weights;
  SgdStatus status = SgdStatus::Finished;
  std::int64_t steps = 0;       ///< updates made; the step at which it stopped
  std::int64_t first_step = 0;  ///< where this call began: > 0 if it went on from a checkpoint
  double loss = 0;              ///< of the last batch looked at, before its update
  StopRequest stop = StopRequest::None;  ///< the reason, if Interrupted
  std::string_view arithmetic = {};      ///< what computed the products: ops::Workspace::arithmetic
};

/// Stochastic gradient descent, step k = 0 .. K-1 on batch number k of the sampler:
///
///   G = N ∂L/∂W + λW,   V <- μV - η_k G,   W <- W + V   (V = 0 at the start),
///
/// L = 1/(2B) Σ_b ‖x_b - x̂_b‖². Without momentum W <- W - η_k G. Training time is t = Σ η_k.
///
/// @param start  N×d, tied, no bias, scale = 1/N.
/// @return       the weights and how the run ended; a divergence is a status, not an exception.
/// @throws InvalidArgument  if shapes or options are outside their domain; DataError from the
///         source, or if a checkpoint does not belong to this run; OutputError if one cannot be
///         written.
/// Cost 8BNd flops per step; nothing is allocated inside a step. Bitwise the same for any pool
/// size, and for a run that was stopped and resumed. A stop is noticed within one step.
template <std::floating_point Scalar>
SgdResult<Scalar> sgd(const data::BatchSampler& sampler, model::Weights<Scalar> start,
                      const model::Activation& activation, const SgdOptions& options,
                      const SgdHooks<Scalar>& hooks, ThreadPool& pool,
                      Observer& observer = no_observer());

/// The same loop with the fixed batch X (n×d, one sample per row) in every step: full-batch
/// gradient descent. Memory beside X is bounded (ops::Blocking).
template <std::floating_point Scalar>
SgdResult<Scalar> gradient_descent(const MatrixOf<Scalar>& X, model::Weights<Scalar> start,
                                   const model::Activation& activation, const SgdOptions& options,
                                   const SgdHooks<Scalar>& hooks, ThreadPool& pool,
                                   Observer& observer = no_observer());

}  // namespace twofold::train
