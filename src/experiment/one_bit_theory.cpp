#include "experiment/one_bit_theory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "experiment/record_making.hpp"
#include "twofold/model/rectangular_cumulants.hpp"
#include "twofold/theory/information_threshold.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "twofold/theory/ri_gamp_evolution.hpp"
#include "twofold/theory/scaled_state_evolution.hpp"
#include "twofold/theory/sparsity_transition.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::experiment {
namespace {

// Σ_j B_ij⁴ of flat rows over 1/d: what training reaches; 1 is a Hadamard matrix.
constexpr double kFlatRows = 1.3;

int most_layers(const OneBitSetting& s) {
  return static_cast<int>(std::ranges::max(s.spec.decode.layers));
}

// Energies λ_i = r v_i of coordinates that are encoded as they are.
Vector raw_energies(const OneBitSetting& s) {
  return s.rate() * s.variances;
}

double linear_loss(const OneBitSetting& s) {
  const std::string& encoder = s.spec.model.encoder;
  if (encoder == "gaussian") return theory::matched_filter_limit(s.rate());
  if (encoder == "identity") return theory::identity_limit(*s.prior, s.rate());
  if (s.variances.size() == 0) return theory::gaussian_limit(s.rate());
  if (encoder == "learned") return theory::best_scaling(s.variances, s.n).loss;
  return theory::scaling_loss(s.variances, raw_energies(s));
}

std::vector<model::GvampScalars> evolution(const OneBitSetting& s) {
  if (s.variances.size() > 0) {
    return theory::scaled_state_evolution(*s.prior, s.variances, s.rate(), most_layers(s));
  }
  return theory::state_evolution(*s.prior, s.rate(), most_layers(s));
}

void predict_layers(const OneBitSetting& s, OneBitPrediction& p) {
  std::vector<double> mse;
  if (s.spec.model.encoder == "gaussian") {
    const int layers = most_layers(s);
    const auto solved =
        theory::ri_gamp_evolution(*s.prior, s.rate(), model::gaussian_cumulants(2 * (layers + 1)),
                                  {.layers = layers, .least_change = 0.0});
    for (const auto& layer : solved.value) mse.push_back(layer.mse);
  } else {
    for (const auto& layer : evolution(s)) mse.push_back(layer.mse);
  }
  for (const std::int64_t L : s.spec.decode.layers) {
    const bool reached = static_cast<std::size_t>(L) <= mse.size();
    p.layers.push_back(reached ? mse[static_cast<std::size_t>(L - 1)] : OneBitPrediction::kNone);
  }
}

void predict_limits(const OneBitSetting& s, OneBitPrediction& p) {
  p.gaussian_limit = theory::gaussian_limit(s.rate());
  p.linear = linear_loss(s);
  if (s.variances.size() > 0) return;
  if (s.spec.model.encoder != "gaussian") {
    const theory::BayesLimit limit = theory::bayes_limit(*s.prior, s.rate());
    p.fixed_point = limit.algorithmic;
    p.bayes = limit.bayes;
  }
  if (s.rate() <= 1.0) p.identity = theory::identity_limit(*s.prior, s.rate());
  if (!s.fitted_prior) {
    p.critical_sparsity = theory::critical_sparsity(*s.prior);
    p.stability_sparsity = theory::stability_sparsity(*s.prior);
  }
  if (s.n == s.d) p.tilted = theory::best_tilted_rotation(*s.prior).loss;
}

// What a trained encoder with its best linear decoder should reach.
void predict_trained(const OneBitSetting& s, OneBitPrediction& p) {
  if (s.variances.size() > 0) {
    p.trained = p.linear;
    p.trained_by = "best scaling of unequal variances";
  } else if (!theory::rotation_is_stable(*s.prior) && s.n == s.d) {
    p.trained = p.tilted;
    p.trained_by = "least loss between axes and rotation, an upper bound";
  } else if (s.rate() <= 1.0) {
    p.trained = theory::finite_dimension_limit(s.rate(), s.prior->fourth_moment(),
                                               std::min(1.0, kFlatRows / static_cast<double>(s.d)));
    p.trained_by = "Gaussian limit at this dimension";
  } else {
    p.trained = p.gaussian_limit;
    p.trained_by = "Gaussian limit";
  }
}

void add_trust(OneBitResult& r, const std::string& name, double value, double limit, bool good,
               const std::string& text) {
  r.trust.push_back({name, value, limit, good ? "trust" : "caution", text});
}

void report_trust(OneBitResult& r) {
  const OneBitSetting& s = r.setting;
  if (s.fitted_prior) {
    add_trust(r, "energy_spread", s.energy_spread, 0.2,
              s.spec.model.store_norm || s.energy_spread <= 0.2,
              "relative spread of the vectors' energies; a sign code does not carry the norm, so "
              "store it where this is large");
  }
  if (s.fitted_prior) {
    add_trust(r, "effective_share", s.effective_share, 0.95, s.effective_share >= 0.95,
              "share of the directions that carry variance; 1 after whitening. A fitted decoder "
              "profits where it is below 1");
  }
  const double kurtosis = s.prior->fourth_moment();
  add_trust(
      r, "fourth_moment", kurtosis, 3.0, kurtosis >= 3.0 - 1e-12,
      kurtosis >= 3.0 - 1e-12
          ? "E x⁴ >= 3: a rotation-like encoder is stable under training"
          : "E x⁴ < 3: training leaves the rotation; an axis-aligned or learned encoder wins");
  const Index fit = s.fit_samples();
  if (fit > 0) {
    const double per_bit = static_cast<double>(fit) / static_cast<double>(s.n);
    add_trust(r, "samples_per_bit", per_bit, 40.0, per_bit >= 40.0,
              "training vectors per bit of the least-squares decoder; its excess is n/N");
  }
  const double dense = s.prior->sparsity() * static_cast<double>(s.d);
  if (s.prior->entropy() && s.spec.model.store_norm) {
    add_trust(r, "nonzeros", dense, 200.0, dense >= 200.0,
              "the values are discrete: scaling a vector to norm √d moves them by about "
              "1/√(non-zeros); set model.store_norm = false where that matters");
  }
}

}  // namespace

