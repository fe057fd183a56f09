#include "twofold/model/sign_channel.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/numerics/positive_normal.hpp"

namespace twofold::model {
namespace {

constexpr double kRootTwoOverPi = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

// ∫ f(k) N(k; 0, s²) dk for f analytic in |Im k| < 2.7 (where Φ has no zero) that falls at least
// like k² e^{-k²/2}: trapezoid with 8 steps per width s/√(1 + s²) of the product, out to 10.5.
template <typename F>
double window_mean(double s, F&& f) {
  if (s == 0.0) return f(0.0);
  const double width = s / std::sqrt(1.0 + s * s), step = width / 8.0;
  double sum = f(0.0);
  for (int i = 1; i <= 84; ++i) {
    const double k = step * i, u = k / s;
    sum += std::exp(-0.5 * u * u) * (f(k) + f(-k));
  }
  return sum / (8.0 * std::sqrt(1.0 + s * s)) * (0.5 * kRootTwoOverPi);
}

}  // namespace

double sign_variance_drop(double v) {
  if (!(v > 0.0 && v <= 1.0)) {
    throw InvalidArgument("model::sign_variance_drop",
                          fmt::format("variance must be in (0, 1], got {}", v));
  }
  const auto density = [](double k) {  // φ²/Φ
    return numerics::positive_normal(k).hazard * 0.5 * kRootTwoOverPi * std::exp(-0.5 * k * k);
  };
  return 2.0 * v * window_mean(std::sqrt((1.0 - v) / v), density);
}

double sign_posterior_variance(double v) {
  return v - sign_variance_drop(v);
}

double sign_entropy(double b) {
  if (!(b >= 1.0 && std::isfinite(b))) {
    throw InvalidArgument("model::sign_entropy",
                          fmt::format("precision must be finite and >= 1, got {}", b));
  }
  const auto entropy = [](double k) {  // -Φ ln Φ
    const double log_p = numerics::log_normal_cdf(k);
    return -std::exp(log_p) * log_p;
  };
  return 2.0 * window_mean(std::sqrt(b - 1.0), entropy);
}

}  // namespace twofold::model
