#include "twofold/theory/information_threshold.hpp"

#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "twofold/model/sign_channel.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::theory {
namespace {

using numerics::SolveStatus;

constexpr double kRecovered = 1e-7;
constexpr double kLowestRate = 0.01, kHighestRate = 8.0;

void check(double rate, const InformationPoint& point) {
  constexpr auto where = "theory::information_functional";
  if (!(rate > 0.0 && rate <= 1e6)) {
    throw InvalidArgument(where, fmt::format("rate must be in (0, 1e6], got {}", rate));
  }
  require_positive(point.a, "a", where);
  require_positive(point.c, "c", where);
  require_positive(point.b, "b", where);
  require_positive(point.e, "e", where);
}

numerics::Solved<model::GvampScalars> run(const data::ScalarPrior& prior, double rate,
                                          StateEvolutionStart start) {
  // Tighter than the default: near a threshold the recursion crawls past a former fixed point.
  return state_evolution_fixed_point(prior, rate, {start, 1e-11, 5000});
}

/// Θ at a fixed point; H(x) at perfect recovery.
double information_at(const data::ScalarPrior& prior, double rate,
                      const model::GvampScalars& layer) {
  if (layer.mse < kRecovered) {
    if (const auto entropy = prior.entropy()) return *entropy;
  }
  return information_functional(prior, rate, information_point(layer));
}

/// The rate where `recovered` turns true, by bisection.
template <typename Predicate>
numerics::Solved<double> lowest_rate(double low, double high, double tolerance,
                                     Predicate&& recovered) {
  numerics::Solved<double> result;
  if (!recovered(high)) return {high, SolveStatus::MaxIterations, 0, 0.0};
  while (high - low > tolerance) {
    const double middle = 0.5 * (low + high);
    (recovered(middle) ? high : low) = middle;
    ++result.iterations;
  }
  result.value = 0.5 * (low + high);
  result.residual = 0.5 * (high - low);
  return result;
}

}  // namespace

InformationPoint information_point(const model::GvampScalars& fixed_point) {
  const double c = std::max(1.0 / fixed_point.mse - fixed_point.g1, 1e-12);
  return {fixed_point.g1, c, 1.0 / fixed_point.vz, fixed_point.h};
}

double information_functional(const data::ScalarPrior& prior, double rate,
                              const InformationPoint& point) {
  check(rate, point);
  const auto [a, c, b, e] = point;
  const double linear =
      rate <= 1.0 ? rate * std::log(c + e) + (1.0 - rate) * std::log(c) : std::log(c + rate * e);
  return 0.5 * (linear - std::log(a + c) - rate * std::log(b + e)) + prior.information(1.0 / a) +
         rate * (0.5 * std::log(b) + model::sign_entropy(b));
}

BayesLimit bayes_limit(const data::ScalarPrior& prior, double rate) {
  const auto down = run(prior, rate, StateEvolutionStart::Uninformative);
  const auto up = run(prior, rate, StateEvolutionStart::Informative);
  const auto reported = [](double mse) { return mse < kRecovered ? 0.0 : mse; };
  BayesLimit limit{};
  limit.algorithmic = reported(down.value.mse);
  limit.informative = reported(up.value.mse);
  limit.status = down.status == SolveStatus::Converged ? up.status : down.status;
  limit.bayes = limit.algorithmic;
  // Two runs towards one fixed point stop within the tolerance over the rate of convergence.
  if (std::abs(down.value.mse - up.value.mse) < 1e-6) return limit;
  const double theta_down = information_at(prior, rate, down.value);
  const double theta_up = information_at(prior, rate, up.value);
  limit.hard = theta_up < theta_down;
  limit.algorithmic_information = theta_down;
  limit.bayes_information = std::min(theta_up, theta_down);
  if (limit.hard) limit.bayes = limit.informative;
  return limit;
}

numerics::Solved<RecoveryThresholds> recovery_thresholds(const data::ScalarPrior& prior,
                                                         double tolerance) {
  constexpr auto where = "theory::recovery_thresholds";
  require_positive(tolerance, "tolerance", where);
  const auto entropy = prior.entropy();
  require(entropy.has_value(), where, "x must take finitely many values: " + prior.name());
  const auto by_decoder = lowest_rate(kLowestRate, kHighestRate, tolerance, [&](double rate) {
    return run(prior, rate, StateEvolutionStart::Uninformative).value.mse < kRecovered;
  });
  // Below that rate the decoder's fixed point is the rival of perfect recovery.
  const auto by_any = lowest_rate(kLowestRate, by_decoder.value, tolerance, [&](double rate) {
    const auto down = run(prior, rate, StateEvolutionStart::Uninformative).value;
    return down.mse < kRecovered || information_at(prior, rate, down) > *entropy;
  });
  numerics::Solved<RecoveryThresholds> result;
  result.value = {by_any.value, by_decoder.value};
  result.status = by_decoder.status == SolveStatus::Converged ? by_any.status : by_decoder.status;
  result.iterations = by_decoder.iterations + by_any.iterations;
  result.residual = std::max(by_decoder.residual, by_any.residual);
  return result;
}

}  // namespace twofold::theory
