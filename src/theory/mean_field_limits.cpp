#include "twofold/theory/mean_field_limits.hpp"

#include <cmath>
#include <limits>
#include <numbers>

#include "checks.hpp"
#include "twofold/theory/mean_field_flow.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kAccurateNoise = 0.03;

/// Relaxation rate of the constant mode of the even part, (E e(√q g))² = (2/π) κ² q with
/// q = tr(CS) = tr(AS)/c: tr(AS)/π for ReLU.
double even_mode_rate(const Vector& spectrum, const Vector& gains,
                      const model::Activation& activation) {
  const double kappa = even_slope(activation);
  if (kappa == 0.0) return 0.0;
  const OddSlope slope(activation, "theory::even_mode_rate");
  return 2.0 / std::numbers::pi * kappa * kappa * gains.dot(spectrum) / slope.value(0.0);
}

void check_samples(Index independent_samples, std::string_view where) {
  require(independent_samples >= 0, where,
          fmt::format("independent_samples must be >= 0, got {}", independent_samples));
}

double per_rate(double bound, double rate) {
  return rate > 0.0 ? bound / rate : kInfinity;
}

}  // namespace

StepLimits step_limits(const Vector& spectrum, const Vector& gains,
                       const model::Activation& activation, double penalty, double momentum,
                       Index independent_samples) {
  constexpr auto where = "theory::step_limits";
  const Vector s = checked_spectrum(spectrum, where);
  require_same_length(s.size(), gains.size(), "spectrum and gains", where);
  require_non_negative(penalty, "penalty", where);
  require_momentum(momentum, where);
  check_samples(independent_samples, where);

  // m(0) is the largest slope of the activations covered, so the bound holds at any q.
  const double slope = OddSlope(activation, where).value(0.0);
  StepLimits limits{};
  limits.recursion = per_rate(1.0 + momentum, 2.0 * slope * s.maxCoeff() - penalty);
  limits.even_mode = per_rate(2.0 * (1.0 + momentum), even_mode_rate(s, gains, activation));
  limits.noise = kInfinity;
  if (independent_samples > 0) {
    limits.noise = (1.0 - momentum) * static_cast<double>(independent_samples) / s.sum();
  }
  limits.accurate = kAccurateNoise * limits.noise;
  limits.largest = limits.recursion;
  limits.reason = "the leading principal direction overshoots";
  if (limits.even_mode < limits.largest) {
    limits.largest = limits.even_mode;
    limits.reason = "the constant mode of the activation's even part becomes unstable";
  }
  if (limits.noise < limits.largest) {
    limits.largest = limits.noise;
    limits.reason = "gradient noise of so small a batch makes the neurons diverge";
  }
  return limits;
}

double noise_level(const Vector& spectrum, double step, Index independent_samples) {
  constexpr auto where = "theory::noise_level";
  require_positive(step, "step", where);
  check_samples(independent_samples, where);
  if (independent_samples == 0) return 0.0;
  return step * checked_spectrum(spectrum, where).sum() / static_cast<double>(independent_samples);
}

double even_mode_step(const Vector& spectrum, const Vector& gains,
                      const model::Activation& activation, double step) {
  constexpr auto where = "theory::even_mode_step";
  require_positive(step, "step", where);
  require_same_length(spectrum.size(), gains.size(), "spectrum and gains", where);
  return step * even_mode_rate(checked_spectrum(spectrum, where), gains, activation);
}

double noise_band(double noise_level, double initial_loss) {
  require_non_negative(noise_level, "noise_level", "theory::noise_band");
  require_non_negative(initial_loss, "initial_loss", "theory::noise_band");
  return noise_level > 0.0 ? (0.01 + 0.7 * noise_level) * initial_loss : 0.0;
}

double effective_dimension(const Vector& spectrum) {
  const Vector s = checked_spectrum(spectrum, "theory::effective_dimension");
  return s.sum() * s.sum() / s.squaredNorm();
}

double loss_tolerance(const Vector& spectrum, const Vector& gains, const RunSetting& setting) {
  constexpr auto where = "theory::loss_tolerance";
  const Vector s = checked_spectrum(spectrum, where);
  require_same_length(s.size(), gains.size(), "spectrum and gains", where);
  require_non_negative(setting.noise_level, "noise_level", where);
  require(setting.neurons >= 0, where,
          fmt::format("neurons must be >= 0, got {}", setting.neurons));
  double tolerance = 0.02 + setting.noise_level;
  if (setting.neurons > 0) {
    const double initial_loss = 0.5 * s.sum();
    const auto neurons = static_cast<double>(setting.neurons);
    tolerance += 0.35 * gains.sum() * gains.dot(s) / (neurons * initial_loss);
    // u_j(0) scatters by √(2/N), and |dL/d ln u_j(0)| = s_j a (1 − a)² at most: 4/27 s_j.
    tolerance += 2 * (4.0 / 27.0) * s.norm() * std::sqrt(2 / neurons) / initial_loss;
  }
  if (setting.norm_concentrated) tolerance += 0.5 / effective_dimension(s);
  return tolerance;
}

}  // namespace twofold::theory
