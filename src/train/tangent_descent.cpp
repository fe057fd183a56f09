#include "twofold/train/tangent_descent.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "catapult_log.hpp"
#include "run_log.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/joint_step.hpp"
#include "twofold/train/checkpoint.hpp"
#include "twofold/train/tangent_power.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::tangent_descent";
constexpr std::array<std::string_view, 4> kModes{"weak", "joint", "decoder", "tied"};

// Of the limit 2/λ_max: λ_max is that of the start, and a little too small.
constexpr double kSafety = 1.8;

ops::TrainedFactors trained_factors(TangentMode mode) {
  if (mode == TangentMode::Weak) return ops::TrainedFactors::Encoder;
  return mode == TangentMode::Decoder ? ops::TrainedFactors::Decoder : ops::TrainedFactors::Both;
}

FactorRates factor_rates(const TangentDescentOptions& options) {
  switch (options.mode) {
    case TangentMode::Weak:
      return {1, 0};
    case TangentMode::Decoder:
      return {0, 1};
    case TangentMode::Joint:
      return {1, options.decoder_ratio};
    case TangentMode::Tied:
      break;
  }
  return {1, 1};
}

template <typename Scalar>
void check(const MatrixOf<Scalar>& X, const model::Weights<Scalar>& start,
           const TangentDescentOptions& options) {
  model::check_shapes(start, kWhere);
  require(X.rows() >= 1 && X.cols() == start.dimension(), kWhere,
          fmt::format("samples are {}x{}, the weights expect dimension {}", X.rows(), X.cols(),
                      start.dimension()));
  require(!start.has_bias(), kWhere, "weights must have no bias");
  require(start.tied() == (options.mode == TangentMode::Tied), kWhere,
          fmt::format("weights are {}tied, the mode is {}", start.tied() ? "" : "not ",
                      to_string(options.mode)));
  const double step = options.step.value_or(1);
  require(step > 0 && std::isfinite(step), kWhere,
          fmt::format("step must be finite and > 0, got {}", step));
  require(options.decoder_ratio > 0 && std::isfinite(options.decoder_ratio), kWhere,
          fmt::format("decoder_ratio must be finite and > 0, got {}", options.decoder_ratio));
  require(options.steps >= 0, kWhere, fmt::format("steps must be >= 0, got {}", options.steps));
  require(options.target >= 0 && options.target < 1, kWhere,
          fmt::format("target must be in [0, 1), got {}", options.target));
  require(options.divergence_limit > 1, kWhere,
          fmt::format("divergence_limit must be > 1, got {}", options.divergence_limit));
  check_run(kWhere, options.steps, options.record_steps, options.checkpoint);
}

template <typename Scalar>
double rounding_floor(const MatrixOf<Scalar>& X) {
  const double relative = 64 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  return relative * relative * X.template cast<double>().squaredNorm() / 2;
}

template <typename Scalar>
class Run {
 public:
  using Status = TangentDescentStatus;

  Run(const MatrixOf<Scalar>& X, const model::Weights<Scalar>& start,
      const TangentDescentOptions& options, const TangentDescentHooks<Scalar>& hooks,
      ThreadPool& pool, Observer& observer)
      : X_(X),
        start_(start),
        options_(options),
        hooks_(hooks),
        pool_(pool),
        observer_(observer),
        log_(options.steps, options.record_steps, options.stage, options.checkpoint, observer),
        catapults_(rounding_floor(X)),
        weights_(start),
        descent_(X, start.neurons(), trained_factors(options.mode), options.products) {}

  TangentDescentResult<Scalar> operator()() {
    const bool resumed = options_.checkpoint.resume && has_checkpoint(options_.checkpoint.folder);
    if (resumed) resume();
    loss_ = descent_.start(weights_, pool_);
    if (!resumed) begin();
    const std::int64_t first_step = step_;
    log_.begin(step_, resumed);
    const Status status = descend();
    return {std::move(weights_),
            status,
            step_,
            first_step,
            initial_loss_,
            loss_,
            size_,
            eigenvalue_,
            movement_,
            catapults_.all(),
            catapults_.count(),
            stop_,
            std::string(descent_.arithmetic())};
  }

 private:
  // At the start: what divergence is measured against, and the step.
  void begin() {
    initial_loss_ = loss_;
    if (options_.step) {
      size_ = *options_.step;
      return;
    }
    if (!std::isfinite(loss_)) return;
    eigenvalue_ = tangent_power<Scalar>(X_, start_, factor_rates(options_), pool_).eigenvalue;
    require(eigenvalue_ > 0, kWhere,
            fmt::format("there is no automatic step: the largest eigenvalue of the tangent kernel "
                        "is {}; give a step",
                        eigenvalue_));
    size_ = kSafety / eigenvalue_;
  }

  Status descend() {
    const Status status = make_steps();
    if (status != Status::Diverged && status != Status::NonFinite) log_.progress(step_, loss_);
    movement_ = weight_movement<Scalar>(X_, start_, weights_, pool_);
    return status;
  }

