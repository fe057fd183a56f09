#include "twofold/estimators/one_bit_prediction.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "one_bit_sampled_error.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/scaled_state_evolution.hpp"
#include "twofold/theory/sparsity_transition.hpp"

namespace twofold::estimators {
namespace {

constexpr std::array kLayers{1, 2, 3, 6};
constexpr double kLeastEffective = 20.0;
constexpr std::uint64_t kLeastRows = 200, kRowsPerDirection = 20;

// Without the norm x̂ has E ρ in place of ρ: E(ρ − Eρ)²‖ŵ‖², and ‖ŵ‖² is 1 − e.
double with_norm_error(const OneBitCodecParameters& p, double mse) {
  if (p.norm_stored || p.discrete) return mse;
  return mse + p.norm_variance * (1.0 - mse);
}

/// What the last of 1, 2, ... layers sees, and the error if all coordinates have that law.
struct Layer {
  double noise, mse;
};

std::vector<Layer> evolve(const OneBitCodecParameters& p, const data::ScalarPrior& prior,
                          int layers) {
  const auto evolution =
      theory::scaled_state_evolution(prior, p.used_energies(), p.used_rate(), layers);
  std::vector<Layer> list;
  for (const auto& layer : evolution) {
    const double mse = theory::scaled_error(prior, p.energies, p.variances, layer.tau);
    list.push_back({layer.tau, with_norm_error(p, mse)});
  }
  return list;
}

double identity_error(const OneBitCodecParameters& p) {
  std::vector<double> list(p.variances.data(), p.variances.data() + p.variances.size());
  std::ranges::sort(list, std::greater<>());
  const double one = theory::identity_limit(p.prior, 1.0);
  double lost = 0.0;
  for (Index i = 0; i < p.variances.size(); ++i) {
    lost += list[static_cast<std::size_t>(i)] * (i < p.code_length ? one : 1.0);
  }
  return lost / p.variances.sum();
}

void add_warnings(const OneBitCodecParameters& p, OneBitPrediction& result) {
  if (result.fourth_moment < 3.0) {
    result.warnings.push_back(
        fmt::format("E x⁴ = {:.2f} < 3: an axis-aligned or learned encoder would win over this "
                    "one, which is a rotation",
                    result.fourth_moment));
  }
  if (result.constant_coordinates > 0) {
    result.warnings.push_back(
        fmt::format("{} of {} coordinates are constant; they cost no bits and "
                    "decode to their mean",
                    result.constant_coordinates, p.dimension()));
  }
  if (!p.norm_stored && !p.discrete && p.norm_variance > 0.01) {
    result.warnings.push_back(fmt::format(
        "norms vary by {:.0f} % and are not stored; --norm stored takes 2 bytes a vector",
        100.0 * std::sqrt(p.norm_variance)));
  }
}

void add_obstacles(const OneBitCodecParameters& p, OneBitPrediction& result) {
  if (result.effective_coordinates < kLeastEffective) {
    result.obstacles.push_back(fmt::format(
        "only {:.4g} effective coordinates, below {}: projections are not Gaussian; use "
        "at most 3 layers and judge by the held-out value",
        result.effective_coordinates, kLeastEffective));
  }
  if (p.training_rows < kLeastRows) {
    result.obstacles.push_back(
        fmt::format("{} training vectors, fewer than {}: variances are too "
                    "uncertain",
                    p.training_rows, kLeastRows));
  }
  const auto needed = kRowsPerDirection * static_cast<std::uint64_t>(p.dimension());
  if (p.transform == TransformKind::Principal && p.training_rows < needed) {
    result.obstacles.push_back(
        fmt::format("{} training vectors for principal directions of dimension {}, fewer than {}: "
                    "they fit noise; give more rows or use --transform dct",
                    p.training_rows, p.dimension(), needed));
  }
}

}  // namespace

std::span<const int> tabulated_layers() {
  return kLayers;
}

double predicted_mse(const OneBitCodecParameters& parameters, const data::ScalarPrior& prior,
                     int layers) {
  require(layers >= 1, "estimators::predicted_mse", fmt::format("layers is {}", layers));
  return evolve(parameters, prior, layers).back().mse;
}

double fitted_mse(const OneBitPrediction& prediction, int layers) {
  for (const PredictedError& row : prediction.decoders) {
    if (row.decoder == "fitted" && row.layers == layers) return row.mse;
  }
  throw InvalidArgument("estimators::fitted_mse",
                        fmt::format("no prediction was made for {} layers", layers));
}

OneBitPrediction predict(const OneBitCodecParameters& p, const DirectionSample& sample) {
  OneBitPrediction result;
  std::vector<int> counts(kLayers.begin(), kLayers.end());
  if (std::ranges::find(counts, p.layers) == counts.end()) counts.push_back(p.layers);
  const int most = std::ranges::max(counts);
  const auto gaussian = evolve(p, data::ScalarPrior::gaussian(), most);
  const auto fitted = evolve(p, p.prior, most);
  const bool common = p.discrete || sample.norms.empty();
  for (const int layers : counts) {
    const Layer& last = gaussian[static_cast<std::size_t>(layers - 1)];
    const bool exact = common || p.norm_stored;
    result.decoders.push_back(
        {"Gaussian", layers, exact ? last.mse : sampled_errors(p, sample, last.noise).gaussian});
  }
  for (const int layers : counts) {
    const Layer& last = fitted[static_cast<std::size_t>(layers - 1)];
    result.decoders.push_back(
        {"fitted", layers, common ? last.mse : sampled_errors(p, sample, last.noise).fitted});
  }
  result.decoders.insert(result.decoders.begin(), {"linear", 1, result.decoders.front().mse});
  if (p.code_length <= p.dimension()) result.identity = identity_error(p);
  const double sum = p.energies.sum();
  result.effective_coordinates = sum * sum / p.energies.squaredNorm();
  result.fourth_moment = p.prior.fourth_moment();
  result.constant_coordinates = (p.variances.array() == 0.0).count();
  add_warnings(p, result);
  add_obstacles(p, result);
  return result;
}

double agreement_tolerance(int layers) noexcept {
  return layers == 1 ? 0.05 : 0.10;
}

Verdict judge(const OneBitPrediction& prediction, double predicted,
              const numerics::MeanAndError& measured, int layers) {
  if (!prediction.obstacles.empty()) return Verdict::NotApplicable;
  const double allowed = agreement_tolerance(layers) * predicted + 3.0 * measured.standard_error;
  return std::abs(measured.mean - predicted) <= allowed ? Verdict::Holds : Verdict::Fails;
}

}  // namespace twofold::estimators
