#include "twofold/theory/ri_gamp_evolution.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "checks.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"
#include "twofold/model/rectangular_cumulants.hpp"
#include "twofold/model/sign_channel.hpp"

namespace twofold::theory {
namespace {

using Layers = std::vector<model::RiGampScalars>;

const double kC1 = std::sqrt(2.0 / std::numbers::pi);  // E[g sign g]

double condition_number(const Matrix& A) {
  const auto values = symmetric_eigenvalues(A).values;
  const double least = values[values.size() - 1];
  return least > 0.0 ? values[0] / least : std::numeric_limits<double>::infinity();
}

/// Leading (t+1)×(t+1) blocks.
model::RiGampState leading(const model::RiGampState& state, Index t) {
  const auto block = [t](const Matrix& m) { return Matrix(m.topLeftCorner(t + 1, t + 1)); };
  return {block(state.psi), block(state.phi), block(state.gamma), block(state.delta)};
}

/// The best linear combination of x^1..x^t and what it costs.
struct Combination {
  Vector weights;
  double tau;
};

Combination best_combination(const Matrix& noise, const Vector& signal) {
  Combination best;
  best.weights = noise.ldlt().solve(signal);
  const double precision = signal.dot(best.weights);
  best.weights /= precision;
  best.tau = 1.0 / precision;
  return best;
}

/// Row and column t of Gamma, by the tower property: E x̂^s x̂^t = E (x̂^s)² = 1 - mse_s, s <= t.
void extend_gamma(model::RiGampState& state, const Layers& layers, Index t) {
  for (Index s = 1; s <= t; ++s) {
    const double overlap = 1.0 - layers[static_cast<std::size_t>(s - 1)].mse;
    state.gamma(t, s) = state.gamma(s, t) = overlap;
    if (s == t) state.gamma(t, 0) = state.gamma(0, t) = overlap;
  }
}

/// Row t+1 of Phi (Stein's lemma stands for the derivative of sign) and of Delta.
void extend_phi_delta(model::RiGampState& state, const Layers& layers, Index t) {
  const auto& layer = layers.back();
  const double drop = layer.v - layer.ez;
  state.phi(t + 1, 0) = drop / layer.v;
  for (Index i = 1; i <= t; ++i) state.phi(t + 1, i) = -drop / layer.v * layer.mixing[i - 1];
  state.delta(t + 1, t + 1) = drop;
  state.delta(t + 1, 1) = state.delta(1, t + 1) = kC1 * layer.v;
  for (Index i = 1; i < t; ++i) {
    const auto& earlier = layers[static_cast<std::size_t>(i - 1)];
    const double overlap = layer.v / earlier.v * (earlier.v - earlier.ez);
    state.delta(t + 1, i + 1) = state.delta(i + 1, t + 1) = overlap;
  }
}

/// The z side of layer t: alpha, mixing, v, ez.
void sign_side(model::RiGampScalars& layer, std::span<const double> cumulants,
               const model::RiGampState& state, Index t) {
  layer.alpha = model::forward_memory(cumulants, state).row(t).segment(1, t).transpose();
  const Matrix sigma = model::forward_covariance(cumulants, state);
  const Vector overlap = sigma.col(0).tail(t);
  layer.mixing = sigma.bottomRightCorner(t, t).ldlt().solve(overlap);
  layer.v = std::clamp(sigma(0, 0) - overlap.dot(layer.mixing), 1e-12, 1.0);
  layer.ez = model::sign_posterior_variance(layer.v);
}

void check(double rate, std::span<const double> cumulants, const RiGampOptions& options) {
  constexpr auto where = "theory::ri_gamp_evolution";
  if (!(rate > 0.0 && rate <= 1e6)) {
    throw InvalidArgument(where, fmt::format("rate must be in (0, 1e6], got {}", rate));
  }
  require(options.layers >= 1, where, fmt::format("layers must be >= 1, got {}", options.layers));
  require(!cumulants.empty(), where, "needs at least one cumulant, got none");
  if (!(std::abs(cumulants[0] - 1.0) < 1e-9)) {
    throw InvalidArgument(where, fmt::format("the first cumulant must be 1 (rows of unit norm), "
                                             "got {}",
                                             cumulants[0]));
  }
}

}  // namespace

numerics::Solved<Layers> ri_gamp_evolution(const data::ScalarPrior& prior, double rate,
                                           std::span<const double> cumulants,
                                           const RiGampOptions& options) {
  check(rate, cumulants, options);
  const Index size = options.layers + 2;
  const Matrix zero = Matrix::Zero(size, size);
  model::RiGampState state{zero, zero, zero, zero};
  state.gamma(0, 0) = 1.0;
  state.phi(1, 0) = kC1;
  state.delta(1, 1) = 1.0;

  numerics::Solved<Layers> result;
  Layers& layers = result.value;
  Vector signal = Vector::Zero(options.layers);  // μ_1..μ_t
  for (Index t = 1; t <= options.layers; ++t) {
    model::RiGampScalars layer;
    auto lead = leading(state, t);
    const Matrix memory = model::backward_memory(cumulants, rate, lead);
    signal[t - 1] = memory(t, 0);
    layer.beta = memory.row(t).segment(1, t - 1).transpose();
    const Matrix omega = model::backward_covariance(cumulants, rate, lead).bottomRightCorner(t, t);
    result.residual = condition_number(omega);
    if (!(result.residual <= options.max_condition)) {
      result.status = numerics::SolveStatus::MaxIterations;
      break;
    }
    const auto best = best_combination(omega, signal.head(t));
    layer.weights = best.weights;
    layer.tau = best.tau;
    layer.mse = prior.mmse(std::clamp(layer.tau, 1e-12, 1e12));
    if (!std::isfinite(layer.mse)) {
      result.status = numerics::SolveStatus::NonFinite;
      break;
    }
    layers.push_back(layer);
    state.psi.row(t).segment(1, t) = layer.mse / layer.tau * layer.weights.transpose();
    extend_gamma(state, layers, t);
    sign_side(layers.back(), cumulants, leading(state, t), t);
    extend_phi_delta(state, layers, t);
    ++result.iterations;
    const bool settled =
        t > 1 && std::abs(layer.mse / layers[layers.size() - 2].mse - 1.0) < options.least_change;
    if (settled) break;
  }
  return result;
}

}  // namespace twofold::theory