void predict_case(OneBitResult& result) {
  const auto began = std::chrono::steady_clock::now();
  const OneBitSetting& s = result.setting;
  OneBitPrediction& p = result.predicted;
  predict_limits(s, p);
  if (s.layered()) predict_layers(s, p);
  if (s.learned()) predict_trained(s, p);
  report_trust(result);
  result.predict_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

Json summary_json(const OneBitResult& result) {
  const OneBitSetting& s = result.setting;
  const OneBitPrediction& p = result.predicted;
  Json layers = Json::array();
  for (const double mse : p.layers) layers.push_back(json_number(mse));
  Json summary = {{"dimension", s.d},
                  {"bits", s.n},
                  {"prior", s.prior->name()},
                  {"gaussian_limit", json_number(p.gaussian_limit)},
                  {"linear", json_number(p.linear)},
                  {"decoder_layers", s.spec.decode.layers},
                  {"layers", std::move(layers)},
                  {"fixed_point", json_number(p.fixed_point)},
                  {"bayes", json_number(p.bayes)},
                  {"identity", json_number(p.identity)},
                  {"critical_sparsity", json_number(p.critical_sparsity)},
                  {"stability_sparsity", json_number(p.stability_sparsity)},
                  {"tilted_rotation", json_number(p.tilted)}};
  if (s.learned()) {
    summary["trained"] = json_number(p.trained);
    summary["trained_by"] = p.trained_by;
  }
  return summary;
}

Json prediction_json(const OneBitResult& result) {
  Json json = Json::object();
  if (!result.label.empty()) json["case"] = result.label;
  json["summary"] = summary_json(result);
  json["trust"] = to_json(result.trust);
  return json;
}

std::string one_bit_prediction_text(const Json& prediction) {
  const Json& s = prediction["summary"];
  std::string text;
  if (prediction.contains("case")) text += fmt::format("case {}\n", cell(prediction["case"]));
  text += fmt::format("{}: {} coordinates, {} bits\n\n", cell(s["prior"]), cell(s["dimension"]),
                      cell(s["bits"]));
  text += fmt::format("{:<44} {:>10}\n", "mean square error (1: nothing kept)", "predicted");
  const auto row = [&](const std::string& name, const Json& value) {
    text += fmt::format("{:<44} {:>10}\n", name, cell(value));
  };
  row("  best encoder, linear decoder, Gaussian data", s["gaussian_limit"]);
  row("  this encoder, linear decoder", s["linear"]);
  for (std::size_t i = 0; i < s["layers"].size(); ++i) {
    row(fmt::format("  {} decoder layer(s)", s["decoder_layers"][i].get<int>()), s["layers"][i]);
  }
  row("  decoder layers without end", s["fixed_point"]);
  row("  any decoder behind a rotation (Bayes)", s["bayes"]);
  row("  identity encoder, linear decoder", s["identity"]);
  if (s.contains("trained")) {
    row("  learned encoder, linear decoder", s["trained"]);
    text += fmt::format("    ({})\n", cell(s["trained_by"]));
  }
  text += "\n";
  if (s["critical_sparsity"].is_number()) {
    text +=
        fmt::format("identity beats a rotation above p = {}; a rotation is unstable above p = {}\n",
                    cell(s["critical_sparsity"]), cell(s["stability_sparsity"]));
  }
  for (const Json& entry : prediction["trust"]) {
    text += fmt::format("{} = {} ({}): {}\n", cell(entry["name"]), cell(entry["value"]),
                        cell(entry["verdict"]), cell(entry["text"]));
  }
  return text;
}

}  // namespace twofold::experiment
