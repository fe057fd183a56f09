#include "twofold/train/dictionary_descent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "dictionary_reseed.hpp"
#include "dictionary_schedule.hpp"
#include "run_log.hpp"
#include "twofold/core/error.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::train {
namespace {

constexpr std::string_view kWhere = "train::dictionary_descent";
constexpr Index kEntries = 16'384;     // of W per block of a step
constexpr Index kSamples = 1024;       // per block of the power
constexpr Index kFewNumbers = 65'536;  // of a batch
constexpr double kRise = 1e-3;         // of the loss that a step may cost
constexpr double kGrowth = 1.2;        // of τ after a step that was taken
constexpr Index kSavedNumbers = 4;     // beside the counts of the units

// What is known at some weights.
template <typename Scalar>
struct Evaluation {
  ops::SparseCodes<Scalar> codes;
  MatrixOf<Scalar> G;
  double loss = 0;
};

template <typename Scalar>
class Run {
 public:
  using Batch = std::function<const MatrixOf<Scalar>&(std::int64_t t)>;

  /// @param batch  batch number t, valid until the next call; `fixed`: always the same.
  Run(MatrixOf<Scalar> start, Batch batch, bool fixed, const ops::SparseCodes<Scalar>* oracle,
      const DictionaryDescentOptions& options, const DictionaryHooks<Scalar>& hooks,
      ThreadPool& pool, Observer& observer)
      : batch_(std::move(batch)),
        fixed_(fixed),
        oracle_(oracle),
        options_(options),
        hooks_(hooks),
        pool_(pool),
        observer_(observer),
        schedule_(options),
        log_(schedule_.total(), options.record_steps, options.stage, options.checkpoint, observer),
        W_(std::move(start)),
        step_(options.step),
        fired_(static_cast<std::size_t>(W_.rows())) {
    if (options_.normalise) W_.rowwise().normalize();
    prepare(now_);
    if (!options_.backtrack) return;
    prepare(trial_);
    trial_W_.resize(W_.rows(), W_.cols());
  }

  DictionaryResult<Scalar> operator()() {
    const bool resumed = options_.checkpoint.resume && has_checkpoint(options_.checkpoint.folder);
    if (resumed) resume();
    DictionaryResult<Scalar> result;
    result.first_iteration = t_;
    log_.begin(t_, resumed);
    // The record at the end needs one more evaluation: the loop ends by break.
    for (;; ++t_) {
      const bool last = t_ == schedule_.total();
      if (!last) result.stop = observer_.stop_requested();
      if (last || result.stop != StopRequest::None || log_.checkpoint_due(t_)) save();
      if (result.stop != StopRequest::None) {
        result.status = SgdStatus::Interrupted;
        break;
      }
      if (const auto ended = look(last)) {
        result.status = *ended;
        break;
      }
      if (last) break;
      if (schedule_.reseeds(t_)) look_after_units();
      if (!step()) {
        result.status = SgdStatus::Diverged;
        break;
      }
    }
    if (result.status == SgdStatus::Diverged) save();
    result.iterations = t_;
    result.loss = now_.loss;
    result.gate = schedule_.gate(t_);
    result.rejected = rejected_;
    result.reseeded = reseeded_;
    if (X_ != nullptr) result.usage = ops::usage(now_.codes);
    result.atoms = std::move(W_);
    return result;
  }

 private:
  void prepare(Evaluation<Scalar>& at) const {
    at.G.resize(W_.rows(), W_.cols());
    if (oracle_ == nullptr) return;
    at.codes = *oracle_;
    at.codes.value.resize(at.codes.index.size());
  }

  void evaluate(const MatrixOf<Scalar>& W, Evaluation<Scalar>& at) {
    const ops::Gate gate = schedule_.gate(t_);
    if (oracle_ != nullptr) {
      ops::encode_on_support<Scalar>(*X_, W, gate.bias, at.codes, pool_);
    } else {
      ops::encode<Scalar>(*X_, W, gate, at.codes, pool_);
    }
    if (schedule_.polishing(t_)) ops::least_squares_codes<Scalar>(*X_, W, at.codes, pool_);
    at.loss = ops::tied_gradient<Scalar>(*X_, W, at.codes, schedule_.gradient(t_), at.G, pool_);
  }

  // Loss and gradient at iteration t, its record, and the status that ends the run there, if any.
  std::optional<SgdStatus> look(bool last) {
    if (X_ == nullptr || !fixed_) {
      X_ = &batch_(t_);
      power_ = power();
    }
    if (!known_) evaluate(W_, now_);
    known_ = true;
    if (!std::isfinite(now_.loss)) return SgdStatus::NonFinite;
    if (now_.loss > options_.divergence_limit * power_) return SgdStatus::Diverged;
    if (log_.take_record(t_) && hooks_.on_record) {
      const double active =
          static_cast<double>(now_.codes.size()) / static_cast<double>(X_->rows());
      hooks_.on_record({t_, W_, now_.loss, active, tau(), schedule_.gate(t_).bias});
    }
    if (last) {
      log_.progress(t_, now_.loss);
    } else {
      log_.report(t_, now_.loss);
    }
    return std::nullopt;
  }

