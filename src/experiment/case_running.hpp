// The way through the cases of a spec, for systems that predict and simulate each case by itself.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/judging.hpp"
#include "experiment/record_making.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// What a system brings along. Its header also declares, for Result and Result::setting,
///   make_setting(Spec, seed, pool, previous), predict_case(Result&), summary_json(Result),
///   prediction_json(Result), measured_value(Result, name),
///   simulate(setting, repeat, name, folder, context) -> status, stopped_at, measured, arithmetic
///   (or the setting says its arithmetic()).
/// Where that is not enough, it overloads the templates of the same names below for its Result.
template <typename Result, typename Spec>
struct CaseLoop {
  Spec (*read)(SpecDocument&);
  /// Claims, figures and pictures; summaries are added here.
  Record (*judge)(const ExperimentSpec&, const std::vector<Result>&, const RunFolder&, ThreadPool&);
  std::string_view stopped;  ///< "training diverged at step": of a run that did
  std::string_view unsaid;   ///< entry of the trust report that is no warning
};

/// Theory that needs no threads.
template <typename Result>
void predict_case(Result& result, ThreadPool&) {
  predict_case(result);
}

/// A simulation that needs no theory.
template <typename Result>
auto simulate(const Result& result, std::int64_t repeat, const std::string& name,
              const RunFolder& folder, RunContext context) {
  return simulate(result.setting, repeat, name, folder, context);
}

/// Whether a divergence of this case is a result, as a claim is about it.
template <typename Result>
bool expects_divergence(const ExperimentSpec&, const Result&) {
  return false;
}

template <typename Result, typename Spec>
Result predicted_case(const CaseLoop<Result, Spec>& loop, const Case& c, std::int64_t seed,
                      RunContext context, const decltype(Result::setting)* previous) {
  SpecDocument document = c.document.clone();
  Result result;
  result.label = c.label;
  result.value = c.value;
  result.setting = make_setting(loop.read(document), seed, context.pool, previous);
  if (!result.setting.spec.predict.skip) predict_case(result, context.pool);
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
  const bool expected = expects_divergence(spec, result);
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    const StopRequest stop = context.observer.stop_requested();
    if (stop != StopRequest::None) {
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    }
    auto s = simulate(result, repeat, fmt::format("case{}", index + 1), folder, context);
    if constexpr (requires { s.arithmetic; }) {
      add_distinct(s.arithmetic, result.arithmetic);
    } else {
      add_distinct(result.setting.arithmetic(), result.arithmetic);
    }
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      context.observer.message(expected ? Severity::Info : Severity::Warning,
                               fmt::format("{} {}", stopped, s.stopped_at));
      if (!expected) result.measured.clear();
    }
    if (s.status != RunStatus::Finished && !(expected && s.status == RunStatus::Diverged)) {
      return s.status;
    }
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
  outcome.record = loop.judge(spec, results, folder, context.pool);
  for (const Result& r : results) {
    Json summary = r.setting.spec.predict.skip ? Json::object() : summary_json(r);
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

/// System::check where claims and figures have needs: they are asked of the cases they name.
/// @param check_needs  of a claim without "minimum:" or "exponent:" before its quantity.
template <typename Spec>
void check_cases(const ExperimentSpec& spec, Spec (*read)(SpecDocument&), AboutQuantity about,
                 void (*check_needs)(const ClaimOptions&, const Spec&),
                 void (*check_figure)(const FigureOptions&, const Spec&)) {
  const auto names = [](const auto& options, const Case& c) {
    return options.cases.empty() ||
           std::ranges::find(options.cases, c.label) != options.cases.end();
  };
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about);
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    const Spec one = read(document);
    for (ClaimOptions claim : spec.claims) {
      claim.quantity = claim.quantity.substr(claim.quantity.find(':') + 1);
      if (names(claim, c)) check_needs(claim, one);
    }
    for (const FigureOptions& figure : spec.figures) {
      if (names(figure, c)) check_figure(figure, one);
    }
  }
}

}  // namespace twofold::experiment
