// A tangent_kernel prediction as JSON, as a trust report, and as text for people.

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

constexpr double kLongestNormRatio = 10.0;
constexpr double kTrajectoryError = 0.2;
constexpr double kSameAngle = 1e-7;  // of theory::SampleReportOptions

std::string cell(const Json& value) {
  if (value.is_number_integer()) return fmt::format("{}", value.get<std::int64_t>());
  if (value.is_number()) return fmt::format("{:.5g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_string() ? value.get<std::string>() : "-";
}

// "rows 3 and 17" for the pairs that make the kernel singular, or nearly.
std::string named_pairs(const theory::SampleReport& report, double below) {
  std::string text;
  for (const theory::SamplePair& pair : report.closest) {
    if (pair.angle > below || text.size() > 60) break;
    text += fmt::format("{}{} and {}", text.empty() ? "rows " : ", ", pair.first, pair.second);
  }
  return text;
}

TrustEntry singular_entry(const TangentTheory& t) {
  const theory::SampleReport& r = t.report;
  std::string why;
  if (r.copies + r.scaled > 0) {
    why = fmt::format("{} pairs of samples are copies of each other, up to a factor ({})",
                      r.copies + r.scaled, named_pairs(r, kSameAngle));
  } else if (r.zero_rows > 0) {
    why = fmt::format("{} samples are 0", r.zero_rows);
  } else {
    why = fmt::format("{} pairs of samples are opposite; more than d of them are too many",
                      r.opposites);
  }
  return {"lambda_min", 0.0, 0.0, "caution",
          why +
              ": an eigenvalue is 0. Training still converges, as copies have the same target; "
              "predictions use the pseudo-inverse, and lambda_min is the least value above 0"};
}

// What tells two samples apart is learned by the neurons between them alone, which move by up to
// 2πd/√N: farther than the gap, and they leave it.
TrustEntry angle_entry(const TangentSetting& s, const theory::SampleReport& r) {
  const theory::SamplePair& pair = r.closest.front();
  const double move = 2.0 * std::numbers::pi * static_cast<double>(s.dimension());
  const double limit = std::min(0.1, move / std::sqrt(static_cast<double>(s.neurons())));
  const bool far = pair.angle >= limit;
  return {"closest_angle", pair.angle, limit, far ? "trust" : "caution",
          far ? fmt::format("rows {} and {} are the closest pair; what tells them apart is learned "
                            "at a rate proportional to their angle",
                            pair.first, pair.second)
              : fmt::format("rows {} and {} are so close that the neurons between them move out of "
                            "the gap: slower than predicted, unless N is above (2πd/angle)² = "
                            "{:.2g}",
                            pair.first, pair.second, std::pow(move / pair.angle, 2.0))};
}

TrustEntry width_entry(const TangentSetting& s) {
  const Index least = theory::structural_width(s.size(), s.rates());
  const auto N = static_cast<double>(s.neurons());
  const bool enough = s.neurons() >= least;
  return {"neurons", N, static_cast<double>(least), enough ? "trust" : "caution",
          enough ? "enough to interpolate samples in general position"
                 : fmt::format("cannot interpolate {} samples: at least {} neurons are needed",
                               s.size(), least)};
}

// Twins are not independent.
double expected_error(const TangentSetting& s) {
  const bool paired = s.spec.model.init == "antisymmetric";
  return theory::trajectory_error(paired ? s.neurons() / 2 : s.neurons(), s.rates());
}

TrustEntry trajectory_entry(const TangentSetting& s) {
  const double error = expected_error(s);
  return {"trajectory_error", error, kTrajectoryError,
          error <= kTrajectoryError ? "trust" : "caution",
          fmt::format("residuals are expected within this share of the first one, on samples of up "
                      "to about 80 dimensions and more in higher ones; {} neurons give {}",
                      theory::practical_width(s.size(), s.rates(), kTrajectoryError / 2.0),
                      kTrajectoryError / 2.0)};
}

TrustEntry step_entry(const TangentTheory& t) {
  const double limit = 2.0 / t.reference;
  return {"step", t.step, limit, t.step < limit ? "trust" : "caution",
          t.step < limit
              ? "below 2/λ_max: the loss falls at every step, once N is large"
              : fmt::format("above 2/λ_max: the loss grows at first and may not come back; {:.3g} "
                            "is safe",
                            0.9 * limit)};
}

TrustEntry norms_entry(const theory::SampleReport& r) {
  const double ratio = r.smallest_norm > 0.0 ? r.largest_norm / r.smallest_norm : 1.0;
  return {"norm_ratio", ratio, kLongestNormRatio, ratio <= kLongestNormRatio ? "trust" : "caution",
          ratio <= kLongestNormRatio
              ? "norms of the samples are alike"
              : "kernels grow with the square of the norm: short samples are learned that much "
                "later; \"unit_norm\" in data.transforms makes them alike"};
}

TrustEntry tied_entry(const TangentSetting& s) {
  const theory::TiedStart start = theory::tied_start(s.tied_scaling());
  return {"tied_start", start.slope, 1.0, std::abs(start.slope - 1.0) < 0.05 ? "trust" : "caution",
          fmt::format("before training the output is {:.3g} times the input; a tied network is "
                      "lazy only where this is 1 (mean_field with init_scale = √2)",
                      start.slope)};
}

void add_tied(const TangentResult& r, Json& summary) {
  const TangentSetting& s = r.setting;
  const theory::TiedScaling scaling = s.tied_scaling();
  const theory::TiedStart start = theory::tied_start(scaling);
  summary["start_slope"] = start.slope;
  summary["start_spread"] = start.spread;
  summary["start_loss"] = start.loss * s.samples.squaredNorm();
  const double norm = s.spec.model.init_scale * std::sqrt(static_cast<double>(s.neurons()) *
                                                          static_cast<double>(s.dimension()));
  summary["relative_movement"] = json_number(r.predicted.encoder_movement / norm);
}

void add_untied(const TangentResult& r, Json& summary) {
  const TangentTheory& t = r.predicted;
  summary["weight_movement"] = {{"encoder", json_number(t.encoder_movement)},
                                {"decoder", json_number(t.decoder_movement)}};
  summary["flip_fraction"] = json_number(t.flips);
  summary["test_error"] = json_number(t.test_error);
  summary["test_error_limit"] = json_number(t.limit_error);
  summary["start_noise_sd"] = json_number(std::sqrt(t.start_noise));
  summary["least_neurons"] = theory::structural_width(r.setting.size(), r.setting.rates());
  summary["trajectory_error"] = expected_error(r.setting);
}

}  // namespace

