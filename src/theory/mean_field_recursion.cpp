#include "twofold/theory/mean_field_recursion.hpp"

#include <utility>

#include "checks.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"

namespace twofold::theory {

Recursion::Recursion(RecursionProblem problem)
    : problem_(std::move(problem)), slope_(problem_.activation, "theory::Recursion") {
  constexpr auto where = "theory::Recursion";
  problem_.spectrum = checked_spectrum(problem_.spectrum, where);
  require_non_negative(problem_.penalty, "penalty", where);
  require_positive(problem_.init_scale, "init_scale", where);
  require_momentum(problem_.momentum, where);
  require_non_negative(problem_.even_excess, "even_excess", where);
  amplitude_ = Vector::Constant(problem_.spectrum.size(), problem_.init_scale);
  velocity_ = Vector::Zero(problem_.spectrum.size());
}

void Recursion::step(double step_size) {
  const auto s = problem_.spectrum.array();
  const Eigen::ArrayXd u = amplitude_.array().square();
  const double q = (u * s).sum();
  const double m = slope_.value(q);
  const Eigen::ArrayXd unlearned = 1.0 - m * u;
  double competition = 0.0;  // m'(q) p
  if (!slope_.constant()) competition = slope_.derivative(q) * (u * s * unlearned).sum();
  const double psi = problem_.even_excess;
  const Eigen::ArrayXd rate =
      2.0 * s * (m * unlearned + competition) - problem_.penalty - psi * (q + u.sum() * s);
  velocity_.array() = problem_.momentum * velocity_.array() + step_size * amplitude_.array() * rate;
  amplitude_ += velocity_;
  time_ += step_size;
}

void Recursion::advance(std::int64_t steps, double step_size) {
  constexpr auto where = "theory::Recursion::advance";
  require_positive(step_size, "step_size", where);
  require(steps >= 0, where, fmt::format("steps must be >= 0, got {}", steps));
  for (std::int64_t k = 0; k < steps; ++k) step(step_size);
}

void Recursion::advance(std::span<const double> step_sizes) {
  for (const double step_size : step_sizes) {
    require_positive(step_size, "step_size", "theory::Recursion::advance");
  }
  for (const double step_size : step_sizes) step(step_size);
}

Vector Recursion::scale() const {
  return amplitude_.array().square();
}

Vector Recursion::gain() const {
  const Vector u = scale();
  return slope_.value(u.dot(problem_.spectrum)) * u;
}

double Recursion::loss() const {
  const Vector u = scale();
  const double excess = 0.5 * problem_.even_excess * u.sum() * u.dot(problem_.spectrum);
  return theory::loss(problem_.spectrum, gain()) + excess;
}

bool Recursion::finite() const {
  return amplitude_.allFinite();
}

}  // namespace twofold::theory
