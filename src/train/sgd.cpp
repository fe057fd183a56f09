#include "twofold/train/sgd.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <utility>

#include "run_log.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/descent_step.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

template <typename Scalar>
void check(const model::Weights<Scalar>& start, Index d, const SgdOptions& options) {
  constexpr std::string_view where = "train::sgd";
  model::check_shapes(start, where);
  require(start.tied() && !start.has_bias(), where, "weights must be tied and without bias");
  require(start.dimension() == d, where,
          fmt::format("weights have dimension {}, the data {}", start.dimension(), d));
  const auto n = static_cast<Scalar>(start.neurons());
  require(start.scale == 1 / n, where,
          fmt::format("scale must be 1/N = 1/{}, got {}", n, start.scale));
  require(options.momentum >= 0 && options.momentum < 1, where,
          fmt::format("momentum must be in [0, 1), got {}", options.momentum));
  require(options.penalty >= 0 && std::isfinite(options.penalty), where,
          fmt::format("penalty must be finite and >= 0, got {}", options.penalty));
  require(options.divergence_limit > 1, where,
          fmt::format("divergence_limit must be > 1, got {}", options.divergence_limit));
  check_run(where, options.steps, options.record_steps, options.checkpoint);
}

// One run. `Batch` gives batch number k as a B×d matrix that stays valid until the next call.
template <typename Scalar, typename Batch>
class Run {
 public:
  Run(model::Weights<Scalar> start, Index batch_size, Batch batch,
      const model::Activation& activation, const SgdOptions& options, const SgdHooks<Scalar>& hooks,
      ThreadPool& pool, Observer& observer)
      : batch_(std::move(batch)),
        activation_(activation),
        options_(options),
        hooks_(hooks),
        pool_(pool),
        observer_(observer),
        log_(options.steps, options.record_steps, options.stage, options.checkpoint, observer),
        schedule_(options.schedule, options.step, options.steps),
        step_of_batch_(batch_size, start.dimension(), start.neurons(), options.products),
        weights_(std::move(start)) {
    if (options_.momentum > 0) velocity_.setZero(weights_.neurons(), weights_.dimension());
  }

  SgdResult<Scalar> operator()() {
    const bool resumed = options_.checkpoint.resume && has_checkpoint(options_.checkpoint.folder);
    if (resumed) resume();
    const std::int64_t first_step = step_;
    log_.begin(step_, resumed);
    SgdStatus status = SgdStatus::Finished;
    for (; step_ < options_.steps; ++step_) {
      if (stop_ = observer_.stop_requested(); stop_ != StopRequest::None) {
        status = SgdStatus::Interrupted;
        break;
      }
      if (log_.checkpoint_due(step_)) save();
      const auto& X = batch_(step_);
      loss_ = step_of_batch_.loss(X, weights_, activation_, pool_);
      if (const auto ended = judge(loss_)) {
        status = *ended;
        break;
      }
      log_.report(step_, loss_);
      record();
      if (hooks_.on_step) hooks_.on_step(step_, weights_);
      update(static_cast<Scalar>(schedule_.at(step_)));
    }
    if (status == SgdStatus::Finished || status == SgdStatus::Interrupted) save();
    if (status == SgdStatus::Finished) status = finish();
    const std::string_view arithmetic = step_of_batch_.arithmetic(weights_, activation_);
    return {std::move(weights_), status, step_, first_step, loss_, stop_, arithmetic};
  }

 private:
  // G = N ∂L/∂W + λW.
  void update(Scalar step) {
    const auto n = static_cast<Scalar>(weights_.neurons());
    step_of_batch_.descend(weights_,
                           {.step = step * n,
                            .momentum = static_cast<Scalar>(options_.momentum),
                            .decay = step * static_cast<Scalar>(options_.penalty)},
                           velocity_, pool_);
  }

  // The status that ends the run at a batch of this loss, if it does. The weights are not updated
  // with the gradient of such a batch.
  std::optional<SgdStatus> judge(double loss) {
    if (!std::isfinite(loss)) return SgdStatus::NonFinite;
    if (initial_loss_ == 0) initial_loss_ = loss;  // a first batch may be all zeros
    if (loss > options_.divergence_limit * initial_loss_) return SgdStatus::Diverged;
    return std::nullopt;
  }

  void record() {
    if (!log_.take_record(step_)) return;
    if (hooks_.on_record) hooks_.on_record(step_, weights_, loss_);
  }