std::vector<TrustEntry> tangent_trust(const TangentSetting& s, const TangentTheory& t) {
  std::vector<TrustEntry> list;
  if (!t.regular) list.push_back(singular_entry(t));
  if (t.regular && !t.report.closest.empty()) list.push_back(angle_entry(s, t.report));
  if (s.spec.tied()) {
    list.push_back(tied_entry(s));
  } else {
    list.push_back(width_entry(s));
    list.push_back(trajectory_entry(s));
  }
  if (t.largest > 0.0) list.push_back(step_entry(t));
  list.push_back(norms_entry(t.report));
  return list;
}

Json summary_json(const TangentResult& r) {
  const TangentSetting& s = r.setting;
  const TangentTheory& t = r.predicted;
  Json summary = {{"samples", s.size()}, {"dimension", s.dimension()}, {"neurons", s.neurons()}};
  summary["lambda_min"] = json_number(t.smallest);
  summary["lambda_max"] = json_number(t.largest);
  summary["stable_step"] = json_number(2.0 / t.largest);
  summary["best_step"] = json_number(2.0 / (t.largest + t.smallest));
  summary["step"] = json_number(t.step);
  summary["initial_loss"] = json_number(t.initial_loss);
  summary["slope"] = json_number(t.slope);
  if (s.spec.train.target > 0.0) summary["steps_to_target"] = json_number(t.steps_to_target);
  if (!t.report.closest.empty()) summary["closest_angle"] = t.report.closest.front().angle;
  if (s.spec.tied()) {
    add_tied(r, summary);
  } else {
    add_untied(r, summary);
  }
  return summary;
}

Json measured_json(const TangentResult& r) {
  Json json = Json::object();
  if (r.measured.empty()) return json;
  for (const auto& [name, ignored] : r.measured.front().values) {
    const auto value = compared(r, name);
    json[name] = {{"predicted", json_number(value->predicted)},
                  {"mean", json_number(value->measured.mean)},
                  {"standard_error", json_number(value->measured.standard_error)}};
  }
  return json;
}

Json prediction_json(const TangentResult& r) {
  Json json = Json::object();
  if (!r.label.empty()) json["case"] = r.label;
  json["summary"] = summary_json(r);
  const TangentTheory& t = r.predicted;
  Json steps = Json::array(), loss = Json::array(), share = Json::array();
  for (std::size_t i = 0; i < t.loss.size(); ++i) {
    steps.push_back(t.steps[i]);
    loss.push_back(json_number(t.loss[i]));
    share.push_back(json_number(t.loss[i] / t.initial_loss));
  }
  json["series"] = {{"steps", steps}, {"loss", loss}, {"relative_loss", share}};
  json["trust"] = to_json(r.trust);
  return json;
}

std::string tangent_kernel_prediction_text(const Json& prediction) {
  const Json& s = prediction["summary"];
  std::string text;
  if (prediction.contains("case")) text += fmt::format("case {}\n", cell(prediction["case"]));
  text += fmt::format("{} samples of length {}, {} neurons\n\n", cell(s["samples"]),
                      cell(s["dimension"]), cell(s["neurons"]));
  for (const auto& [key, value] : s.items()) {
    if (key == "samples" || key == "dimension" || key == "neurons") continue;
    if (value.is_object()) {
      for (const auto& [part, size] : value.items()) {
        text += fmt::format("{:<24} {}\n", key + " " + part, cell(size));
      }
    } else {
      text += fmt::format("{:<24} {}\n", key, cell(value));
    }
  }
  const Json& series = prediction["series"];
  if (!series["steps"].empty()) {
    text += fmt::format("\n{:>10} {:>14} {:>14}\n", "step", "loss", "over the first");
  }
  for (std::size_t i = 0; i < series["steps"].size(); ++i) {
    text += fmt::format("{:>10} {:>14} {:>14}\n", cell(series["steps"][i]), cell(series["loss"][i]),
                        cell(series["relative_loss"][i]));
  }
  text += "\n";
  for (const Json& entry : prediction["trust"]) {
    text += fmt::format("{} = {} (limit {}, {}): {}\n", cell(entry["name"]), cell(entry["value"]),
                        cell(entry["limit"]), cell(entry["verdict"]), cell(entry["text"]));
  }
  return text;
}

}  // namespace twofold::experiment
