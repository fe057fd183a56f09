#include <cmath>

#include "advise_table.hpp"

namespace twofold::app {
namespace {

using estimators::Coincidence;
using estimators::StepsKind;
using estimators::TangentAdvice;
using estimators::TangentAdviceOptions;
using estimators::TangentModeAdvice;

experiment::Json number(double value) {
  return std::isfinite(value) ? experiment::Json(value) : experiment::Json(nullptr);
}

experiment::Json number(const std::optional<double>& value) {
  return value ? number(*value) : experiment::Json(nullptr);
}

std::string kind_word(Coincidence kind) {
  switch (kind) {
    case Coincidence::Copy:
      return "copy";
    case Coincidence::Scaled:
      return "multiple";
    case Coincidence::Opposite:
      break;
  }
  return "opposite";
}

experiment::Json samples_document(const TangentAdvice& a) {
  const auto& s = a.samples;
  experiment::Json document = {{"norms", {s.smallest_norm, s.median_norm, s.largest_norm}},
                               {"zero_rows", s.zero_rows},
                               {"copies", s.copies},
                               {"multiples", s.scaled},
                               {"opposites", s.opposites},
                               {"zero_row_numbers", a.zero_rows}};
  document["coincident"] = experiment::Json::array();
  for (const auto& p : a.coincident) {
    document["coincident"].push_back({{"rows", {p.first, p.second}}, {"kind", kind_word(p.kind)}});
  }
  document["closest"] = experiment::Json::array();
  for (const auto& p : s.closest) {
    document["closest"].push_back({{"rows", {p.first, p.second}}, {"angle", p.angle}});
  }
  return document;
}

std::string steps_word(StepsKind kind) {
  switch (kind) {
    case StepsKind::Computed:
      return "computed";
    case StepsKind::LowerBound:
      return "lower_bound";
    case StepsKind::Extrapolated:
      break;
  }
  return "extrapolated";
}

experiment::Json mode_document(const TangentModeAdvice& m) {
  return {{"lambda_max", m.largest},
          {"lambda_max_error", m.largest_error},
          {"lambda_min", m.smallest},
          {"lambda_min_is_bound", m.bound_only},
          {"rank", m.rank < 0 ? experiment::Json(nullptr) : experiment::Json(m.rank)},
          {"step", m.steps.practical},
          {"best_step", m.steps.best},
          {"stable_step", m.steps.stable},
          {"steps_to_target", number(m.steps_to_target)},
          {"steps_kind", steps_word(m.steps_kind)},
          {"steps_error", m.steps_error},
          {"products", m.products},
          {"neurons", m.width},
          {"neurons_is_bound", m.width_bound},
          {"least_neurons", m.structural_width}};
}

std::string precision_word(FloatProducts products) {
  return products == FloatProducts::SplitBf16 ? "split_bf16" : "float";
}

}  // namespace

experiment::Json tangent_document(const TangentAdvice& advice,
                                  const TangentAdviceOptions& options) {
  experiment::Json document = {{"rows", advice.rows},
                               {"dimension", advice.dimension},
                               {"target", options.target},
                               {"tolerance", options.tolerance},
                               {"start_loss", advice.start_loss},
                               {"mean_share", advice.mean_share},
                               {"whole_spectrum", advice.whole_spectrum},
                               {"precision", precision_word(options.float_products)},
                               {"gram_bytes", advice.gram_bytes},
                               {"sampled_rows", advice.sampled},
                               {"studied_rows", advice.studied},
                               {"best_decoder_step", advice.best_ratio},
                               {"identity_neurons", advice.identity_width}};
  document["samples"] = samples_document(advice);
  for (const TangentModeAdvice& m : advice.modes) document["modes"][m.name] = mode_document(m);
  document["stopping"] = experiment::Json::array();
  for (const auto& s : advice.stopping) {
    document["stopping"].push_back({{"mode", s.mode},
                                    {"step", s.step},
                                    {"steps", number(s.steps)},
                                    {"error", number(s.error)},
                                    {"error_at_the_end", number(s.interpolation)}});
  }
  document["rates"] = experiment::Json::array();
  for (const auto& r : advice.rates) {
    document["rates"].push_back({{"decoder_step", r.ratio},
                                 {"condition", number(r.condition)},
                                 {"steps_to_target", number(r.steps_to_target)}});
  }
  document["tying"] = experiment::Json::array();
  for (const auto& t : advice.tying) {
    document["tying"].push_back({{"start", t.name},
                                 {"neurons", t.scaling.neurons},
                                 {"slope", t.start.slope},
                                 {"loss", 2.0 * t.start.loss}});
  }
  document["notes"] = tangent_notes(advice);
  return document;
}

}  // namespace twofold::app
