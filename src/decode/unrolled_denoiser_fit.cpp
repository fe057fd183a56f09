#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "twofold/decode/unrolled_denoiser.hpp"
#include "unrolled_table.hpp"

namespace twofold::decode {
namespace {

using Parameters = Eigen::Vector3d;

// u = R sinh(4t)/sinh(4): dense near 0, where sparse priors bend.
constexpr int kNodes = 512;
constexpr int kMaxSteps = 200;

/// The odd part of the posterior mean, all of it for a symmetric prior.
double odd_mean(const data::ScalarChannel& channel, double u) {
  return 0.5 * (channel.posterior(u).mean - channel.posterior(-u).mean);
}

/// odd_mean at nodes u > 0, with the density of u as weight; f is odd, so u > 0 is all.
struct Target {
  std::array<double, kNodes> u, weight, mean;
};

Target sample_target(const data::ScalarPrior& prior, double tau) {
  // The variance of the non-zeros, were the prior a sparse Gaussian of this fourth moment.
  const double spread = std::max(1.0, prior.fourth_moment() / 3.0);
  const double range = 8.0 * std::sqrt(spread + tau);
  const auto channel = prior.channel(tau);
  Target target;
  for (std::size_t i = 0; i < kNodes; ++i) {
    const double t = 4.0 * (static_cast<double>(i) + 0.5) / kNodes;
    target.u[i] = range * std::sinh(t) / std::sinh(4.0);
    const double density =
        std::exp(channel.log_density(target.u[i])) + std::exp(channel.log_density(-target.u[i]));
    target.weight[i] = density * std::cosh(t);
    target.mean[i] = odd_mean(channel, target.u[i]);
  }
  const double sum = std::accumulate(target.weight.begin(), target.weight.end(), 0.0);
  for (double& w : target.weight) w /= sum;
  return target;
}

/// Mean square distance to the target, and the normal equations of one Gauss-Newton step.
struct Normal {
  double cost = 0.0;
  Eigen::Matrix3d matrix = Eigen::Matrix3d::Zero();
  Parameters slope = Parameters::Zero();
};

Normal normal_equations(const UnrolledDenoiser& f, const Target& target) {
  Normal normal;
  for (std::size_t i = 0; i < kNodes; ++i) {
    Parameters row = Parameters::Zero();
    f.add_gradient(target.u[i], 1.0, row.data());
    const double rest = f.at(target.u[i]).value - target.mean[i];
    normal.cost += target.weight[i] * rest * rest;
    normal.matrix += target.weight[i] * row * row.transpose();
    normal.slope += target.weight[i] * rest * row;
  }
  return normal;
}

/// Levenberg-Marquardt. Returns the cost reached.
double descend(UnrolledDenoiser& f, const Target& target) {
  Normal now = normal_equations(f, target);
  double damping = 1e-3;
  for (int step = 0; step < kMaxSteps && damping < 1e12; ++step) {
    Eigen::Matrix3d damped = now.matrix;
    damped.diagonal() *= 1.0 + damping;
    damped.diagonal().array() += 1e-14;  // a parameter without influence stays where it is
    const Parameters move = damped.ldlt().solve(now.slope);
    UnrolledDenoiser moved = f;
    Eigen::Map<Parameters>(moved.parameters.data()) -= move;
    const Normal next = normal_equations(moved, target);
    if (!(next.cost < now.cost)) {
      damping *= 4.0;
      continue;
    }
    const bool settled =
        move.norm() < 1e-10 * (1.0 + Eigen::Map<Parameters>(f.parameters.data()).norm());
    f = std::move(moved);
    now = next;
    damping = std::max(0.3 * damping, 1e-12);
    if (settled) break;
  }
  return now.cost;
}

/// Two starts, because the cost has more than one minimum: a law of heavier tails than the normal,
/// and one of lighter tails.
std::array<UnrolledDenoiser, 2> starts(DenoiserFamily family, const data::ScalarPrior& prior,
                                       double tau) {
  if (family == DenoiserFamily::Tanh) {
    return {UnrolledDenoiser{family, {0.8, -0.3, 1.0}, 0.0},
            UnrolledDenoiser{family, {0.1, 0.8, 1.0}, 0.0}};
  }
  // E x⁴ = 3/p for a sparse Gaussian, so its own gate is the first start.
  return {sparse_gaussian_gate(std::min(3.0 / prior.fourth_moment(), 1.0), tau),
          sparse_gaussian_gate(0.8, tau)};
}

}  // namespace

UnrolledDenoiser fit_denoiser(DenoiserFamily family, const data::ScalarPrior& prior, double tau,
                              const TableShape& table) {
  require_table(table, "decode::fit_denoiser");
  if (family == DenoiserFamily::Table) {
    const auto channel = prior.channel(tau);
    return make_table(table, [&](double u) { return odd_mean(channel, u); });
  }
  const Target target = sample_target(prior, tau);
  auto candidates = starts(family, prior, tau);
  // Below rounding there is nothing to fit.
  if (normal_equations(candidates[0], target).cost < 1e-26) return candidates[0];
  const double first = descend(candidates[0], target), second = descend(candidates[1], target);
  return first <= second ? candidates[0] : candidates[1];
}

}  // namespace twofold::decode
