#include "experiment/mean_field_system.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <set>
#include <string>

#include "experiment/mean_field_claims.hpp"
#include "experiment/mean_field_figures.hpp"
#include "experiment/mean_field_quantities.hpp"
#include "experiment/mean_field_simulation.hpp"
#include "experiment/mean_field_theory.hpp"
#include "experiment/record_making.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/mean_field_limits.hpp"

namespace twofold::experiment {
namespace {

MeanFieldResult open_case(const Case& c, std::int64_t seed, bool with_test_rows,
                          RunContext context) {
  SpecDocument document = c.document.clone();
  MeanFieldResult result;
  result.label = c.label;
  result.value = c.value;
  result.setting = make_setting(read_mean_field_spec(document), seed, with_test_rows, context.pool,
                                context.observer);
  return result;
}

std::vector<double> record_times(const MeanFieldSetting& setting) {
  std::vector<double> times;
  for (const std::int64_t k : setting.record_steps) times.push_back(setting.time_of(k));
  return times;
}

// Says before the training what will go wrong in it; the same thing once, not for every case.
void warn(const MeanFieldResult& result, std::set<std::string>& said, Observer& observer) {
  const auto say = [&](const std::string& kind, const std::string& text) {
    if (said.insert(kind).second) observer.message(Severity::Warning, text);
  };
  const MeanFieldSetting& setting = result.setting;
  const theory::StepLimits limits =
      theory::step_limits(setting.spectrum, result.summary.gain_limit, setting.activation,
                          setting.penalty, setting.spec.train.momentum, setting.independent);
  if (setting.step > limits.largest) {
    say("step", fmt::format("step {:.4g} is above the stability limit {:.4g} ({}): the run will "
                            "diverge; lower train.step",
                            setting.step, limits.largest, limits.reason));
  }
  for (const TrustEntry& e : result.trust) {
    if (e.verdict == "trust") continue;
    const std::string where = result.label.empty() ? "" : fmt::format(" ({})", result.label);
    say(e.name + e.verdict, fmt::format("{} = {:.3g}{}: {}", e.name, e.value, where, e.text));
  }
}

void predict_and_warn(MeanFieldResult& result, std::set<std::string>& said, RunContext context) {
  predict_case(record_times(result.setting), result, context.pool);
  predict_dense_curve(result);
  warn(result, said, context.observer);
}

// File name of a case: its number, which no label can break.
std::string file_label(std::size_t index) {
  return fmt::format("case{}", index + 1);
}

RunStatus simulate_case(const ExperimentSpec& spec, std::size_t index, MeanFieldResult& result,
                        const RunFolder& folder, RunContext context) {
  const auto began = std::chrono::steady_clock::now();
  for (std::int64_t repeat = 0; repeat < spec.run.repeats; ++repeat) {
    Simulated s = simulate(result.setting, repeat, file_label(index), folder, context);
    if (s.status == RunStatus::Interrupted || s.status == RunStatus::Terminated) return s.status;
    add_distinct(s.arithmetic, result.arithmetic);
    if (s.status == RunStatus::Diverged) {
      result.diverged_at = s.stopped_at;
      result.measured.clear();
      context.observer.message(
          Severity::Warning,
          fmt::format("diverged at step {} (loss not finite, or a million times its start)",
                      s.stopped_at));
      return s.status;
    }
    result.measured.push_back(std::move(s.path));
  }
  result.simulate_s =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return RunStatus::Finished;
}

// Post-mortem of the trained neurons, mean over repeats: how far the cloud is from w ~ -w,
// and what its even part adds to the loss.
void add_post_mortem(const MeanFieldResult& result, Json& summary) {
  if (result.measured.empty()) return;
  numerics::RunningStatistics asymmetry, even_energy;
  for (const Path& p : result.measured) {
    const Index last = p.loss.size() - 1;
    asymmetry.add(p.cloud_asymmetry(last));
    even_energy.add((p.loss(last) - p.linear_loss(last)) / result.setting.initial_loss());
  }
  summary["cloud_asymmetry"] = asymmetry.mean();
  summary["even_part_energy_over_L0"] = even_energy.mean();
}

Record make_record(const ExperimentSpec& spec, const std::vector<MeanFieldResult>& results) {
  Record record = new_record(spec.run);
  record.claims = judge_claims(spec, results);
  record.figures = mean_field_figures(spec, results);
  for (const MeanFieldResult& r : results) {
    Json summary = r.setting.spec.predict.skip ? Json::object() : summary_json(r);
    add_post_mortem(r, summary);
    add_case(r, std::move(summary), record);
  }
  return record;
}

Outcome run(const ExperimentSpec& spec, const RunFolder& folder, RunContext context) {
  Outcome outcome;
  std::set<std::string> said;
  std::vector<MeanFieldResult> results;
  for (std::size_t i = 0; i < spec.cases.size(); ++i) {
    MeanFieldResult result = open_case(spec.cases[i], spec.run.seed, true, context);
    if (!result.setting.spec.predict.skip) predict_and_warn(result, said, context);
    const RunStatus status = simulate_case(spec, i, result, folder, context);
    if (status == RunStatus::Interrupted || status == RunStatus::Terminated) return {status, {}};
    if (status == RunStatus::Diverged) outcome.status = status;
    results.push_back(std::move(result));
  }
  outcome.record = make_record(spec, results);
  return outcome;
}

Json predict(const ExperimentSpec& spec, RunContext context) {
  Json cases = Json::array();
  for (const Case& c : spec.cases) {
    MeanFieldResult result = open_case(c, spec.run.seed, false, context);
    predict_case(result.setting.times, result, context.pool);
    cases.push_back(prediction_json(result));
  }
  if (cases.size() == 1) return cases.front();
  return {{"cases", cases}};
}

void check(const ExperimentSpec& spec) {
  for (const Case& c : spec.cases) {
    SpecDocument document = c.document.clone();
    (void)read_mean_field_spec(document);
  }
  for (const ClaimOptions& claim : spec.claims) check_claim(claim);
  for (const FigureOptions& figure : spec.figures) check_figure(figure);
}

std::string resolve(SpecDocument document) {
  return resolved_text(read_mean_field_spec(document));
}

}  // namespace

System mean_field_system() {
  return {"mean_field",
          "tied autoencoders with many neurons: phases, shrinkage, loss curve, needed neurons",
          mean_field_quantities,
          resolve,
          check,
          predict,
          mean_field_prediction_text,
          run};
}

}  // namespace twofold::experiment
