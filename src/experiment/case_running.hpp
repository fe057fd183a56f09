// The way through the cases of a spec, for systems that predict and simulate each case by itself.
#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/record_making.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// What a system brings along. Its header also declares, for Result and Result::setting,
///   make_setting(Spec, seed, pool, previous), predict_case(Result&), summary_json(Result),
///   prediction_json(Result), measured_value(Result, name),
///   simulate(setting, repeat, name, folder, context) -> status, stopped_at, measured.
template <typename Result, typename Spec>
struct CaseLoop {
  Spec (*read)(SpecDocument&);
  /// Claims, figures and pictures; summaries are added here.
  Record (*judge)(const ExperimentSpec&, const std::vector<Result>&, const RunFolder&);
  std::string_view stopped;      ///< "training diverged at step": of a run that did
  std::string_view unsaid = "";  ///< entry of the trust report that is no warning
};

template <typename Result, typename Spec>
Result predicted_case(const CaseLoop<Result, Spec>& loop, const Case& c, std::int64_t seed,
                      RunContext context, const decltype(Result::setting)* previous) {
  SpecDocument document = c.document.clone();
  Result result;
  result.label = c.label;
  result.value = c.value;
  result.setting = make_setting(loop.read(document), seed, context.pool, previous);
  predict_case(result);
  return result;
}

/// What the user should know before the run; the same thing once, not for every case.
template <typename Result>
void warn(const Result& result, std::string_view unsaid, std::set<std::string>& said,
          Observer& observer) {
  for (const TrustEntry& e : result.trust) {
    if (e.verdict == "trust" || e.name == unsaid || !said.insert(e.name).second) continue;
    const std::string where = result.label.empty() ? "" : fmt::format(" ({})", result.label);
    observer.message(Severity::Warning,
                     fmt::format("{} = {:.3g}{}: {}", e.name, e.value, where, e.text));
  }
}

/// All repeats of one case.
template <typename Result>
RunStatus simulate_case(const ExperimentSpec& spec, std::size_t index, std::string_view stopped,
                        Result& result, const RunFolder& folder, RunContext context) {
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    const StopRequest stop = context.observer.stop_requested();
    if (stop != StopRequest::None) {
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    }
    auto s = simulate(result.setting, repeat, fmt::format("case{}", index + 1), folder, context);
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      result.measured.clear();
      context.observer.message(Severity::Warning, fmt::format("{} {}", stopped, s.stopped_at));
    }
    if (s.status != RunStatus::Finished) return s.status;
    result.measured.push_back(std::move(s.measured));
  }
  result.simulate_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return RunStatus::Finished;
}

template <typename Result>
Json measured_json(const Result& result) {
  Json json = Json::object();
  if (result.measured.empty()) return json;
  for (const auto& [name, ignored] : result.measured.front().values) {
    const auto value = measured_value(result, name);
    json[name] = {{"mean", value->mean}, {"standard_error", value->standard_error}};
  }
  return json;
}

/// System::run.
template <typename Result, typename Spec>
Outcome run_cases(const CaseLoop<Result, Spec>& loop, const ExperimentSpec& spec,
                  const RunFolder& folder, RunContext context) {
  Outcome outcome;
  std::set<std::string> said;
  std::vector<Result> results;
  const auto total = static_cast<std::int64_t>(spec.cases.size());
  for (std::size_t i = 0; i < spec.cases.size(); ++i) {
    Result result = predicted_case(loop, spec.cases[i], spec.run.seed, context,
                                   results.empty() ? nullptr : &results.back().setting);
    warn(result, loop.unsaid, said, context.observer);
    const RunStatus status = simulate_case(spec, i, loop.stopped, result, folder, context);
    if (status == RunStatus::Interrupted || status == RunStatus::Terminated) return {status, {}};
    if (status == RunStatus::Diverged) outcome.status = status;
    results.push_back(std::move(result));
    context.observer.progress({"cases", static_cast<std::int64_t>(i) + 1, total});
  }
  outcome.record = loop.judge(spec, results, folder);
  for (const Result& r : results) {
    Json summary = summary_json(r);
    summary["measured"] = measured_json(r);
    add_case(r, std::move(summary), outcome.record);
  }
  return outcome;
}

/// System::predict.
template <typename Result, typename Spec>
Json predict_cases(const CaseLoop<Result, Spec>& loop, const ExperimentSpec& spec,
                   RunContext context) {
  Json cases = Json::array();
  std::optional<decltype(Result::setting)> previous;
  for (const Case& c : spec.cases) {
    Result result =
        predicted_case(loop, c, spec.run.seed, context, previous ? &*previous : nullptr);
    cases.push_back(prediction_json(result));
    previous = std::move(result.setting);
  }
  if (cases.size() == 1) return cases.front();
  return {{"cases", cases}};
}

}  // namespace twofold::experiment
