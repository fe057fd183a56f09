#include "twofold/theory/tangent_kernel_width.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.hpp"
#include "tangent_geometry.hpp"

namespace twofold::theory {
namespace {

constexpr double kEncoderError = 3.5;  // C of trajectory_error
constexpr double kDecoderError = 1.5;

double error_constant(const KernelRates& rates) {
  return rates.decoder < rates.encoder ? kEncoderError : kDecoderError;
}

double over_power(double numerator, double lowest, double exponent) {
  if (lowest <= 0.0) return std::numeric_limits<double>::infinity();
  return numerator / std::pow(lowest, exponent);
}

}  // namespace

Index structural_width(Index samples, const KernelRates& rates) {
  constexpr auto where = "theory::structural_width";
  check_rates(rates, where);
  require(samples >= 1, where, fmt::format("samples must be >= 1, got {}", samples));
  const bool both = rates.encoder > 0.0 && rates.decoder > 0.0;
  return both ? (samples + 1) / 2 : samples;
}

double trajectory_error(Index neurons, const KernelRates& rates) {
  constexpr auto where = "theory::trajectory_error";
  check_rates(rates, where);
  require(neurons >= 1, where, fmt::format("neurons must be >= 1, got {}", neurons));
  return error_constant(rates) / std::sqrt(static_cast<double>(neurons));
}

Index practical_width(Index samples, const KernelRates& rates, double tolerance) {
  constexpr auto where = "theory::practical_width";
  require(tolerance > 0.0 && tolerance <= 1.0, where,
          fmt::format("tolerance must be in (0, 1], got {}", tolerance));
  const Index least = structural_width(samples, rates);
  const double ratio = error_constant(rates) / tolerance;
  require(ratio < 1e9, where, fmt::format("tolerance {} needs more than 1e18 neurons", tolerance));
  return std::max(least, static_cast<Index>(std::ceil(ratio * ratio)));
}

SufficientWidths sufficient_widths(const WidthProblem& problem, double failure) {
  constexpr auto where = "theory::sufficient_widths";
  require(problem.samples >= 1 && problem.dimension >= 1, where,
          fmt::format("samples and dimension must be >= 1, got {} and {}", problem.samples,
                      problem.dimension));
  require_non_negative(problem.largest_gram, "largest_gram", where);
  require_non_negative(problem.encoder_lowest, "encoder_lowest", where);
  require_non_negative(problem.decoder_lowest, "decoder_lowest", where);
  require_non_negative(problem.start_energy, "start_energy", where);
  require(failure > 0.0 && failure < 1.0, where,
          fmt::format("failure must be in (0, 1), got {}", failure));
  const auto n = static_cast<double>(problem.samples), d = static_cast<double>(problem.dimension);
  const double gram = problem.largest_gram, energy = problem.start_energy;
  return {over_power(32.0 * d * gram * std::log(n * d / failure), problem.encoder_lowest, 1.0),
          over_power(163.0 * n * n * std::pow(d, 4.0) * gram * energy, problem.encoder_lowest, 4.0),
          over_power(256.0 * d * std::pow(gram, 3.0) * energy, problem.decoder_lowest, 4.0)};
}

}  // namespace twofold::theory
