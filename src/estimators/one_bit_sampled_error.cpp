#include "one_bit_sampled_error.hpp"

#include <cmath>

#include "twofold/core/random.hpp"
#include "twofold/decode/denoiser.hpp"
#include "twofold/theory/scaled_state_evolution.hpp"

namespace twofold::estimators {
namespace {

// Σ ρ² Σ_i weight_i (estimate_i − w_i)² for one row.
double weighted_square(const Eigen::ArrayXf& estimate, const Eigen::ArrayXf& w,
                       const Eigen::ArrayXd& weights, double norm) {
  return norm * norm * ((estimate - w).cast<double>().square() * weights).sum();
}

}  // namespace

double sampled_error(const OneBitCodecParameters& p, const DirectionSample& sample, double noise) {
  const Vector energies = p.used_energies();
  const auto denoiser = decode::Denoiser::tabulated(p.prior, energies.cwiseSqrt());
  Eigen::ArrayXd weights(energies.size());
  double used = 0.0;
  Index next = 0;
  for (Index i = 0; i < p.energies.size(); ++i) {
    if (p.energies[i] == 0.0) continue;
    weights[next++] = p.variances[i] / p.energies[i];
    used += p.variances[i];
  }
  const Eigen::ArrayXf wiener = (energies.array() / (energies.array() + noise)).cast<float>();
  const RandomStream stream(p.seed, "estimators.sampled_error");
  const auto k = static_cast<std::size_t>(energies.size());
  VectorF g(energies.size());
  Eigen::ArrayXf r(energies.size()), x(energies.size());
  double fitted = 0.0, linear = 0.0;
  for (Index row = 0; row < sample.directions.rows(); ++row) {
    const Eigen::ArrayXf w = sample.directions.row(row).transpose();
    stream.fill_normal(static_cast<std::uint64_t>(row), std::span<float>(g.data(), k));
    r = w + static_cast<float>(std::sqrt(noise)) * g.array();
    (void)denoiser.apply<float>({r.data(), k}, noise, {x.data(), k});
    const double norm = sample.norms[static_cast<std::size_t>(row)];
    fitted += weighted_square(x, w, weights, norm);
    linear += weighted_square(wiener * r, w, weights, norm);
  }
  const double total = p.variances.sum();
  const double exact =
      theory::scaled_error(data::ScalarPrior::gaussian(), p.energies, p.variances, noise) * total;
  const double unused = total - used;
  return (unused + (exact - unused) * fitted / linear) / total;
}

}  // namespace twofold::estimators
