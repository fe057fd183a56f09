// Training of the k-sparse autoencoder on batches that the caller provides.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/model/topk_autoencoder.hpp"
#include "twofold/ops/topk_step.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::train {

/// Step size η_t of update t = 0 .. K−1: linear rise over `warmup` updates, constant, linear fall
/// over the last `decay`,
///   η_t = η min(1, (t + 1)/(warmup + 1), (K − t)/(decay + 1)).
struct TopKSchedule {
  double step = 0;          ///< η > 0, or 0 for default_topk_step
  std::int64_t warmup = 0;  ///< >= 0; Adam's moments need no more than some hundred
  std::int64_t decay = 0;   ///< >= 0; a fifth of the run lets the noise of the batches die down
  [[nodiscard]] double at(std::int64_t t, std::int64_t steps) const noexcept;
};

/// η = 2e-4 √(2¹⁴/m) for Adam: wider dictionaries want smaller steps; the constant is that of the
/// EleutherAI trainer of the same autoencoder, tuned on activations of language models. 0.1 for
/// Sgd.
[[nodiscard]] double default_topk_step(ops::TopKOptimizer optimizer, Index units) noexcept;

/// A tenth of the run's samples, but one batch at least and 10⁷ at most [gao2024]: what the
/// auxiliary loss revives has time to learn. Much more than m/k samples in any case, or chance
/// kills units.
[[nodiscard]] std::int64_t default_dead_after(std::int64_t steps, Index batch) noexcept;

/// Options of a run.
struct TopKTrainingOptions {
  ops::TopKStepOptions step;  ///< short runs want default_dead_after for its dead_after
  Index batch = 4096;         ///< N >= 1, rows a step
  std::int64_t steps = 0;     ///< K >= 0
  TopKSchedule schedule;

  /// Diverged when the loss exceeds this (> 1) times the loss of the first batch. A start from
  /// random units reconstructs badly, so a healthy run never comes near.
  double divergence_limit = 1e3;
  std::vector<std::int64_t> record_steps = {};  ///< increasing, within [0, K]
  std::string stage = "train";
  CheckpointPolicy checkpoint = {};
};

/// State at a recorded step, before its update: the numbers of batch t at these weights.
template <std::floating_point Scalar>
struct TopKRecord {
  std::int64_t step = 0;
  const ops::TopKState<Scalar>& state;
  ops::TopKBatch batch;
  double dead_fraction = 0;  ///< batch.dead / m
  double step_size = 0;      ///< η_t
};

template <std::floating_point Scalar>
struct TopKHooks {
  std::function<void(const TopKRecord<Scalar>&)> on_record;
  std::function<std::string()> on_save;  ///< as in SgdHooks
  std::function<void(std::int64_t t, const std::string&)> on_resume;
};

/// Fills N×d with the rows of batch t, whatever was asked for before: a function of t only, so that
/// a run can go on from a checkpoint. Called for t = 0 .. K. May throw; that ends the run.
template <std::floating_point Scalar>
using FillBatch = std::function<void(std::int64_t t, View<Scalar> rows)>;

/// How a run ended.
template <std::floating_point Scalar>
struct [[nodiscard]] TopKResult {
  ops::TopKState<Scalar> state;  ///< weights, moments, counters
  SgdStatus status = SgdStatus::Finished;
  std::int64_t steps = 0;       ///< updates made
  std::int64_t first_step = 0;  ///< > 0 if it went on from a checkpoint
  ops::TopKBatch batch;         ///< of the last batch looked at, before its update
  StopRequest stop = StopRequest::None;
};

/// Updates t = 0 .. K−1 of ops::TopKStep, each on its batch; then batch K is looked at once for the
/// last record.
///
/// @param start  see model::random_topk_autoencoder.
/// @return       status Finished, Interrupted, Diverged or NonFinite; the weights are those before
///               the update that failed.
/// @throws InvalidArgument  if shapes or options are outside their domain; DataError if a
///         checkpoint does not belong to this run; OutputError if one cannot be written; what
///         `fill` throws.
/// Bitwise the same for any pool size, and for a run that was stopped and resumed. A checkpoint
/// holds the whole state: three times the weights with Adam.
template <std::floating_point Scalar>
TopKResult<Scalar> topk_training(const FillBatch<Scalar>& fill,
                                 model::TopKAutoencoder<Scalar> start,
                                 const TopKTrainingOptions& options, const TopKHooks<Scalar>& hooks,
                                 ThreadPool& pool, Observer& observer = no_observer());

/// The point with the least sum of distances to the rows of X, by Weiszfeld's iteration from the
/// mean with the step of Vardi and Zhang (2000) at a row. A start for the decoder bias that
/// outliers do not move.
/// @param tolerance   stop when the point moves less than this times the mean distance.
/// @throws InvalidArgument  if X is empty or not finite.
[[nodiscard]] Vector geometric_median(const Matrix& X, double tolerance = 1e-6,
                                      int iterations = 100);

}  // namespace twofold::train
