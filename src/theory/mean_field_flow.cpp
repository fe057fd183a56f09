#include "twofold/theory/mean_field_flow.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "logistic_flow.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Rates {
  double alpha, beta;
};

Rates rates(const FlowProblem& problem, double eigenvalue) {
  const double c = problem.odd_slope;
  return {2.0 * c * eigenvalue - problem.penalty, 2.0 * c * c * eigenvalue};
}

Vector checked(const FlowProblem& problem, std::string_view where) {
  require_positive(problem.odd_slope, "odd_slope", where);
  require_non_negative(problem.penalty, "penalty", where);
  require_positive(problem.init_scale, "init_scale", where);
  return checked_spectrum(problem.spectrum, where);
}

double scale_limit(const Rates& rate, double start) {
  if (rate.alpha > 0.0) return rate.alpha / rate.beta;
  return rate.alpha == 0.0 && rate.beta == 0.0 ? start : 0.0;
}

}  // namespace

Vector checked_spectrum(const Vector& spectrum, std::string_view where) {
  require(spectrum.size() > 0, where, "spectrum is empty");
  for (Index j = 0; j < spectrum.size(); ++j) {
    if (std::isfinite(spectrum[j])) continue;
    throw InvalidArgument(where, fmt::format("spectrum[{}] is not finite: {}", j, spectrum[j]));
  }
  const double largest = spectrum.maxCoeff();
  for (Index j = 0; j < spectrum.size(); ++j) {
    if (spectrum[j] >= -1e-10 * std::max(largest, 0.0)) continue;
    throw InvalidArgument(where, fmt::format("spectrum[{}] must be >= 0, got {}", j, spectrum[j]));
  }
  require(largest > 0.0, where, "spectrum is all zero: the data have no variance");
  return spectrum.cwiseMax(0.0);
}

Vector closed_form_scale(const FlowProblem& problem, double time) {
  constexpr auto where = "theory::closed_form_scale";
  const Vector spectrum = checked(problem, where);
  require(time >= 0.0, where, fmt::format("time must be >= 0, got {}", time));
  const double start = problem.init_scale * problem.init_scale;
  Vector scale(spectrum.size());
  for (Index j = 0; j < spectrum.size(); ++j) {
    const Rates rate = rates(problem, spectrum[j]);
    scale[j] = time < kInfinity ? logistic_step(start, rate.alpha, rate.beta, time)
                                : scale_limit(rate, start);
  }
  return scale;
}

Vector gain(const Vector& scale, double odd_slope) {
  return odd_slope * scale;
}

Vector gain_limit(const FlowProblem& problem) {
  return gain(closed_form_scale(problem, kInfinity), problem.odd_slope);
}

std::optional<double> half_time(const FlowProblem& problem, Index j) {
  constexpr auto where = "theory::half_time";
  const Vector spectrum = checked(problem, where);
  require(j >= 0 && j < spectrum.size(), where,
          fmt::format("component must be in [0, {}), got {}", spectrum.size(), j));
  const Rates rate = rates(problem, spectrum[j]);
  if (rate.alpha <= 0.0) return std::nullopt;
  const double ratio = rate.alpha / (rate.beta * problem.init_scale * problem.init_scale);
  if (ratio <= 2.0) return std::nullopt;
  return std::log(ratio - 1.0) / (2.0 * rate.alpha);
}

Index learned_count(const Vector& spectrum, double odd_slope, double penalty) {
  constexpr auto where = "theory::learned_count";
  require_positive(odd_slope, "odd_slope", where);
  require_non_negative(penalty, "penalty", where);
  const Vector s = checked_spectrum(spectrum, where);
  return (2.0 * odd_slope * s.array() > penalty).count();
}

double loss(const Vector& spectrum, const Vector& gains) {
  require_same_length(spectrum.size(), gains.size(), "spectrum and gains", "theory::loss");
  return 0.5 * (spectrum.array() * (1.0 - gains.array()).square()).sum();
}

std::optional<double> stopping_threshold(double odd_slope, double init_scale, double time) {
  constexpr auto where = "theory::stopping_threshold";
  require_positive(odd_slope, "odd_slope", where);
  require_positive(init_scale, "init_scale", where);
  require_positive(time, "time", where);
  const double start = odd_slope * init_scale * init_scale;
  if (start >= 0.5) return std::nullopt;
  return std::log(1.0 / start - 1.0) / (4.0 * odd_slope * time);
}

}  // namespace twofold::theory
