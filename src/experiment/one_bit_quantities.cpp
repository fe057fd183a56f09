#include "experiment/one_bit_quantities.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::one_bit";
constexpr double kSpreadAllowed = 0.2;  // of energies, where the norm is not stored
constexpr double kShareNeeded = 0.95;   // of directions, for a fitted linear decoder
constexpr double kErrors = 3.0;         // standard errors added to every tolerance

using Comparisons = std::vector<Comparison>;

numerics::MeanAndError measured_or_refuse(const OneBitResult& r, const std::string& key) {
  const auto value = measured_value(r, key);
  require(value.has_value(), kWhere,
          fmt::format("'{}' was not measured in case '{}': see the keys of [decode] and [model]",
                      key, r.label));
  return *value;
}

// A measured value beside its prediction. Its own standard errors are part of the tolerance.
Comparison beside(const OneBitResult& r, const std::string& key, double predicted,
                  std::string name = "", std::string title = "") {
  const numerics::MeanAndError value = measured_or_refuse(r, key);
  require(!std::isnan(predicted), kWhere,
          fmt::format("theory gives no value to compare '{}' with in case '{}'", key, r.label));
  return {std::move(name), std::move(title),     predicted,
          value.mean,      value.standard_error, kErrors * value.standard_error};
}

// By how much a measured loss lies above (sign 1) or below (sign -1) a bound; 0 if it does not.
Comparison beyond(const OneBitResult& r, const std::string& key, double bound, double sign) {
  Comparison c = beside(r, key, bound);
  c.predicted = 0.0;
  c.measured = std::max(0.0, sign * (c.measured - bound));
  return c;
}

// A fit of N samples costs n/N of the error.
double with_fit(const OneBitResult& r, double loss) {
  return loss *
         (1.0 + static_cast<double>(r.setting.n) / static_cast<double>(r.setting.fit_samples()));
}

Comparisons linear(const OneBitResult& r, const ClaimOptions&) {
  const double loss = r.predicted.linear;
  return {beside(r, "linear", r.setting.layered() ? loss : with_fit(r, loss))};
}

Comparisons fitted(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, "fitted", with_fit(r, r.predicted.linear))};
}

// A value for each number of layers beside the state evolution.
Comparisons per_depth(const OneBitResult& r, std::string_view key) {
  Comparisons list;
  const auto& layers = r.setting.spec.decode.layers;
  for (std::size_t i = 0; i < layers.size() && i < r.predicted.layers.size(); ++i) {
    if (!std::isfinite(r.predicted.layers[i])) continue;
    list.push_back(beside(r, fmt::format("{} {}", key, layers[i]), r.predicted.layers[i],
                          fmt::format("[{}]", layers[i]), fmt::format("L = {}", layers[i])));
  }
  if (list.empty()) (void)measured_or_refuse(r, fmt::format("{} {}", key, layers.front()));
  return list;
}

Comparisons layer(const OneBitResult& r, const ClaimOptions&) {
  return per_depth(r, "layer");
}

// The first layer sees x + √τ g whatever the vector, if B is a random rotation: the error is that
// of the pooled law.
Comparisons denoised(const OneBitResult& r, const ClaimOptions&) {
  const auto& layers = r.setting.spec.decode.layers;
  const auto first = std::ranges::find(layers, 1);
  require(first != layers.end(), kWhere, "quantity 'denoised' needs 1 among decode.layers");
  (void)measured_or_refuse(r, "layer 1");
  return {
      beside(r, "layer 1", r.predicted.layers[static_cast<std::size_t>(first - layers.begin())])};
}

Comparisons deepest(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, fmt::format("layer {}", std::ranges::max(r.setting.spec.decode.layers)),
                 r.predicted.fixed_point)};
}

Comparisons unrolled(const OneBitResult& r, const ClaimOptions&) {
  return per_depth(r, "unrolled");
}

Comparisons trained(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, "trained", r.predicted.trained)};
}

Comparisons trained_gaussian(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, "trained", r.predicted.gaussian_limit)};
}

Comparisons below_limit(const OneBitResult& r, const ClaimOptions&) {
  return {beyond(r, "trained", r.predicted.gaussian_limit, -1.0)};
}

Comparisons above_family(const OneBitResult& r, const ClaimOptions&) {
  return {beyond(r, "trained", r.predicted.tilted, 1.0)};
}

Comparisons above_identity(const OneBitResult& r, const ClaimOptions&) {
  return {beyond(r, "trained", r.predicted.identity, 1.0)};
}

Comparisons axis_rows(const OneBitResult& r, const ClaimOptions&) {
  const bool leaves = r.setting.prior->fourth_moment() < 3.0;
  return {beside(r, "axis_rows", leaves ? 1.0 : 0.0)};
}

Comparisons energies(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, "energies", 0.0)};
}

