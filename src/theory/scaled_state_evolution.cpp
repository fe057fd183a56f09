#include "twofold/theory/scaled_state_evolution.hpp"

#include "checks.hpp"
#include "gvamp_layer.hpp"
#include "mmse_table.hpp"

namespace twofold::theory {
namespace {

// Variances may have been stored in single precision.
constexpr double kUnitTolerance = 1e-6;

void check_all(const Vector& values, std::string_view name, std::string_view where) {
  require(values.size() > 0, where, fmt::format("needs at least one of {}, got none", name));
  for (const double value : values) require_non_negative(value, name, where);
}

}  // namespace

std::vector<model::GvampScalars> scaled_state_evolution(const data::ScalarPrior& prior,
                                                        const Vector& variances, double rate,
                                                        int layers) {
  constexpr auto where = "theory::scaled_state_evolution";
  check_all(variances, "variances", where);
  require(std::abs(variances.mean() - 1.0) <= kUnitTolerance, where,
          fmt::format("variances must have mean 1, got {}", variances.mean()));
  require(rate > 0.0 && rate <= 1e6, where, fmt::format("rate must be in (0, 1e6], got {}", rate));
  require(layers >= 1, where, fmt::format("layers must be >= 1, got {}", layers));
  MmseTable mmse(prior);
  std::vector<model::GvampScalars> result;
  model::GvampScalars state{};
  state.mse = 1.0;
  for (int t = 0; t < layers; ++t) {
    state = observe(rate, state);
    double sum = 0.0;
    for (const double v : variances) sum += v == 0.0 ? 0.0 : v * mmse(state.tau / v);
    state.mse = std::max(sum / static_cast<double>(variances.size()), kLeastError);
    result.push_back(state);
  }
  return result;
}

double scaled_error(const data::ScalarPrior& prior, const Vector& variances, const Vector& weights,
                    double tau) {
  constexpr auto where = "theory::scaled_error";
  check_all(variances, "variances", where);
  check_all(weights, "weights", where);
  require_same_length(variances.size(), weights.size(), "variances and weights", where);
  require_positive(weights.sum(), "the sum of the weights", where);
  require_positive(tau, "tau", where);
  MmseTable mmse(prior);
  double sum = 0.0;
  for (Index i = 0; i < variances.size(); ++i) {
    sum += weights[i] * (variances[i] == 0.0 ? 1.0 : mmse(tau / variances[i]));
  }
  return sum / weights.sum();
}

}  // namespace twofold::theory
