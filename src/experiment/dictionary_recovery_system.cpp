#include "experiment/dictionary_recovery_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

#include "experiment/dictionary_recovery_figures.hpp"
#include "experiment/dictionary_recovery_quantities.hpp"
#include "experiment/dictionary_recovery_simulation.hpp"
#include "experiment/dictionary_recovery_theory.hpp"
#include "experiment/record_making.hpp"

namespace twofold::experiment {
namespace {

RecoveryResult predicted_case(const Case& c, std::int64_t seed, RunContext context,
                              const RecoverySetting* previous) {
  SpecDocument document = c.document.clone();
  RecoveryResult result;
  result.label = c.label;
  result.value = c.value;
  result.setting =
      make_setting(read_dictionary_recovery_spec(document), seed, context.pool, previous);
  predict_case(result);
  return result;
}

// What the user should know before the run; the same thing once, not for every case.
void warn(const RecoveryResult& result, std::set<std::string>& said, Observer& observer) {
  for (const TrustEntry& e : result.trust) {
    if (e.verdict == "trust" || !said.insert(e.name).second) continue;
    const std::string where = result.label.empty() ? "" : fmt::format(" ({})", result.label);
    observer.message(Severity::Warning,
                     fmt::format("{} = {:.3g}{}: {}", e.name, e.value, where, e.text));
  }
}

RunStatus simulate_case(const ExperimentSpec& spec, std::size_t index, RecoveryResult& result,
                        const RunFolder& folder, RunContext context) {
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    const StopRequest stop = context.observer.stop_requested();
    if (stop != StopRequest::None) {
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    }
    RecoverySimulated s =
        simulate(result.setting, repeat, fmt::format("case{}", index + 1), folder, context);
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      result.measured.clear();
      context.observer.message(Severity::Warning,
                               fmt::format("training collapsed at iteration {}", s.stopped_at));
    }
    if (s.status != RunStatus::Finished) return s.status;
    result.measured.push_back(std::move(s.measured));
  }
  result.simulate_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return RunStatus::Finished;
}

Json measured_json(const RecoveryResult& result) {
  Json json = Json::object();
  if (result.measured.empty()) return json;
  for (const auto& [name, ignored] : result.measured.front().values) {
    const auto value = measured_value(result, name);
    json[name] = {{"mean", value->mean}, {"standard_error", value->standard_error}};
  }
  return json;
}

Record make_record(const ExperimentSpec& spec, const std::vector<RecoveryResult>& results,
                   const RunFolder& folder) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = dictionary_recovery_figures(spec, results);
  record.pictures = dictionary_recovery_pictures(spec, results, folder.path());
  for (const RecoveryResult& r : results) {
    Json summary = summary_json(r);
    summary["measured"] = measured_json(r);
    add_case(r, std::move(summary), record);
  }
  return record;
}

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  Outcome outcome;
  std::set<std::string> said;
  std::vector<RecoveryResult> results;
  const auto total = static_cast<std::int64_t>(spec.cases.size());
  for (std::size_t i = 0; i < spec.cases.size(); ++i) {
    RecoveryResult result = predicted_case(spec.cases[i], spec.run.seed, context,
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
  std::optional<RecoverySetting> previous;
  for (const Case& c : spec.cases) {
    RecoveryResult result =
        predicted_case(c, spec.run.seed, context, previous ? &*previous : nullptr);
    cases.push_back(prediction_json(result));
    previous = std::move(result.setting);
  }
  if (cases.size() == 1) return cases.front();
  return {{"cases", cases}};
}

// What claims and figures need is asked of the cases they are about.
template <typename Options>
bool names(const Options& options, const Case& c) {
  return options.cases.empty() || std::ranges::find(options.cases, c.label) != options.cases.end();
}

void check(const ExperimentSpec& spec) {
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about_dictionary_recovery);
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    const RecoverySpec one = read_dictionary_recovery_spec(document);
    for (const ClaimOptions& claim : spec.claims) {
      if (names(claim, c)) check_quantity(claim.quantity.substr(claim.quantity.find(':') + 1), one);
    }
    for (const FigureOptions& figure : spec.figures) {
      if (names(figure, c)) check_dictionary_recovery_figure(figure, one);
    }
  }
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_dictionary_recovery_spec(document));
}

}  // namespace

System dictionary_recovery_system() {
  return {"dictionary_recovery",
          "tied autoencoders that recover mixtures, sparse and non-negative dictionaries",
          dictionary_recovery_quantities,
          resolve,
          check,
          predict,
          dictionary_recovery_prediction_text,
          run};
}

}  // namespace twofold::experiment