Comparisons ri_gamp(const OneBitResult& r, const ClaimOptions&) {
  return {beside(r, "ri_gamp", 0.0)};
}

/// What a prediction rests on.
enum class Needs {
  Norm,   ///< the norm of each vector: stored, or nearly the same for all
  White,  ///< and one variance in every direction
  Alike,  ///< and vectors whose coordinates follow one law, vector by vector
  Any
};

struct Quantity {
  std::string_view name;
  std::string_view about;
  Comparisons (*evaluate)(const OneBitResult&, const ClaimOptions&);
  Needs needs;
};

constexpr std::array kQuantities{
    Quantity{"linear", "error of the linear decoder; fitted, with its excess n/N, for the identity",
             linear, Needs::Norm},
    Quantity{"fitted", "error of the least-squares decoder, with its excess n/N", fitted,
             Needs::White},
    Quantity{"denoised", "error after one layer: the posterior mean of each coordinate", denoised,
             Needs::Norm},
    Quantity{"layer", "error after each number of layers of decode.layers", layer, Needs::Alike},
    Quantity{"deepest", "error after the most layers beside the fixed point", deepest,
             Needs::Alike},
    Quantity{"unrolled", "error of the trained unrolled decoder for each entry of decode.layers",
             unrolled, Needs::Alike},
    Quantity{"trained", "error of the learned encoder with a linear decoder", trained, Needs::Norm},
    Quantity{"trained_gaussian", "the same beside the Gaussian limit", trained_gaussian,
             Needs::Norm},
    Quantity{"below_limit",
             "by how much a learned encoder beats the Gaussian limit; 0 if it does "
             "not",
             below_limit, Needs::Norm},
    Quantity{"above_family", "by how much it stays above the least R(θ); 0 if it does not",
             above_family, Needs::Norm},
    Quantity{"above_identity", "by how much it stays above R_Id; 0 if it does not", above_identity,
             Needs::Norm},
    Quantity{"axis_rows", "share of rows of B that look along one axis", axis_rows, Needs::Any},
    Quantity{"energies", "column energies of a learned B beside the best scaling, rms deviation",
             energies, Needs::Any},
    Quantity{"ri_gamp", "largest difference between RI-GAMP and GVAMP iterates, layers 1 to 5",
             ri_gamp, Needs::Any}};

const Quantity& find_quantity(std::string_view name) {
  return find_by_name(kQuantities, name, kWhere);
}

// Why a quantity cannot be expected to agree; empty if it can.
std::string obstacle(const OneBitResult& r, Needs needs) {
  if (r.diverged_at >= 0) return fmt::format("training diverged at step {}", r.diverged_at);
  if (needs == Needs::Any || !r.setting.fitted_prior) return "";
  if (!r.setting.spec.model.store_norm && r.setting.energy_spread > kSpreadAllowed) {
    return fmt::format(
        "energies spread by {:.2f} > {} of their mean and the norm is not stored: a "
        "sign code does not carry it; set model.store_norm = true",
        r.setting.energy_spread, kSpreadAllowed);
  }
  if (needs == Needs::White && r.setting.effective_share < kShareNeeded) {
    return fmt::format(
        "variances differ between directions (effective share {:.2f} < {}): a fitted "
        "decoder profits from that, the Gaussian limit does not know it",
        r.setting.effective_share, kShareNeeded);
  }
  if (needs == Needs::Alike) {
    return "each of these vectors has a law of its own: beyond the first layer the pooled law is a "
           "guide, not a prediction";
  }
  return "";
}

std::vector<ClaimOptions> default_claims(const OneBitResult& r) {
  const auto claim = [](std::string quantity, std::string source) {
    ClaimOptions options;
    options.quantity = std::move(quantity);
    options.tolerance = 0.03;
    options.relative = true;
    options.reason = "finite dimension, about 2 % at d = 1024, and 3 standard errors";
    options.source = std::move(source);
    return options;
  };
  if (r.setting.learned()) return {claim("trained", "docs/theory/one_bit.md#transition")};
  std::vector<ClaimOptions> list{claim("linear", "docs/theory/one_bit.md#gaussian-limit")};
  if (r.setting.layered()) {
    list.push_back(claim("layer", "docs/theory/one_bit_decoders.md#state-evolution"));
  }
  return list;
}

}  // namespace

std::vector<JudgedCase> judged_cases(const std::vector<OneBitResult>& results) {
  return cases_to_judge(results, find_quantity, obstacle);
}

std::string_view about_one_bit(std::string_view quantity) {
  return find_quantity(quantity).about;
}

std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                const std::vector<OneBitResult>& results) {
  return judge_spec(spec.claims, judged_cases(results), about_one_bit,
                    [&](std::size_t i) { return default_claims(results[i]); });
}

std::span<const std::pair<std::string_view, std::string_view>> one_bit_quantities() {
  static const auto list = named_quantities(kQuantities);
  return list;
}

}  // namespace twofold::experiment