  // ½ mean ‖x‖²: the loss of codes that are all empty.
  double power() const {
    const double sum =
        parallel_sum<double>(pool_, X_->rows(), kSamples, [&](Index begin, Index end) {
          return X_->middleRows(begin, end - begin).template cast<double>().squaredNorm();
        });
    return sum / (2 * static_cast<double>(X_->rows()));
  }

  double tau() const {
    return options_.backtrack ? std::min(step_, schedule_.step(t_)) : schedule_.step(t_);
  }

  // One step; false if backtracking found none: the weights are then as before.
  bool step() {
    if (options_.reseed_every > 0) count_units();
    const bool stays = fixed_ && schedule_.same_loss_next(t_);
    if (!options_.backtrack) {
      move(W_, now_.G, tau(), W_);
      known_ = false;
      return true;
    }
    // Below this a loss is rounding, whose rise says nothing.
    const double eps = 100 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    const double allowed = (1 + kRise) * now_.loss + eps * eps * power_;
    double tried = tau();
    for (std::int64_t halvings = 0;; ++halvings, tried /= 2) {
      move(W_, now_.G, tried, trial_W_);
      evaluate(trial_W_, trial_);
      if (trial_.loss <= allowed) break;
      ++rejected_;
      if (halvings == options_.most_halvings) return false;
    }
    W_.swap(trial_W_);
    std::swap(now_, trial_);
    step_ = kGrowth * tried;
    known_ = stays;
    return true;
  }

  // to <- rows of W − ζG, normalised; a row that would vanish stays.
  void move(const MatrixOf<Scalar>& W, const MatrixOf<Scalar>& G, double tau,
            MatrixOf<Scalar>& to) const {
    const auto zeta = static_cast<Scalar>(tau * options_.step_unit);
    const Index rows = std::max<Index>(1, kEntries / W.cols());
    parallel_for(pool_, W.rows(), rows, [&](Index begin, Index end) {
      for (Index i = begin; i < end; ++i) {
        if (!options_.normalise) {
          to.row(i) = W.row(i) - zeta * G.row(i);
          continue;
        }
        const Scalar norm = (W.row(i) - zeta * G.row(i)).norm();
        if (norm == 0) {
          to.row(i) = W.row(i);
        } else {
          to.row(i) = (W.row(i) - zeta * G.row(i)) / norm;
        }
      }
    });
  }

  // Small batches are counted together since units were last looked after; a fixed one by itself.
  void count_units() {
    if (fixed_) return;
    const auto usage = ops::usage(now_.codes);
    for (std::size_t i = 0; i < usage.size(); ++i) fired_[i] += usage[i];
    counted_ += X_->rows();
  }

  void look_after_units() {
    if (fixed_) {
      fired_ = ops::usage(now_.codes);
      counted_ = X_->rows();
    }
    const double expected = options_.expected_rate * static_cast<double>(counted_);
    const auto units =
        idle_units<Scalar>(W_, fired_, expected, options_.reseed_below * expected, pool_);
    std::fill(fired_.begin(), fired_.end(), 0);
    counted_ = 0;
    if (units.empty()) return;
    reseeded_ += reseed<Scalar>(units, *X_, now_.codes, W_, pool_);
    evaluate(W_, now_);
  }

  // Saves the run as it stands before the step of t_; a second time for the same t_ changes
  // nothing.
  void save() {
    if (!log_.unsaved(t_)) return;
    Checkpoint<Scalar> checkpoint;
    checkpoint.step = t_;
    checkpoint.weights.encoder = W_;
    checkpoint.averages.resize(1, kSavedNumbers + W_.rows());
    checkpoint.averages.row(0).head(kSavedNumbers) << step_, static_cast<double>(rejected_),
        static_cast<double>(reseeded_), static_cast<double>(counted_);
    for (Index i = 0; i < W_.rows(); ++i) {
      checkpoint.averages(0, kSavedNumbers + i) =
          static_cast<double>(fired_[static_cast<std::size_t>(i)]);
    }
    if (hooks_.on_save) checkpoint.payload = hooks_.on_save();
    save_checkpoint(options_.checkpoint.folder, checkpoint, options_.checkpoint.fingerprint);
    log_.saved(t_);
  }

