#include "experiment/dictionary_recovery_theory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace twofold::experiment {
namespace {

theory::RecoveryRun run_of(const RecoverySetting& s) {
  const RecoveryTrain& train = s.spec.train;
  const bool relu = s.spec.model.activation == "relu";
  theory::RecoveryRun run;
  run.gradient = train.gradient == "approximate" ? theory::RecoveryGradient::Full
                                                 : theory::RecoveryGradient::DecoderOnly;
  run.step = train.step;
  run.iterations = train.iterations;
  run.samples = s.samples();
  run.fresh_batch = s.samples() == 0 ? train.batch : 0;
  // From samples alone there is no curve to follow: theory looks at the end only.
  run.start_distance = train.start == "near" ? train.start_distance : 0.0;
  run.threshold = gate_threshold(s);
  run.bias = relu ? s.spec.model.bias : 0.0;
  run.bias_shrink = train.bias_shrink;
  run.bias_floor = train.bias_floor;
  run.seed = static_cast<std::uint64_t>(s.seed);
  return run;
}

// ‖W − A‖² at the end: least-squares codes at last leave the noise only.
double final_error(const RecoverySetting& s, const theory::RecoveryPrediction& run) {
  return s.spec.train.polish > 0 ? run.noise_term : run.final_error;
}

}  // namespace

double gate_threshold(const RecoverySetting& s) {
  const RecoveryModel& model = s.spec.model;
  if (model.activation == "top_k") return 0.5 * s.truth().low;
  // Theory wants a gate above 0; without one, units fire on every sample all the same.
  return std::max(1e-9, model.activation == "relu" ? -model.bias : model.threshold);
}

const theory::Assumption* find_assumption(const RecoveryResult& result, std::string_view name) {
  if (!result.predicted) return nullptr;
  const auto& list = result.predicted->run.assumptions;
  const auto found = std::ranges::find(list, name, &theory::Assumption::name);
  return found == list.end() ? nullptr : &*found;
}

void predict_case(RecoveryResult& result) {
  const RecoverySetting& s = result.setting;
  if (!s.known()) return;
  const auto began = std::chrono::steady_clock::now();
  RecoveryTheory predicted;
  const theory::RecoveryRun run = run_of(s);
  predicted.run = theory::predict_recovery(s.truth(), run);
  if (s.truth().law == data::CodeLaw::Mixture && s.samples() > 0) {
    predicted.atom_floors = theory::mixture_floors(s.truth(), s.samples(), run.gradient, run.bias);
  }
  if (s.truth().law == data::CodeLaw::Nonnegative && run.bias < 0.0) {
    predicted.off_diagonal =
        theory::bias_drift(s.truth(), theory::bias_at(run, run.iterations), run.gradient);
  }
  predicted.final_error = final_error(s, predicted.run);
  predicted.start_consistency =
      theory::code_consistency(s.truth(), run.threshold, run.start_distance);
  for (const theory::Assumption& a : predicted.run.assumptions) {
    result.trust.push_back({a.name, a.value, a.limit, a.holds ? "trust" : "caution", a.text});
  }
  result.predicted = std::move(predicted);
  result.predict_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

Json summary_json(const RecoveryResult& result) {
  const RecoverySetting& s = result.setting;
  Json summary = {{"dimension", s.d}, {"atoms", s.units}, {"step_unit", json_number(s.step_unit)}};
  if (!result.predicted) {
    summary["step"] = json_number(s.spec.train.step * s.step_unit);
    return summary;
  }
  const theory::RecoveryPrediction& p = result.predicted->run;
  summary["sparsity"] = s.truth().sparsity;
  summary["floor"] = json_number(p.floor);
  summary["floor_decoder_only"] = json_number(p.floor_decoder_only);
  summary["noise_term"] = json_number(p.noise_term);
  summary["sampling_term"] = json_number(p.sampling_term);
  summary["bias_term"] = json_number(p.bias_term);
  summary["final_error"] = json_number(result.predicted->final_error);
  summary["step"] = json_number(p.step);
  summary["step_edge"] = json_number(p.step_edge);
  summary["consistency"] = json_number(p.consistency);
  summary["start_consistency"] = json_number(result.predicted->start_consistency);
  summary["label_error"] = json_number(p.label_error);
  if (result.predicted->off_diagonal > 0.0) {
    summary["off_diagonal"] = json_number(result.predicted->off_diagonal);
  }
  if (result.predicted->atom_floors.size() > 0) {
    const Vector& v = result.predicted->atom_floors;
    summary["atom_floors"] = std::vector<double>(v.data(), v.data() + v.size());
  }
  return summary;
}

Json prediction_json(const RecoveryResult& result) {
  Json json = Json::object();
  if (!result.label.empty()) json["case"] = result.label;
  json["summary"] = summary_json(result);
  if (result.predicted && result.setting.spec.train.start == "near") {
    json["series"] = {{"iteration", result.predicted->run.iteration},
                      {"error", result.predicted->run.error}};
  }
  json["trust"] = to_json(result.trust);
  return json;
}

}  // namespace twofold::experiment
