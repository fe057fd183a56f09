#include <algorithm>
#include <cmath>
#include <optional>

#include "recovery_modes.hpp"
#include "sample_modes.hpp"
#include "twofold/theory/dictionary_recovery.hpp"

namespace twofold::theory {
namespace {

// Infinite data, bias schedule included; a constant step at rest is not repeated.
std::vector<double> population_curve(const data::DictionaryModel& model, const RecoveryRun& run) {
  constexpr double kAtRest = 1e-12;
  PopulationDescent descent(model, run.gradient,
                            displaced_atoms(model, run.start_distance, run.seed));
  std::vector<double> error{descent.error()};
  for (std::int64_t t = 0; t < run.iterations; ++t) {
    const Matrix before = descent.rows();
    const double bias = bias_at(run, t);
    descent.advance(run.step, bias);
    error.push_back(descent.error());
    const bool rests = (descent.rows() - before).norm() <= kAtRest * before.norm();
    if (rests && bias == bias_at(run, run.iterations)) break;
  }
  error.resize(static_cast<std::size_t>(run.iterations) + 1, error.back());
  return error;
}

// One floor of the samples on its way to its end value. What is left of it is the share of the
// start that remains (fixed batch) or a geometric mean of the batches (fresh ones).
struct Settling {
  double end;  // of the batch
  double left = 1.0, settled = 0.0;

  void advance(double contraction) {
    left *= contraction;
    settled = contraction * contraction * settled + (1.0 - contraction) * (1.0 - contraction);
  }
  double value(bool fresh) const { return end * (fresh ? settled : (1.0 - left) * (1.0 - left)); }
};

class SampleTerms {
 public:
  SampleTerms(const data::DictionaryModel& model, const RecoveryRun& run)
      : model_(model),
        run_(run),
        fresh_(run.fresh_batch > 0),
        samples_(fresh_ ? static_cast<std::uint64_t>(run.fresh_batch) : run.samples) {
    if (samples_ == 0) return;
    const double last = bias_at(run, run.iterations);
    if (model.law == data::CodeLaw::Mixture) {
      unit_ = step_unit(model);
      for (const double end : mixture_floors(model, samples_, run.gradient, last)) {
        terms_.push_back({end});
      }
      return;
    }
    rate_ = model.kappa2() / leading_stiffness(model);
    terms_.push_back({batch_floor(model, run.gradient, samples_, last)});
    modes_.emplace(model, run.gradient, static_cast<double>(samples_), fresh_);
  }

  // One step at iteration t from the predicted squared distance `error`.
  void advance(std::int64_t t, double error, double start) {
    if (samples_ == 0) return;
    const double m = static_cast<double>(model_.size());
    const double lambda = std::clamp(1.0 - 0.5 * error / m, 1e-3, 1.0);
    if (!modes_) {
      for (std::size_t j = 0; j < terms_.size(); ++j) advance_component(j, t, lambda);
      return;
    }
    const double tau = run_.step * rate_, kept = 1.0 - tau * lambda * lambda;
    terms_.front().advance(kept / (kept + tau));
    modes_->advance(run_.step, lambda, start > 0.0 ? error / start : 0.0);
  }

  // What is added to the population's squared distance; `start` is Σ tan²θ at the start.
  double value(double start) const {
    double sum = modes_ ? start * modes_->excess() : 0.0;
    for (const Settling& term : terms_) sum += term.value(fresh_);
    return sum;
  }

 private:
  static double batch_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                            std::uint64_t samples, double bias) {
    const SampleFloor floor = sample_floor(model, kind, samples, bias);
    return floor.sampling + floor.noise + floor.bias;
  }

  void advance_component(std::size_t j, std::int64_t t, double lambda) {
    const auto at = static_cast<Index>(j);
    const double alpha = model_.atoms.row(at).norm();
    const double tau = run_.step * unit_ * model_.weights[at] * alpha * alpha;
    terms_[j].advance(contraction(tau, lambda, bias_at(run_, t) / alpha, run_.gradient));
  }

  const data::DictionaryModel& model_;
  const RecoveryRun& run_;
  bool fresh_;
  std::uint64_t samples_;
  double unit_ = 0.0, rate_ = 1.0;
  std::vector<Settling> terms_;
  std::optional<SampleModes> modes_;
};

// Σ tan²θ of m rows at squared distance `error` in all, and back; without cancellation.
double squared_tangent(double error, double m) {
  const double versine = std::min(0.5 * error / m, 0.999);  // 1 − cos θ; at a right angle: far
  return m * versine * (2.0 - versine) / ((1.0 - versine) * (1.0 - versine));
}
double squared_chord(double tangent, double m) {
  const double secant = std::sqrt(1.0 + tangent / m);
  return 2.0 * tangent / (secant * (secant + 1.0));
}

}  // namespace

std::vector<double> recovery_curve(const data::DictionaryModel& model, const RecoveryRun& run) {
  check_run(model, run, "theory::recovery_curve");
  std::vector<double> error = population_curve(model, run);
  const double m = static_cast<double>(model.size());
  const double start = squared_tangent(error.front(), m);
  SampleTerms terms(model, run);
  for (std::size_t t = 1; t < error.size(); ++t) {
    terms.advance(static_cast<std::int64_t>(t) - 1, error[t - 1], error.front());
    const double added = terms.value(start);
    if (added > 0.0) error[t] = squared_chord(squared_tangent(error[t], m) + added, m);
  }
  return error;
}

}  // namespace twofold::theory
