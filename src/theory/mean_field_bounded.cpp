#include "twofold/theory/mean_field_bounded.hpp"

#include <utility>

#include "checks.hpp"
#include "logistic_flow.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {

NormConcentrated::NormConcentrated(BoundedProblem problem)
    : problem_(std::move(problem)), slope_(problem_.activation, "theory::NormConcentrated") {
  constexpr auto where = "theory::NormConcentrated";
  problem_.spectrum = checked_spectrum(problem_.spectrum, where);
  require_non_negative(problem_.penalty, "penalty", where);
  require_positive(problem_.init_scale, "init_scale", where);
  require_non_negative(problem_.even_excess, "even_excess", where);
  const double start = problem_.init_scale * problem_.init_scale;
  state_.scale = Vector::Constant(problem_.spectrum.size(), start);
}

void NormConcentrated::coefficients(const Vector& u, Vector& alpha, Vector& beta) const {
  const auto s = problem_.spectrum.array();
  const double q = u.dot(problem_.spectrum);
  const double m = slope_.value(q);
  const double p = (u.array() * s * (1.0 - m * u.array())).sum();
  const double psi = problem_.even_excess;
  const double growth = 2.0 * (m + slope_.derivative(q) * p) - psi * u.sum();
  alpha.array() = growth * s - (problem_.penalty + psi * q);
  beta.array() = (2.0 * m * m) * s;
}

void NormConcentrated::step(double h) {
  require_positive(h, "step length", "theory::NormConcentrated::step");
  const auto rates = [this](const Vector& u, Vector& a, Vector& b) { coefficients(u, a, b); };
  state_.scale = midpoint_step(state_.scale, h, rates);
  state_.time += h;
}

SolveStatus NormConcentrated::adaptive_step(double end) {
  const auto rates = [this](const Vector& u, Vector& a, Vector& b) { coefficients(u, a, b); };
  return theory::adaptive_step(state_, end, rates);
}

SolveStatus NormConcentrated::advance_to(double end) {
  require_non_negative(end - time(), "time ahead", "theory::NormConcentrated::advance_to");
  const auto rates = [this](const Vector& u, Vector& a, Vector& b) { coefficients(u, a, b); };
  return advance_flow(state_, end, rates);
}

Vector NormConcentrated::gain() const {
  return slope_.value(q()) * state_.scale;
}

double NormConcentrated::loss() const {
  const double excess = 0.5 * problem_.even_excess * state_.scale.sum() * q();
  return theory::loss(problem_.spectrum, gain()) + excess;
}

}  // namespace twofold::theory