  void resume() {
    const CheckpointPolicy& policy = options_.checkpoint;
    model::Weights<Scalar> like;
    like.encoder = W_;
    auto checkpoint = load_checkpoint<Scalar>(policy.folder, policy.fingerprint, like);
    const Matrix& saved = checkpoint.averages;
    if (checkpoint.step > schedule_.total() || saved.rows() != 1 ||
        saved.cols() != kSavedNumbers + W_.rows()) {
      throw DataError(kWhere,
                      fmt::format("{}: the checkpoint, at step {}, is of another method or "
                                  "of a longer run than {} steps; start it over",
                                  policy.folder.string(), checkpoint.step, schedule_.total()));
    }
    t_ = checkpoint.step;
    W_ = std::move(checkpoint.weights.encoder);
    step_ = saved(0, 0);
    rejected_ = static_cast<std::int64_t>(saved(0, 1));
    reseeded_ = static_cast<std::int64_t>(saved(0, 2));
    counted_ = static_cast<std::int64_t>(saved(0, 3));
    for (Index i = 0; i < W_.rows(); ++i) {
      fired_[static_cast<std::size_t>(i)] = static_cast<std::int64_t>(saved(0, kSavedNumbers + i));
    }
    if (hooks_.on_resume) hooks_.on_resume(t_, checkpoint.payload);
  }

  Batch batch_;
  bool fixed_;
  const ops::SparseCodes<Scalar>* oracle_;
  const DictionaryDescentOptions& options_;
  const DictionaryHooks<Scalar>& hooks_;
  ThreadPool& pool_;
  Observer& observer_;
  DictionarySchedule schedule_;
  RunLog log_;
  MatrixOf<Scalar> W_, trial_W_;
  Evaluation<Scalar> now_, trial_;
  bool known_ = false;                   // now_ belongs to W_ at iteration t_
  const MatrixOf<Scalar>* X_ = nullptr;  // of iteration t_
  double power_ = 0;                     // of X_
  std::int64_t t_ = 0;
  double step_;  // τ that backtracking has come to
  std::int64_t rejected_ = 0, reseeded_ = 0;
  std::vector<std::int64_t> fired_;  // how often each unit did, in counted_ samples
  std::int64_t counted_ = 0;
};

template <typename Scalar>
void check_oracle(const ops::SparseCodes<Scalar>& oracle, Index samples, Index atoms) {
  require(oracle.rows() == samples && oracle.atoms == atoms, kWhere,
          fmt::format("the support is of {} samples and {} atoms, the run of {} and {}",
                      oracle.rows(), oracle.atoms, samples, atoms));
}

}  // namespace

template <std::floating_point Scalar>
DictionaryResult<Scalar> dictionary_descent(const MatrixOf<Scalar>& X, MatrixOf<Scalar> start,
                                            const DictionaryDescentOptions& options,
                                            const DictionaryHooks<Scalar>& hooks, ThreadPool& pool,
                                            Observer& observer,
                                            const ops::SparseCodes<Scalar>* oracle) {
  check_descent<Scalar>(start, X.cols(), options);
  require(X.rows() >= 1, kWhere, "there must be at least one sample");
  if (oracle != nullptr) check_oracle(*oracle, X.rows(), start.rows());
  const auto batch = [&X](std::int64_t) -> const MatrixOf<Scalar>& { return X; };
  return Run<Scalar>(std::move(start), batch, true, oracle, options, hooks, pool, observer)();
}

template <std::floating_point Scalar>
DictionaryResult<Scalar> dictionary_descent(const data::BatchSampler& sampler,
                                            MatrixOf<Scalar> start,
                                            const DictionaryDescentOptions& options,
                                            const DictionaryHooks<Scalar>& hooks, ThreadPool& pool,
                                            Observer& observer) {
  const Index d = sampler.source().dimension();
  check_descent<Scalar>(start, d, options);
  require(!options.backtrack, kWhere,
          "backtracking needs a fixed batch: losses must be comparable");
  MatrixOf<Scalar> rows(sampler.options().batch, d);
  // Waking the threads costs more than they save on few numbers.
  ThreadPool caller(1);
  ThreadPool& filling = rows.size() <= kFewNumbers ? caller : pool;
  const auto batch = [&](std::int64_t t) -> const MatrixOf<Scalar>& {
    sampler.fill<Scalar>(static_cast<std::uint64_t>(t), rows, filling);
    return rows;
  };
  return Run<Scalar>(std::move(start), batch, false, nullptr, options, hooks, pool, observer)();
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                             \
  template DictionaryResult<Scalar> dictionary_descent(                                         \
      const MatrixOf<Scalar>&, MatrixOf<Scalar>, const DictionaryDescentOptions&,               \
      const DictionaryHooks<Scalar>&, ThreadPool&, Observer&, const ops::SparseCodes<Scalar>*); \
  template DictionaryResult<Scalar> dictionary_descent(                                         \
      const data::BatchSampler&, MatrixOf<Scalar>, const DictionaryDescentOptions&,             \
      const DictionaryHooks<Scalar>&, ThreadPool&, Observer&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::train
