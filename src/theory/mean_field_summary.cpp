// What becomes of each component: limits, half times, status.
#include <cmath>

#include "checks.hpp"
#include "prediction_engine.hpp"
#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_limits.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"
#include "twofold/theory/mean_field_prediction.hpp"

namespace twofold::theory {
namespace {

using HalfTimes = std::vector<std::optional<double>>;

struct Limits {
  Vector gain;
  HalfTimes half_time;  // in the time of the flow
};

Limits linear_limits(const FlowProblem& flow) {
  Limits limits{gain_limit(flow), {}};
  for (Index j = 0; j < flow.spectrum.size(); ++j) limits.half_time.push_back(half_time(flow, j));
  return limits;
}

/// Time at which u passes `half` between two states, linear in ln u.
double crossing(double t0, double u0, double t1, double u1, double half) {
  return t0 + (t1 - t0) * std::log(half / u0) / std::log(u1 / u0);
}

/// First passages of each u_j through half of its limit along the norm-concentrated flow.
HalfTimes half_times(NormConcentrated flow, const Vector& limit) {
  constexpr int kMaxSteps = 20'000;
  constexpr double kHorizon = 1e12;
  HalfTimes times(static_cast<std::size_t>(limit.size()));
  const Vector half = 0.5 * limit;
  Index waiting = (half.array() > flow.scale().array()).count();
  for (int step = 0; step < kMaxSteps && waiting > 0 && flow.time() < kHorizon; ++step) {
    const double t0 = flow.time();
    const Vector u0 = flow.scale();
    if (flow.adaptive_step(kHorizon) != SolveStatus::Converged) break;
    for (Index j = 0; j < limit.size(); ++j) {
      auto& time = times[static_cast<std::size_t>(j)];
      if (time || u0[j] >= half[j] || flow.scale()[j] < half[j]) continue;
      time = crossing(t0, u0[j], flow.time(), flow.scale()[j], half[j]);
      --waiting;
    }
  }
  return times;
}

Limits bounded_limits(const MeanFieldProblem& problem, const OddSlope& slope) {
  const FixedPoint point = fixed_point(problem.spectrum, problem.activation, problem.penalty);
  const NormConcentrated flow(
      {problem.spectrum, problem.activation, problem.penalty, problem.init_scale, 0.0});
  Limits limits{point.gain, half_times(flow, point.scale)};
  if (problem.penalty == 0.0) {
    // Null directions are not moved: they keep the gain of the start.
    const double ghost = slope.value(point.q) * problem.init_scale * problem.init_scale;
    limits.gain = (problem.spectrum.array() > 0.0).select(limits.gain, ghost);
  }
  return limits;
}

ComponentStatus component_status(double eigenvalue, double largest, double limit, double now) {
  if (eigenvalue <= 1e-12 * largest) return ComponentStatus::Null;
  if (limit <= 0.0) return ComponentStatus::Suppressed;
  return now >= 0.5 * limit ? ComponentStatus::Learned : ComponentStatus::Partial;
}

}  // namespace

std::string_view to_string(ComponentStatus status) {
  switch (status) {
    case ComponentStatus::Learned:
      return "learned";
    case ComponentStatus::Partial:
      return "partial";
    case ComponentStatus::Suppressed:
      return "suppressed";
    case ComponentStatus::Null:
      return "null";
  }
  return "unknown";
}

Summary summarize(const MeanFieldProblem& problem, double stop_time) {
  constexpr auto where = "theory::summarize";
  const MeanFieldProblem clean = checked(problem);
  require(stop_time >= 0.0, where, fmt::format("stop_time must be >= 0, got {}", stop_time));
  const OddSlope slope(clean.activation, where);
  Limits limits =
      slope.constant()
          ? linear_limits({clean.spectrum, *slope.constant(), clean.penalty, clean.init_scale})
          : bounded_limits(clean, slope);
  Summary summary;
  summary.gain_limit = limits.gain;
  summary.gain_at_stop = limits.gain;
  if (std::isfinite(stop_time)) {
    const auto engine = make_engine(clean, Predictor::Flow, 0.0, nullptr);
    engine->advance_to(stop_time);
    summary.gain_at_stop = engine->gain();
  }
  // Half times of the flow, in the time t = η · steps of a run with momentum.
  for (auto& time : limits.half_time) {
    if (time) *time *= 1.0 - clean.momentum;
  }
  summary.half_time = std::move(limits.half_time);
  const double largest = clean.spectrum.maxCoeff();
  for (Index j = 0; j < clean.spectrum.size(); ++j) {
    summary.status.push_back(component_status(clean.spectrum[j], largest, summary.gain_limit[j],
                                              summary.gain_at_stop[j]));
    const bool kept = clean.spectrum[j] > 0.0 && summary.gain_limit[j] > 0.0;
    summary.learned += kept ? 1 : 0;
  }
  summary.effective_rank = summary.gain_at_stop.sum();
  summary.effective_dimension = effective_dimension(clean.spectrum);
  summary.initial_loss = 0.5 * clean.spectrum.sum();
  summary.limit_loss = loss(clean.spectrum, summary.gain_limit);
  return summary;
}

}  // namespace twofold::theory
