// A tangent_kernel prediction as JSON, and as text for people.

#include <fmt/format.h>

#include <cmath>

#include "experiment/record_making.hpp"
#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/theory/tangent_kernel_width.hpp"

namespace twofold::experiment {
namespace {

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
  summary["trajectory_error"] = json_number(t.trajectory_error);
}

}  // namespace

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
