#include "twofold/train/topk_training.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "run_log.hpp"
#include "topk_checkpoint.hpp"
#include "twofold/core/error.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::topk_training";

void check(const TopKTrainingOptions& o) {
  require(o.batch >= 1, kWhere, fmt::format("batch must be >= 1, got {}", o.batch));
  require(o.steps >= 0, kWhere, fmt::format("steps must be >= 0, got {}", o.steps));
  const TopKSchedule& s = o.schedule;
  require(s.step >= 0 && std::isfinite(s.step), kWhere,
          fmt::format("the step size must be finite and >= 0, got {}", s.step));
  require(s.warmup >= 0 && s.decay >= 0, kWhere,
          fmt::format("warmup and decay must be >= 0, got {} and {}", s.warmup, s.decay));
  require(o.divergence_limit > 1, kWhere,
          fmt::format("divergence_limit must be > 1, got {}", o.divergence_limit));
  check_run(kWhere, o.steps, o.record_steps, o.checkpoint);
}

template <typename Scalar>
class Run {
 public:
  Run(const FillBatch<Scalar>& fill, model::TopKAutoencoder<Scalar> start,
      const TopKTrainingOptions& options, const TopKHooks<Scalar>& hooks, ThreadPool& pool,
      Observer& observer)
      : fill_(fill),
        options_(options),
        hooks_(hooks),
        pool_(pool),
        observer_(observer),
        log_(options.steps, options.record_steps, options.stage, options.checkpoint, observer),
        schedule_(options.schedule),
        rows_(options.batch, start.dimension()),
        step_(options.step),
        state_(ops::topk_state(std::move(start), options.step)) {
    if (schedule_.step == 0) {
      schedule_.step = default_topk_step(options.step.optimizer, state_.weights.units());
    }
  }

  TopKResult<Scalar> operator()() {
    const bool resumed = options_.checkpoint.resume && has_checkpoint(options_.checkpoint.folder);
    if (resumed) resume();
    const std::int64_t first_step = state_.steps;
    log_.begin(first_step, resumed);
    SgdStatus status = SgdStatus::Finished;
    StopRequest stop = StopRequest::None;
    while (state_.steps < options_.steps) {
      const std::int64_t t = state_.steps;
      if (stop = observer_.stop_requested(); stop != StopRequest::None) {
        status = SgdStatus::Interrupted;
        break;
      }
      if (log_.checkpoint_due(t)) save();
      if (const auto ended = look()) {
        status = *ended;
        break;
      }
      log_.report(t, batch_.loss);
      record();
      step_.update(state_, schedule_.at(t, options_.steps), pool_);
    }
    if (status == SgdStatus::Finished || status == SgdStatus::Interrupted) save();
    if (status == SgdStatus::Finished) status = finish();
    const std::int64_t steps = state_.steps;
    return {std::move(state_), status, steps, first_step, batch_, stop};
  }

 private:
  // The batch of the next step; a status if its loss ends the run.
  std::optional<SgdStatus> look() {
    fill_(state_.steps, rows_);
    batch_ = step_.forward(state_, rows_, pool_);
    if (!std::isfinite(batch_.loss) || !std::isfinite(batch_.aux_loss)) return SgdStatus::NonFinite;
    if (first_loss_ == 0) first_loss_ = batch_.loss;  // a first batch may be all zeros
    if (batch_.loss > options_.divergence_limit * first_loss_) return SgdStatus::Diverged;
    return std::nullopt;
  }

  void record() {
    if (!log_.take_record(state_.steps) || !hooks_.on_record) return;
    const double share =
        static_cast<double>(batch_.dead) / static_cast<double>(state_.weights.units());
    hooks_.on_record(
        {state_.steps, state_, batch_, share, schedule_.at(state_.steps, options_.steps)});
  }

  // The record at t = K needs one more batch, which also shows a last step that failed.
  SgdStatus finish() {
    if (const auto ended = look()) return *ended;
    record();
    log_.progress(state_.steps, batch_.loss);
    return SgdStatus::Finished;
  }

  void save() {
    if (!log_.unsaved(state_.steps)) return;
    // The state is lent, not copied: it is three times the weights.
    TopKCheckpoint<Scalar> checkpoint{std::move(state_), first_loss_,
                                      hooks_.on_save ? hooks_.on_save() : std::string()};
    const CheckpointPolicy& policy = options_.checkpoint;
    save_topk_checkpoint(policy.folder, checkpoint, policy.fingerprint);
    state_ = std::move(checkpoint.state);
    log_.saved(state_.steps);
  }

  void resume() {
    const CheckpointPolicy& policy = options_.checkpoint;
    TopKCheckpoint<Scalar> checkpoint =
        load_topk_checkpoint<Scalar>(policy.folder, policy.fingerprint, state_);
    if (checkpoint.state.steps > options_.steps) {
      throw DataError(kWhere,
                      fmt::format("{}: the checkpoint is at step {}, this run has {} "
                                  "steps; start it over",
                                  policy.folder.string(), checkpoint.state.steps, options_.steps));
    }
    state_ = std::move(checkpoint.state);
    first_loss_ = checkpoint.first_loss;
    if (hooks_.on_resume) hooks_.on_resume(state_.steps, checkpoint.payload);
  }

  const FillBatch<Scalar>& fill_;
  const TopKTrainingOptions& options_;
  const TopKHooks<Scalar>& hooks_;
  ThreadPool& pool_;
  Observer& observer_;
  RunLog log_;
  TopKSchedule schedule_;
  MatrixOf<Scalar> rows_;
  ops::TopKStep<Scalar> step_;
  ops::TopKState<Scalar> state_;
  ops::TopKBatch batch_;
  double first_loss_ = 0;
};

}  // namespace

double TopKSchedule::at(std::int64_t t, std::int64_t steps) const noexcept {
  const auto ratio = [](std::int64_t a, std::int64_t b) {
    return static_cast<double>(a) / static_cast<double>(b);
  };
  return step * std::min({1.0, ratio(t + 1, warmup + 1), ratio(steps - t, decay + 1)});
}

double default_topk_step(ops::TopKOptimizer optimizer, Index units) noexcept {
  if (optimizer == ops::TopKOptimizer::Sgd) return 0.1;
  return 2e-4 * std::sqrt(16384.0 / static_cast<double>(units));
}

std::int64_t default_dead_after(std::int64_t steps, Index batch) noexcept {
  return std::clamp<std::int64_t>(steps * batch / 10, batch, 10'000'000);
}

template <std::floating_point Scalar>
TopKResult<Scalar> topk_training(const FillBatch<Scalar>& fill,
                                 model::TopKAutoencoder<Scalar> start,
                                 const TopKTrainingOptions& options, const TopKHooks<Scalar>& hooks,
                                 ThreadPool& pool, Observer& observer) {
  check(options);
  return Run<Scalar>(fill, std::move(start), options, hooks, pool, observer)();
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                         \
  template TopKResult<Scalar> topk_training(                                                \
      const FillBatch<Scalar>&, model::TopKAutoencoder<Scalar>, const TopKTrainingOptions&, \
      const TopKHooks<Scalar>&, ThreadPool&, Observer&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::train