  // The record at k = K needs the loss of one more batch, which also shows a last step that failed.
  SgdStatus finish() {
    loss_ = step_of_batch_.loss(batch_(step_), weights_, activation_, pool_);
    if (const auto ended = judge(loss_)) return *ended;
    record();
    log_.progress(step_, loss_);
    return SgdStatus::Finished;
  }

  // Saves the run as it stands before step_; a second time for the same step changes nothing.
  void save() {
    const CheckpointPolicy& policy = options_.checkpoint;
    if (!log_.unsaved(step_)) return;
    const Checkpoint<Scalar> checkpoint{step_, weights_, velocity_, initial_loss_,
                                        hooks_.on_save ? hooks_.on_save() : std::string()};
    save_checkpoint(policy.folder, checkpoint, policy.fingerprint, options_.products);
    log_.saved(step_);
  }

  void resume() {
    const CheckpointPolicy& policy = options_.checkpoint;
    Checkpoint<Scalar> checkpoint =
        load_checkpoint<Scalar>(policy.folder, policy.fingerprint, weights_, options_.products);
    if (checkpoint.step > options_.steps || checkpoint.velocity.size() != velocity_.size()) {
      throw DataError("train::sgd",
                      fmt::format("{}: the checkpoint is at step {} {} momentum, this run has {} "
                                  "steps and momentum {}; start it over",
                                  policy.folder.string(), checkpoint.step,
                                  checkpoint.velocity.size() > 0 ? "with" : "without",
                                  options_.steps, options_.momentum));
    }
    step_ = checkpoint.step;
    weights_ = std::move(checkpoint.weights);
    velocity_ = std::move(checkpoint.velocity);
    initial_loss_ = checkpoint.initial_loss;
    if (hooks_.on_resume) hooks_.on_resume(step_, checkpoint.payload);
  }

  Batch batch_;
  const model::Activation& activation_;
  const SgdOptions& options_;
  const SgdHooks<Scalar>& hooks_;
  ThreadPool& pool_;
  Observer& observer_;
  RunLog log_;
  Schedule schedule_;
  ops::DescentStep<Scalar> step_of_batch_;
  model::Weights<Scalar> weights_;
  MatrixOf<Scalar> velocity_;
  std::int64_t step_ = 0;
  double loss_ = 0;
  double initial_loss_ = 0;
  StopRequest stop_ = StopRequest::None;
};

}  // namespace

std::string_view to_string(SgdStatus status) noexcept {
  switch (status) {
    case SgdStatus::Finished:
      return "finished";
    case SgdStatus::Interrupted:
      return "interrupted";
    case SgdStatus::Diverged:
      return "diverged";
    case SgdStatus::NonFinite:
      return "non-finite";
  }
  return "unknown";
}

template <std::floating_point Scalar>
SgdResult<Scalar> sgd(const data::BatchSampler& sampler, model::Weights<Scalar> start,
                      const model::Activation& activation, const SgdOptions& options,
                      const SgdHooks<Scalar>& hooks, ThreadPool& pool, Observer& observer) {
  const Index d = sampler.source().dimension();
  check(start, d, options);
  MatrixOf<Scalar> rows(sampler.options().batch, d);
  const auto batch = [&](std::int64_t step) -> const MatrixOf<Scalar>& {
    sampler.fill<Scalar>(static_cast<std::uint64_t>(step), rows, pool);
    return rows;
  };
  return Run(std::move(start), rows.rows(), batch, activation, options, hooks, pool, observer)();
}

template <std::floating_point Scalar>
SgdResult<Scalar> gradient_descent(const MatrixOf<Scalar>& X, model::Weights<Scalar> start,
                                   const model::Activation& activation, const SgdOptions& options,
                                   const SgdHooks<Scalar>& hooks, ThreadPool& pool,
                                   Observer& observer) {
  check(start, X.cols(), options);
  require(X.rows() >= 1, "train::gradient_descent", "there must be at least one sample");
  const auto batch = [&X](std::int64_t) -> const MatrixOf<Scalar>& { return X; };
  return Run(std::move(start), X.rows(), batch, activation, options, hooks, pool, observer)();
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                            \
  template SgdResult<Scalar> sgd(const data::BatchSampler&, model::Weights<Scalar>,            \
                                 const model::Activation&, const SgdOptions&,                  \
                                 const SgdHooks<Scalar>&, ThreadPool&, Observer&);             \
  template SgdResult<Scalar> gradient_descent(const MatrixOf<Scalar>&, model::Weights<Scalar>, \
                                              const model::Activation&, const SgdOptions&,     \
                                              const SgdHooks<Scalar>&, ThreadPool&, Observer&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::train
