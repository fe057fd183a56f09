#include "experiment/one_bit_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "experiment/one_bit_figures.hpp"
#include "experiment/one_bit_quantities.hpp"
#include "experiment/one_bit_simulation.hpp"
#include "experiment/one_bit_theory.hpp"
#include "experiment/record_making.hpp"

namespace twofold::experiment {
namespace {

OneBitResult predicted_case(const Case& c, std::int64_t seed, RunContext context,
                            const OneBitSetting* previous) {
  SpecDocument document = c.document.clone();
  OneBitResult result;
  result.label = c.label;
  result.value = c.value;
  result.setting = make_setting(read_one_bit_spec(document), seed, context.pool, previous);
  predict_case(result);
  return result;
}

// What the user should know before the run; the same thing once, not for every case.
void warn(const OneBitResult& result, std::set<std::string>& said, Observer& observer) {
  for (const TrustEntry& e : result.trust) {
    if (e.verdict == "trust" || e.name == "fourth_moment" || !said.insert(e.name).second) continue;
    const std::string where = result.label.empty() ? "" : fmt::format(" ({})", result.label);
    observer.message(Severity::Warning,
                     fmt::format("{} = {:.3g}{}: {}", e.name, e.value, where, e.text));
  }
}

RunStatus simulate_case(const ExperimentSpec& spec, std::size_t index, OneBitResult& result,
                        const RunFolder& folder, RunContext context) {
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    const StopRequest stop = context.observer.stop_requested();
    if (stop != StopRequest::None) {
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    }
    OneBitSimulated s =
        simulate(result.setting, repeat, fmt::format("case{}", index + 1), folder, context);
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      result.measured.clear();
      context.observer.message(Severity::Warning,
                               fmt::format("training diverged at step {}", s.stopped_at));
    }
    if (s.status != RunStatus::Finished) return s.status;
    result.measured.push_back(std::move(s.measured));
  }
  result.simulate_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return RunStatus::Finished;
}

Json measured_json(const OneBitResult& result) {
  Json json = Json::object();
  if (result.measured.empty()) return json;
  for (const auto& [name, ignored] : result.measured.front().values) {
    const auto value = measured_value(result, name);
    json[name] = {{"mean", value->mean}, {"standard_error", value->standard_error}};
  }
  return json;
}

Record make_record(const ExperimentSpec& spec, const std::vector<OneBitResult>& results,
                   const RunFolder& folder) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = one_bit_figures(spec, results);
  record.pictures = one_bit_pictures(spec, results, folder.path());
  for (const OneBitResult& r : results) {
    Json summary = summary_json(r);
    summary["measured"] = measured_json(r);
    add_case(r, std::move(summary), record);
  }
  return record;
}

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  Outcome outcome;
  std::set<std::string> said;
  std::vector<OneBitResult> results;
  const auto total = static_cast<std::int64_t>(spec.cases.size());
  for (std::size_t i = 0; i < spec.cases.size(); ++i) {
    OneBitResult result = predicted_case(spec.cases[i], spec.run.seed, context,
                                         results.empty() ? nullptr : &results.back().setting);
    warn(result, said, context.observer);
    const RunStatus status = simulate_case(spec, i, result, folder, context);
    if (status == RunStatus::Interrupted || status == RunStatus::Terminated) return {status, {}};
    if (status == RunStatus::Diverged) outcome.status = status;
    results.push_back(std::move(result));
    context.observer.progress({"cases", static_cast<std::int64_t>(i) + 1, total});
  }
  outcome.record = make_record(spec, results, folder);
  return outcome;
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  Json cases = Json::array();
  std::optional<OneBitSetting> previous;
  for (const Case& c : spec.cases) {
    OneBitResult result =
        predicted_case(c, spec.run.seed, context, previous ? &*previous : nullptr);
    cases.push_back(prediction_json(result));
    previous = std::move(result.setting);
  }
  if (cases.size() == 1) return cases.front();
  return {{"cases", cases}};
}

void check(const ExperimentSpec& spec) {
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    (void)read_one_bit_spec(document);
  }
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about_one_bit);
  for (const FigureOptions& figure : spec.figures) check_one_bit_figure(figure);
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_one_bit_spec(document));
}

}  // namespace

System one_bit_system() {
  return {
      "one_bit",
      "sign codes of sparse data: Gaussian limit, sparsity transition, denoised and multi-layer "
      "decoders",
      one_bit_quantities,
      resolve,
      check,
      predict,
      one_bit_prediction_text,
      run};
}

}  // namespace twofold::experiment
