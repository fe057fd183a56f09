#include "twofold/theory/sparsity_transition.hpp"

#include <algorithm>
#include <boost/math/tools/minima.hpp>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "checks.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;

constexpr double kFlat = 1e-6;  // angles this close to 0 or π/2 are taken as the ends
constexpr int kAngles = 48;
constexpr int kBits = 26;  // Brent's method finds a minimum to half the digits, no more

TiltedRotation member(double angle, double axis, double others) {
  return {angle, axis, others, 1.0 - axis * axis - others * others};
}

}  // namespace

double identity_limit(const data::ScalarPrior& prior, double rate) {
  require(rate > 0.0 && rate <= 1.0, "theory::identity_limit",
          fmt::format("the rate must be in (0, 1], got {}", rate));
  return 1.0 - rate * prior.mean_abs() * prior.mean_abs();
}

double critical_sparsity(const data::ScalarPrior& prior) {
  return 2.0 / pi * prior.sparsity() / (prior.mean_abs() * prior.mean_abs());
}

double stability_sparsity(const data::ScalarPrior& prior) {
  return prior.fourth_moment() * prior.sparsity() / 3.0;
}

bool rotation_is_stable(const data::ScalarPrior& prior) {
  return prior.fourth_moment() >= 3.0;
}

// The bit of coordinate i is the sign of w = x + √t g, t = tan² θ, up to a factor: hence
// 2Φ(kx) − 1 = E[sign w | x], a = E[sign(w) E[x | w]], and E φ(kx) = √t times the density at w = 0.
TiltedRotation tilted_rotation(const data::ScalarPrior& prior, double angle) {
  require(angle >= 0.0 && angle <= 0.5 * pi, "theory::tilted_rotation",
          fmt::format("the angle must be in [0, pi/2], got {}", angle));
  const double gaussian_mean_abs = std::sqrt(2.0 / pi);
  if (angle < kFlat) {
    return member(angle, prior.mean_abs(), gaussian_mean_abs * (1.0 - prior.sparsity()));
  }
  const double tangent = std::tan(angle), t = tangent * tangent;
  if (!(angle <= 0.5 * pi - kFlat)) return member(angle, 0.0, gaussian_mean_abs);
  const auto channel = prior.channel(t);
  const double axis = channel.mean([](double w, const data::ScalarPosterior& posterior) {
    return w < 0.0 ? -posterior.mean : posterior.mean;
  });
  return member(angle, axis, 2.0 * tangent * std::exp(channel.log_density(0.0)));
}

TiltedRotation best_tilted_rotation(const data::ScalarPrior& prior) {
  const double step = 0.5 * pi / kAngles;
  TiltedRotation best = tilted_rotation(prior, 0.5 * pi);
  for (int i = 0; i < kAngles; ++i) {
    const TiltedRotation candidate = tilted_rotation(prior, i * step);
    if (candidate.loss < best.loss) best = candidate;
  }
  const auto loss = [&](double angle) { return tilted_rotation(prior, angle).loss; };
  const double low = std::max(0.0, best.angle - step);
  const double high = std::min(0.5 * pi, best.angle + step);
  std::uintmax_t iterations = 60;
  const auto [angle, value] =
      boost::math::tools::brent_find_minima(loss, low, high, kBits, iterations);
  return value < best.loss ? tilted_rotation(prior, angle) : best;
}

}  // namespace twofold::theory
