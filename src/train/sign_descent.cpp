#include "sign_descent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "run_log.hpp"
#include "twofold/core/error.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

void check(std::string_view where, const Matrix& start, const SignEncoderOptions& options) {
  require(start.size() > 0, where, "the encoder must not be empty");
  for (Index i = 0; i < start.rows(); ++i) {
    const double norm = start.row(i).norm();
    require(norm > 0 && std::isfinite(norm), where,
            fmt::format("row {} of the encoder has norm {}", i, norm));
  }
  require(options.steps >= 0, where, fmt::format("steps must be >= 0, got {}", options.steps));
  require(options.first_step > 0 && std::isfinite(options.first_step), where,
          fmt::format("first_step must be finite and > 0, got {}", options.first_step));
  require(options.last_step > 0 && std::isfinite(options.last_step), where,
          fmt::format("last_step must be finite and > 0, got {}", options.last_step));
  check_run(where, options.steps, options.record_steps, options.checkpoint);
}

class Descent {
 public:
  Descent(std::string_view where, Matrix start, EncoderGradient& method,
          const SignEncoderOptions& options, const SignEncoderHooks& hooks, ThreadPool& pool,
          Observer& observer)
      : where_(where),
        method_(method),
        options_(options),
        hooks_(hooks),
        pool_(pool),
        observer_(observer),
        log_(options.steps, options.record_steps, options.stage, options.checkpoint, observer),
        B_(std::move(start)),
        G_(Matrix::Zero(B_.rows(), B_.cols())) {
    B_.rowwise().normalize();
  }

  SignEncoderResult operator()() {
    const bool resumed = options_.checkpoint.resume && has_checkpoint(options_.checkpoint.folder);
    if (resumed) resume();
    const std::int64_t first_step = step_;
    log_.begin(step_, resumed);
    StopRequest stop = StopRequest::None;
    SgdStatus status = SgdStatus::Finished;
    // The record at k = K needs one more evaluation: the loop ends by return.
    for (;; ++step_) {
      const bool last = step_ == options_.steps;
      if (!last) stop = observer_.stop_requested();
      if (last || stop != StopRequest::None || log_.checkpoint_due(step_)) save();
      if (stop != StopRequest::None) {
        status = SgdStatus::Interrupted;
        break;
      }
      loss_ = method_.evaluate(step_, B_, G_, pool_);
      if (!std::isfinite(loss_)) {
        status = SgdStatus::NonFinite;
        break;
      }
      if (log_.take_record(step_) && hooks_.on_record) hooks_.on_record(step_, B_, loss_);
      if (last) {
        log_.progress(step_, loss_);
        break;
      }
      log_.report(step_, loss_);
      update(step_size());
    }
    return {std::move(B_), status, step_, first_step, loss_, stop};
  }

 private:
  double step_size() const {
    const auto gaps = static_cast<double>(std::max<std::int64_t>(options_.steps - 1, 1));
    const double share = static_cast<double>(step_) / gaps;
    return options_.first_step * std::pow(options_.last_step / options_.first_step, share);
  }

  void update(double step) {
    for (Index i = 0; i < B_.rows(); ++i) {
      auto row = B_.row(i);
      const double along = G_.row(i).dot(row);
      row -= step * (G_.row(i) - along * row);
      row.normalize();
    }
  }

  // Saves the run as it stands before step_; a second time for the same step changes nothing.
  void save() {
    if (!log_.unsaved(step_)) return;
    const CheckpointPolicy& policy = options_.checkpoint;
    Checkpoint<double> checkpoint;
    checkpoint.step = step_;
    checkpoint.weights.encoder = B_;
    checkpoint.averages = method_.averages();
    if (hooks_.on_save) checkpoint.payload = hooks_.on_save();
    save_checkpoint(policy.folder, checkpoint, policy.fingerprint);
    log_.saved(step_);
  }

  void resume() {
    const CheckpointPolicy& policy = options_.checkpoint;
    model::Weights<double> like;
    like.encoder = B_;
    auto checkpoint = load_checkpoint<double>(policy.folder, policy.fingerprint, like);
    if (checkpoint.step > options_.steps || !method_.restore(checkpoint.averages)) {
      throw DataError(where_, fmt::format("{}: the checkpoint, at step {}, is of another method or "
                                          "of a longer run than {} steps; start it over",
                                          policy.folder.string(), checkpoint.step, options_.steps));
    }
    step_ = checkpoint.step;
    B_ = std::move(checkpoint.weights.encoder);
    if (hooks_.on_resume) hooks_.on_resume(step_, checkpoint.payload);
  }

  std::string_view where_;
  EncoderGradient& method_;
  const SignEncoderOptions& options_;
  const SignEncoderHooks& hooks_;
  ThreadPool& pool_;
  Observer& observer_;
  RunLog log_;
  Matrix B_, G_;
  std::int64_t step_ = 0;
  double loss_ = 0;
};

}  // namespace

SignEncoderResult descend(std::string_view where, Matrix start, EncoderGradient& method,
                          const SignEncoderOptions& options, const SignEncoderHooks& hooks,
                          ThreadPool& pool, Observer& observer) {
  check(where, start, options);
  return Descent(where, std::move(start), method, options, hooks, pool, observer)();
}

}  // namespace twofold::train
