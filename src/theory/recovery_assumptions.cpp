#include "twofold/theory/recovery_assumptions.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "recovery_checks.hpp"
#include "recovery_modes.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/theory/code_consistency.hpp"

namespace twofold::theory {
namespace {

constexpr double kAmple = 1e6;  // a margin that is as good as infinite, and a finite number

// value <= limit.
Assumption at_most(std::string name, double value, double limit, std::string good,
                   std::string bad) {
  const double margin = limit >= kAmple * value ? kAmple : limit / value;
  const bool holds = margin >= 1.0;
  return {std::move(name), value, std::min(limit, kAmple),
          margin,          holds, std::move(holds ? good : bad)};
}

// value >= limit.
Assumption at_least(std::string name, double value, double limit, std::string good,
                    std::string bad) {
  const double margin = std::min(value / limit, kAmple);
  const bool holds = margin >= 1.0;
  return {std::move(name), std::min(value, kAmple * limit), limit, margin,
          holds,           std::move(holds ? good : bad)};
}

double ratio(double value, double deviation) {
  return deviation > 0.0 ? value / deviation : value > 0.0 ? 1e300 : 0.0;
}

Assumption incoherence(const data::DictionaryModel& model) {
  const Index m = model.size();
  const Matrix A = unit_atoms(model);
  Matrix gram(m, m);
  gemm(Trans::No, Trans::Yes, 1.0, A, A, 0.0, gram);
  gram.diagonal().setZero();
  const double root = std::sqrt(static_cast<double>(model.dimension()));
  return at_most("incoherence", root * gram.cwiseAbs().maxCoeff(), 0.5 * root,
                 "No two atoms are closer than 60 degrees.",
                 "Two atoms are closer than 60 degrees: a unit fires for both. Merge them, or "
                 "take fewer atoms or more dimensions.");
}

Assumption sparsity(const data::DictionaryModel& model) {
  return at_most("sparsity", static_cast<double>(model.sparsity),
                 std::sqrt(static_cast<double>(model.dimension())),
                 "Few atoms are active for the dimension.",
                 "More than √d atoms are active: their cross-talk is as large as a code. Lower k "
                 "or use more dimensions.");
}

Assumption threshold(const data::DictionaryModel& model, const RecoveryRun& run) {
  const double s =
      std::max(cross_talk(model, false, run.start_distance), cross_talk(model, false, 0.0));
  return at_least("threshold", ratio(run.threshold, s), 4.0,
                  "The threshold keeps inactive units off.",
                  "The threshold is less than 4 standard deviations of the cross-talk: units fire "
                  "for other atoms. Raise it, lower k or the noise, or gate by the k largest.");
}

Assumption bias(const data::DictionaryModel& model, double last) {
  return at_least("bias", ratio(-last, cross_talk(model, false, 0.0)), 2.0,
                  "The bias keeps inactive units off.",
                  "The bias ends below 2 standard deviations of the cross-talk: units fire on "
                  "noise and the run is destroyed. Raise bias_floor, or use jump_relu.");
}

Assumption signal(const data::DictionaryModel& model, double gate) {
  const double least =
      model.law == data::CodeLaw::Mixture ? model.atoms.rowwise().norm().minCoeff() : model.low;
  return at_least("signal", ratio(std::max(0.0, least - gate), cross_talk(model, true, 0.0)), 2.0,
                  "The smallest code passes the gate.",
                  "The smallest code is within 2 standard deviations of the gate: units miss their "
                  "own samples. Lower the threshold or the bias.");
}

Assumption start(const RecoveryRun& run) {
  return at_most("start", run.start_distance, 1.1, "The start is within the basin of the atoms.",
                 "The start is farther than 1.1 from the atoms: rows end at other atoms or at "
                 "none. Start nearer.");
}

double sample_count(const RecoveryRun& run) {
  return run.fresh_batch > 0 ? static_cast<double>(run.fresh_batch)
                             : static_cast<double>(run.samples);
}

Assumption step(const data::DictionaryModel& model, const RecoveryRun& run) {
  double edge = step_edge(model, bias_at(run, run.iterations), run.gradient);
  const double n = sample_count(run);
  if (model.law != data::CodeLaw::Mixture && n > 0.0) {
    // N samples spread the stiffness of single pairs of atoms; that of the common mode is a mean.
    const Stiffness rate = stiffness(model, run.gradient);
    const double spread = 1.0 + std::sqrt(sample_spread(model, n));
    const double stiffest =
        std::max((rate.mean + std::abs(rate.split)) * spread * spread, rate.uniform);
    edge = 2.0 * leading_stiffness(model) / stiffest;
  }
  return at_most("step", run.step, edge, "The step is below the edge of stability.",
                 "The step is above the edge of stability: atoms overshoot. Lower the step, or "
                 "take more samples, or let it backtrack.");
}

Assumption samples(const data::DictionaryModel& model, const RecoveryRun& run) {
  const bool mixture = model.law == data::CodeLaw::Mixture;
  const double spread = mixture ? 1.0 / model.weights.minCoeff() : sample_spread(model, 1.0);
  const double allowed =
      run.fresh_batch > 0 ? std::max(1e-6, 0.5 * (2.0 - run.step) / run.step) : 0.25;
  return at_least("samples", sample_count(run), spread / allowed,
                  "There are samples enough for every atom.",
                  "Too few samples show each atom: their covariance differs from the expected one "
                  "by more than half. Take more samples or fewer atoms.");
}

}  // namespace

void check_run(const data::DictionaryModel& model, const RecoveryRun& run, std::string_view where) {
  data::check_model(model, where);
  require_positive(run.step, "the step τ", where);
  require(run.iterations >= 0, where,
          fmt::format("iterations must be >= 0, got {}", run.iterations));
  require(run.fresh_batch >= 0, where,
          fmt::format("the fresh batch must be >= 0, got {}", run.fresh_batch));
  require_distance(run.start_distance, where);
  require_bias(model, run.bias, where);
  require(run.bias_shrink >= 1.0 && std::isfinite(run.bias_shrink), where,
          fmt::format("bias_shrink must be finite and >= 1, got {}", run.bias_shrink));
  require_non_negative(run.bias_floor, "bias_floor", where);
  if (run.bias == 0.0) require_non_negative(run.threshold, "the threshold", where);
}

double bias_at(const RecoveryRun& run, std::int64_t t) {
  if (run.bias == 0.0 || t <= 0) return run.bias;
  const double shrunk = -run.bias * std::pow(run.bias_shrink, -static_cast<double>(t));
  return -std::max(shrunk, run.bias_floor);
}

std::vector<Assumption> recovery_assumptions(const data::DictionaryModel& model,
                                             const RecoveryRun& run) {
  check_run(model, run, "theory::recovery_assumptions");
  const double last = bias_at(run, run.iterations);
  std::vector<Assumption> all{incoherence(model), sparsity(model)};
  all.push_back(run.bias < 0.0 ? bias(model, last) : threshold(model, run));
  all.push_back(signal(model, run.bias < 0.0 ? -last : run.threshold));
  all.push_back(start(run));
  all.push_back(step(model, run));
  if (sample_count(run) > 0.0) all.push_back(samples(model, run));
  return all;
}

}  // namespace twofold::theory
