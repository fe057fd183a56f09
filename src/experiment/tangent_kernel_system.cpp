#include "experiment/tangent_kernel_system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>

#include "experiment/record_making.hpp"
#include "experiment/tangent_kernel_figures.hpp"
#include "experiment/tangent_kernel_quantities.hpp"
#include "experiment/tangent_kernel_simulation.hpp"
#include "experiment/tangent_kernel_theory.hpp"

namespace twofold::experiment {
namespace {

TangentResult predicted_case(const Case& c, std::int64_t seed, RunContext context,
                             const TangentSetting* previous) {
  SpecDocument document = c.document.clone();
  TangentResult result;
  result.label = c.label;
  result.value = c.value;
  result.setting = make_setting(read_tangent_kernel_spec(document), seed, context.pool, previous);
  predict_case(result, context.pool);
  return result;
}

// What the user should know before the run; the same thing once, not for every case.
void warn(const TangentResult& result, std::set<std::string>& said, Observer& observer) {
  for (const TrustEntry& e : result.trust) {
    if (e.verdict == "trust" || !said.insert(e.name).second) continue;
    const std::string where = result.label.empty() ? "" : fmt::format(" ({})", result.label);
    observer.message(Severity::Warning,
                     fmt::format("{} = {:.3g}{}: {}", e.name, e.value, where, e.text));
  }
}

// A divergence that a claim is about is a result.
RunStatus simulate_case(const ExperimentSpec& spec, std::size_t index, TangentResult& result,
                        const RunFolder& folder, RunContext context) {
  const auto began = std::chrono::steady_clock::now();
  const bool expected = expects_divergence(spec, result.label);
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    const StopRequest stop = context.observer.stop_requested();
    if (stop != StopRequest::None) {
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    }
    TangentSimulated s = simulate(result.setting, result.predicted, repeat,
                                  fmt::format("case{}", index + 1), folder, context);
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      context.observer.message(expected ? Severity::Info : Severity::Warning,
                               fmt::format("training diverged at step {}", s.stopped_at));
      if (!expected) return s.status;
    } else if (s.status != RunStatus::Finished) {
      return s.status;
    }
    result.measured.push_back(std::move(s.measured));
  }
  result.simulate_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return RunStatus::Finished;
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json measured_json(const TangentResult& result) {
  Json json = Json::object();
  if (result.measured.empty()) return json;
  for (const auto& [name, ignored] : result.measured.front().values) {
    const auto value = compared(result, name);
    json[name] = {{"predicted", number(value->predicted)},
                  {"mean", number(value->measured.mean)},
                  {"standard_error", number(value->measured.standard_error)}};
  }
  return json;
}

Record make_record(const ExperimentSpec& spec, const std::vector<TangentResult>& results,
                   const RunFolder& folder, ThreadPool& pool) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = tangent_kernel_figures(spec, results);
  record.pictures = tangent_kernel_pictures(spec, results, folder.path(), pool);
  for (const TangentResult& r : results) {
    Json summary = summary_json(r);
    summary["measured"] = measured_json(r);
    add_case(r, std::move(summary), record);
  }
  return record;
}

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  Outcome outcome;
  std::set<std::string> said;
  std::vector<TangentResult> results;
  const auto total = static_cast<std::int64_t>(spec.cases.size());
  for (std::size_t i = 0; i < spec.cases.size(); ++i) {
    TangentResult result = predicted_case(spec.cases[i], spec.run.seed, context,
                                          results.empty() ? nullptr : &results.back().setting);
    warn(result, said, context.observer);
    const RunStatus status = simulate_case(spec, i, result, folder, context);
    if (status == RunStatus::Interrupted || status == RunStatus::Terminated) return {status, {}};
    if (status == RunStatus::Diverged) outcome.status = status;
    results.push_back(std::move(result));
    context.observer.progress({"cases", static_cast<std::int64_t>(i) + 1, total});
  }
  outcome.record = make_record(spec, results, folder, context.pool);
  return outcome;
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  Json cases = Json::array();
  std::optional<TangentSetting> previous;
  for (const Case& c : spec.cases) {
    TangentResult result =
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
  for (const ClaimOptions& claim : spec.claims) check_claim(claim, about_tangent_kernel);
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    const TangentSpec one = read_tangent_kernel_spec(document);
    for (const ClaimOptions& claim : spec.claims) {
      if (names(claim, c)) check_quantity(claim.quantity.substr(claim.quantity.find(':') + 1), one);
    }
    for (const FigureOptions& figure : spec.figures) {
      if (names(figure, c)) check_tangent_kernel_figure(figure, one);
    }
  }
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_tangent_kernel_spec(document));
}

}  // namespace

System tangent_kernel_system() {
  return {"tangent_kernel",
          "wide ReLU autoencoders, weak, joint or tied, predicted from their tangent kernel",
          tangent_kernel_quantities,
          resolve,
          check,
          predict,
          tangent_kernel_prediction_text,
          run};
}

}  // namespace twofold::experiment
