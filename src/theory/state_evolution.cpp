#include "twofold/theory/state_evolution.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "checks.hpp"
#include "gvamp_layer.hpp"

namespace twofold::theory {
namespace {

constexpr double kLeastNoise = 1e-12;
constexpr double kInformativePrecision = 1e6;

void require_rate(double rate, std::string_view where) {
  if (rate > 0.0 && rate <= 1e6) return;
  throw InvalidArgument(where, fmt::format("rate must be in (0, 1e6], got {}", rate));
}

model::GvampScalars first_state(const data::ScalarPrior& prior, double rate,
                                StateEvolutionStart start) {
  model::GvampScalars state{};
  state.mse = 1.0;
  if (start == StateEvolutionStart::Informative) {
    state.g1 = kInformativePrecision;
    state.h = state.g1 / rate;
    state.tau = 1.0 / state.g1;
    state.mse = std::max(prior.mmse(state.tau), kLeastError);
  }
  return state;
}

model::GvampScalars next_layer(const data::ScalarPrior& prior, double rate,
                               const model::GvampScalars& previous) {
  model::GvampScalars layer = observe(rate, previous);
  layer.mse = std::max(prior.mmse(std::max(layer.tau, kLeastNoise)), kLeastError);
  return layer;
}

}  // namespace

double first_layer_noise(double rate) {
  require_rate(rate, "theory::first_layer_noise");
  constexpr double half_pi = 0.5 * std::numbers::pi;
  return rate <= 1.0 ? half_pi / rate - 1.0 : (half_pi - 1.0) / rate;
}

std::vector<model::GvampScalars> state_evolution(const data::ScalarPrior& prior, double rate,
                                                 int layers, StateEvolutionStart start) {
  constexpr auto where = "theory::state_evolution";
  require_rate(rate, where);
  require(layers >= 1, where, fmt::format("layers must be >= 1, got {}", layers));
  std::vector<model::GvampScalars> result;
  auto state = first_state(prior, rate, start);
  for (int t = 0; t < layers; ++t) {
    state = next_layer(prior, rate, state);
    result.push_back(state);
  }
  return result;
}

numerics::Solved<model::GvampScalars> state_evolution_fixed_point(
    const data::ScalarPrior& prior, double rate, const FixedPointOptions& options) {
  constexpr auto where = "theory::state_evolution_fixed_point";
  require_rate(rate, where);
  require_positive(options.tolerance, "tolerance", where);
  require(options.max_layers >= 1, where,
          fmt::format("max_layers must be >= 1, got {}", options.max_layers));
  numerics::Solved<model::GvampScalars> result;
  result.value = first_state(prior, rate, options.start);
  result.status = numerics::SolveStatus::MaxIterations;
  while (result.iterations < options.max_layers) {
    const double before = result.value.mse;
    result.value = next_layer(prior, rate, result.value);
    ++result.iterations;
    result.residual = std::abs(result.value.mse - before);
    if (!std::isfinite(result.residual)) {
      result.status = numerics::SolveStatus::NonFinite;
      break;
    }
    if (result.residual < options.tolerance) {
      result.status = numerics::SolveStatus::Converged;
      break;
    }
  }
  return result;
}

std::vector<LayerForm> layer_form(const std::vector<model::GvampScalars>& layers, double rate) {
  require_rate(rate, "theory::layer_form");
  std::vector<LayerForm> forms;
  for (std::size_t t = 0; t < layers.size(); ++t) {
    const auto& layer = layers[t];
    LayerForm form{};
    form.v = layer.vz;
    form.tau = layer.tau;
    if (rate > 1.0) form.w = 1.0 / (layer.ez * layer.h);
    const double g2 = t == 0 ? 1.0 : extrinsic_precision(layers[t - 1]);
    if (rate <= 1.0) form.w = (layer.h + g2) / (rate * layer.h);
    if (t > 0) {
      const auto& last = layers[t - 1];
      const double gz = rate <= 1.0 ? g2 : belief_precision(last);
      form.c = 1.0 / (last.mse * gz);
      form.q = (rate <= 1.0 ? last.g1 : last.h) / gz;
      form.alpha = rate <= 1.0 ? last.mse * last.g1 * forms.back().w : last.mse / last.ez;
      form.b = rate <= 1.0 ? form.c : 0.0;
    }
    forms.push_back(form);
  }
  return forms;
}

}  // namespace twofold::theory