  // A checkpoint is saved before the record of its step.
  Status make_steps() {
    for (;; ++step_) {
      const bool finished = step_ == options_.steps;
      if (!finished) {
        stop_ = observer_.stop_requested();
        if (stop_ != StopRequest::None) {
          save();
          return Status::Interrupted;
        }
        if (log_.checkpoint_due(step_)) save();
      }
      if (!std::isfinite(loss_)) return Status::NonFinite;
      if (loss_ > options_.divergence_limit * initial_loss_) return Status::Diverged;
      const bool reached = options_.target > 0 && loss_ <= options_.target * initial_loss_;
      if (finished || reached) save();
      if (log_.take_record(step_) && hooks_.on_record) hooks_.on_record(step_, weights_, loss_);
      if (finished || reached) return reached ? Status::Reached : Status::Finished;
      log_.report(step_, loss_);
      if (hooks_.on_step) hooks_.on_step(step_, weights_, loss_);
      advance();
    }
  }

  void advance() {
    const double ratio = options_.mode == TangentMode::Joint ? options_.decoder_ratio : 1;
    const double before = loss_;
    loss_ = descent_.advance(
        weights_, {static_cast<Scalar>(size_), static_cast<Scalar>(size_ * ratio)}, pool_);
    if (catapults_.observe(step_ + 1, before, loss_) && options_.halve) size_ /= 2;
  }

  // Saves the run as it stands before step_; a second time for the same step changes nothing.
  void save() {
    const CheckpointPolicy& policy = options_.checkpoint;
    if (!log_.unsaved(step_)) return;
    const Matrix events = catapults_.save();
    Matrix state(events.rows() + 1, events.cols());
    state << Eigen::RowVector4d(size_, eigenvalue_, 0, 0), events;
    const Checkpoint<Scalar> checkpoint{
        step_, weights_, {}, initial_loss_, hooks_.on_save ? hooks_.on_save() : std::string(),
        state};
    save_checkpoint(policy.folder, checkpoint, policy.fingerprint, options_.products);
    log_.saved(step_);
  }

  void resume() {
    const CheckpointPolicy& policy = options_.checkpoint;
    Checkpoint<Scalar> checkpoint =
        load_checkpoint<Scalar>(policy.folder, policy.fingerprint, start_, options_.products);
    const Matrix& state = checkpoint.averages;
    if (checkpoint.step > options_.steps || state.rows() < 3 || state.cols() != 4) {
      throw DataError(kWhere, fmt::format("{}: the checkpoint is at step {} of another kind of run "
                                          "or of a longer one than {} steps; start it over",
                                          policy.folder.string(), checkpoint.step, options_.steps));
    }
    step_ = checkpoint.step;
    weights_ = std::move(checkpoint.weights);
    initial_loss_ = checkpoint.initial_loss;
    size_ = state(0, 0);
    eigenvalue_ = state(0, 1);
    catapults_.restore(state.bottomRows(state.rows() - 1));
    if (hooks_.on_resume) hooks_.on_resume(step_, checkpoint.payload);
  }

  const MatrixOf<Scalar>& X_;
  const model::Weights<Scalar>& start_;
  const TangentDescentOptions& options_;
  const TangentDescentHooks<Scalar>& hooks_;
  ThreadPool& pool_;
  Observer& observer_;
  RunLog log_;
  CatapultLog catapults_;
  model::Weights<Scalar> weights_;
  ops::JointStep<Scalar> descent_;
  std::int64_t step_ = 0;
  double loss_ = 0, initial_loss_ = 0;
  double size_ = 0, eigenvalue_ = 0;  // η, λ_max
  WeightMovement movement_;
  StopRequest stop_ = StopRequest::None;
};

}  // namespace

std::string_view to_string(TangentMode mode) noexcept {
  return kModes[static_cast<std::size_t>(mode)];
}

TangentMode parse_tangent_mode(std::string_view name) {
  for (std::size_t i = 0; i < kModes.size(); ++i) {
    if (kModes[i] == name) return static_cast<TangentMode>(i);
  }
  throw InvalidArgument(
      "train::parse_tangent_mode",
      fmt::format("unknown mode '{}'; there are: weak, joint, decoder, tied", name));
}

std::string_view to_string(TangentDescentStatus status) noexcept {
  switch (status) {
    case TangentDescentStatus::Finished:
      return "finished";
    case TangentDescentStatus::Reached:
      return "reached";
    case TangentDescentStatus::Interrupted:
      return "interrupted";
    case TangentDescentStatus::Diverged:
      return "diverged";
    case TangentDescentStatus::NonFinite:
      return "non-finite";
  }
  return "unknown";
}

template <std::floating_point Scalar>
TangentDescentResult<Scalar> tangent_descent(const MatrixOf<Scalar>& X,
                                             const model::Weights<Scalar>& start,
                                             const TangentDescentOptions& options,
                                             const TangentDescentHooks<Scalar>& hooks,
                                             ThreadPool& pool, Observer& observer) {
  check(X, start, options);
  return Run<Scalar>(X, start, options, hooks, pool, observer)();
}

template TangentDescentResult<float> tangent_descent(const MatrixOf<float>&,
                                                     const model::Weights<float>&,
                                                     const TangentDescentOptions&,
                                                     const TangentDescentHooks<float>&, ThreadPool&,
                                                     Observer&);
template TangentDescentResult<double> tangent_descent(const MatrixOf<double>&,
                                                      const model::Weights<double>&,
                                                      const TangentDescentOptions&,
                                                      const TangentDescentHooks<double>&,
                                                      ThreadPool&, Observer&);

}  // namespace twofold::train
