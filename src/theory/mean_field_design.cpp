#include "twofold/theory/mean_field_design.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <functional>
#include <limits>

#include "checks.hpp"

namespace twofold::theory {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Vector descending(const Vector& spectrum, std::string_view where) {
  Vector s = checked_spectrum(spectrum, where);
  std::sort(s.begin(), s.end(), std::greater<>());
  return s;
}

void check_kept(Index k, Index low, Index d, std::string_view where) {
  require(k >= low && k <= d, where, fmt::format("k must be in [{}, {}], got {}", low, d, k));
}

}  // namespace

std::optional<OpenInterval> penalty_to_keep(const Vector& spectrum, Index k, double odd_slope) {
  constexpr auto where = "theory::penalty_to_keep";
  require_positive(odd_slope, "odd_slope", where);
  const Vector s = descending(spectrum, where);
  check_kept(k, 0, s.size(), where);
  const double high = k == 0 ? kInfinity : 2.0 * odd_slope * s[k - 1];
  const double low = k == s.size() ? 0.0 : 2.0 * odd_slope * s[k];
  if (low >= high) return std::nullopt;
  return OpenInterval{low, high};
}

std::optional<StopWindow> stop_to_keep(const FlowProblem& problem, Index k) {
  constexpr auto where = "theory::stop_to_keep";
  FlowProblem sorted = problem;
  sorted.spectrum = descending(problem.spectrum, where);
  check_kept(k, 1, sorted.spectrum.size(), where);
  const std::optional<double> low = half_time(sorted, k - 1);
  if (!low) return std::nullopt;
  double high = kInfinity;
  if (k < sorted.spectrum.size()) high = half_time(sorted, k).value_or(kInfinity);
  if (*low >= high) return std::nullopt;
  return StopWindow{{*low, high}, high / *low};
}

double denoising_penalty(double odd_slope, double noise) {
  require_positive(odd_slope, "odd_slope", "theory::denoising_penalty");
  require_non_negative(noise, "noise", "theory::denoising_penalty");
  return 2.0 * odd_slope * noise;
}

double noise_from_bulk(const Vector& spectrum) {
  const Vector s = descending(spectrum, "theory::noise_from_bulk");
  const Index positive = (s.array() > 0.0).count();
  const Index half = (positive + 1) / 2;  // the lower half, at least one eigenvalue
  const Index first = positive - half;
  return 0.5 * (s[first + (half - 1) / 2] + s[first + half / 2]);
}

double denoising_error(const Vector& spectrum, double noise, const Vector& gains) {
  constexpr auto where = "theory::denoising_error";
  require_non_negative(noise, "noise", where);
  require_same_length(spectrum.size(), gains.size(), "spectrum and gains", where);
  const auto clean = (spectrum.array() - noise).max(0.0);
  return ((1.0 - gains.array()).square() * clean + gains.array().square() * noise).sum();
}

BestStop best_stop_time(const FlowProblem& problem, double noise) {
  const auto error_at = [&](double time) {
    const Vector gains = gain(closed_form_scale(problem, time), problem.odd_slope);
    return denoising_error(problem.spectrum, noise, gains);
  };
  // Rates lie between 2 c s_1 and about 1e-5 of it; the grid covers both ends with room.
  const double start = std::log(1e-3 / (2.0 * problem.odd_slope * problem.spectrum.maxCoeff()));
  constexpr int kPoints = 400;
  const auto log_time = [&](int k) { return start + k * std::log(1e10) / kPoints; };
  BestStop best{0.0, kInfinity};
  int nearest = 0;
  for (int k = 0; k <= kPoints; ++k) {
    const double error = error_at(std::exp(log_time(k)));
    if (error < best.error) {
      best = {std::exp(log_time(k)), error};
      nearest = k;
    }
  }
  // D is flat at its minimum: half of the digits of time are all that can be had.
  constexpr int kBits = 24;
  const auto [x, error] =
      boost::math::tools::brent_find_minima([&](double log_t) { return error_at(std::exp(log_t)); },
                                            log_time(nearest - 1), log_time(nearest + 1), kBits);
  if (error < best.error) best = {std::exp(x), error};
  // A gain below rounding over training for ever is none.
  const double limit = error_at(kInfinity);
  return best.error < limit * (1.0 - 1e-9) ? best : BestStop{kInfinity, limit};
}

}  // namespace twofold::theory
