#include "one_bit_sampled_error.hpp"

#include <cmath>

#include "twofold/core/random.hpp"
#include "twofold/decode/denoiser.hpp"
#include "twofold/theory/scaled_state_evolution.hpp"

namespace twofold::estimators {
namespace {

/// Sums over the sample: error with the norm, and what it becomes with E ρ in its place.
struct Sums {
  double with_norm = 0.0, without = 0.0;

  void add(const Eigen::ArrayXf& estimate, const Eigen::ArrayXf& w, const Eigen::ArrayXd& weights,
           double norm, double mean_norm) {
    const Eigen::ArrayXd f = estimate.cast<double>(), x = norm * w.cast<double>();
    with_norm += ((norm * f - x).square() * weights).sum();
    without += ((mean_norm * f - x).square() * weights).sum();
  }
};

// variance_i/energy_i of the used coordinates.
Eigen::ArrayXd used_weights(const OneBitCodecParameters& p) {
  Eigen::ArrayXd weights(p.used());
  Index next = 0;
  for (Index i = 0; i < p.energies.size(); ++i) {
    if (p.energies[i] > 0.0) weights[next++] = p.variances[i] / p.energies[i];
  }
  return weights;
}

}  // namespace

SampledErrors sampled_errors(const OneBitCodecParameters& p, const DirectionSample& sample,
                             double noise) {
  const Vector energies = p.used_energies();
  const auto k = static_cast<std::size_t>(energies.size());
  const auto denoiser = decode::Denoiser::tabulated(p.prior, energies.cwiseSqrt());
  const Eigen::ArrayXd weights = used_weights(p);
  const Eigen::ArrayXf wiener = (energies.array() / (energies.array() + noise)).cast<float>();
  const RandomStream stream(p.seed, "estimators.sampled_errors");
  Eigen::ArrayXf g(energies.size()), r(energies.size()), x(energies.size());
  Sums gaussian, fitted;
  for (Index row = 0; row < sample.directions.rows(); ++row) {
    const Eigen::ArrayXf w = sample.directions.row(row).transpose();
    stream.fill_normal(static_cast<std::uint64_t>(row), std::span<float>(g.data(), k));
    r = w + static_cast<float>(std::sqrt(noise)) * g;
    (void)denoiser.apply<float>({r.data(), k}, noise, {x.data(), k});
    const double norm = sample.norms[static_cast<std::size_t>(row)];
    fitted.add(x, w, weights, norm, p.mean_norm);
    gaussian.add(wiener * r, w, weights, norm, p.mean_norm);
  }
  const double total = p.variances.sum();
  const double unused = 1.0 - (weights * energies.array()).sum() / total;
  const double exact =
      theory::scaled_error(data::ScalarPrior::gaussian(), p.energies, p.variances, noise);
  const double scale = (exact - unused) / gaussian.with_norm;
  if (p.norm_stored) return {exact, unused + scale * fitted.with_norm};
  return {unused + scale * gaussian.without, unused + scale * fitted.without};
}

}  // namespace twofold::estimators
