#include "learn_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "learn_output.hpp"

namespace twofold::app {
namespace {

using estimators::DictionaryKind;
using experiment::Json;
using experiment::json_number;

// What training showed; the plan's own are printed before it.
std::vector<std::string> late_warnings(const LearnReport& r) {
  std::vector<std::string> warnings = r.fit.warnings;
  if (r.fit.duplicates > 0) {
    warnings.push_back(
        fmt::format("{} atoms repeat another one (|cos| > 0.9): the data support "
                    "fewer than {}",
                    r.fit.duplicates, r.fit.dictionary.size()));
  }
  if (r.dead() > 0) {
    warnings.push_back(fmt::format("{} atoms are in no training row; ask for fewer", r.dead()));
  }
  return warnings;
}

experiment::Claim explained_claim(const LearnReport& r) {
  experiment::Claim claim{.name = "explained_variance",
                          .title = "explained variance of rows not seen",
                          .predicted = r.plan.expectation.explained_variance,
                          .measured = r.judged().explained.value(),
                          .source = "docs/dictionary.md#expectation"};
  claim.tolerance = 0.15 * (1.0 - claim.predicted) + 0.005;
  claim.reason =
      "15 % of what is not explained, for atoms that are not in random directions, and "
      "half a percent for the rows drawn";
  experiment::judge(claim);
  if (r.plan.survey.noise_source.starts_with("residual")) {
    claim.verdict = Verdict::NotApplicable;
    claim.why =
        "the noise was estimated from what a trial left unexplained, so this is no "
        "prediction";
  } else if (claim.verdict == Verdict::Fails) {
    claim.why = "the rows do not follow the model";
  }
  return claim;
}

experiment::Claim cosine_claim(const LearnReport& r) {
  experiment::Claim claim{.name = "mean_cosine",
                          .title = "mean |cos| of learned and true atoms",
                          .predicted = r.plan.expectation.mean_cosine,
                          .measured = r.truth->mean_cosine,
                          .tolerance = 0.005,
                          .reason = "mini-batches add to the floor of the full batch",
                          .source = "docs/theory/dictionary_recovery.md#floors"};
  experiment::judge(claim);
  return claim;
}

experiment::Figure trials_figure(const LearnReport& r) {
  experiment::Figure figure{.name = "sparsity",
                            .title = "How many atoms a row has",
                            .sentence =
                                "Explained variance of rows that a short trial with this "
                                "sparsity did not see; it is largest at the right one.",
                            .x = {"sparsity", "atoms of a row"},
                            .y = {"value", "explained variance"}};
  for (const auto& trial : r.plan.trials) {
    figure.rows.push_back({.x = static_cast<double>(trial.sparsity), .value = trial.explained});
  }
  return figure;
}

experiment::Figure use_of_atoms(const LearnReport& r) {
  return usage_figure(r.trained, r.plan.sparsity,
                      {.title = "How often atoms are used",
                       .sentence = "Share of the training rows an atom is in, most used first; "
                                   "the line is k/m, if all are used alike.",
                       .x = {"rank", "atom, by use"}});
}

Json summary_of(const LearnReport& r) {
  const auto& d = r.fit.dictionary;
  Json summary = {{"data", r.data},
                  {"rows", r.plan.survey.rows},
                  {"dimension", d.dimension()},
                  {"model", estimators::to_string(d.kind)},
                  {"atoms", d.size()},
                  {"sparsity", r.plan.sparsity},
                  {"gate", estimators::describe_gate(d.gate)},
                  {"used", d.size() - r.dead()},
                  {"dead", r.dead()},
                  {"duplicates", r.fit.duplicates},
                  {"explained_variance", json_number(r.judged().explained.value())},
                  {"explained_variance_training", json_number(r.trained.explained.value())},
                  {"held_out_rows", r.held_out.rows},
                  {"l0", r.judged().l0()},
                  {"empty_rows", r.judged().empty},
                  {"agreed", r.fit.agreed < 0 ? Json(nullptr) : Json(r.fit.agreed)},
                  {"exchanged", r.fit.exchanged},
                  {"noise", r.plan.survey.noise},
                  {"amplitude", r.plan.amplitude},
                  {"scale", std::sqrt(r.plan.survey.energy)},
                  {"iterations", r.fit.iterations},
                  {"fingerprint", d.fingerprint}};
  if (r.truth) {
    summary["truth"] = {{"recovered", r.truth->recovered},
                        {"mean_cosine", r.truth->mean_cosine},
                        {"unique", r.truth->unique}};
  }
  Json expected = Json::object();
  for (const auto& q : r.plan.expectation.table) expected[q.name] = json_number(q.value);
  summary["expected"] = expected;
  summary["choices"] = choices_json(r.plan.choices);
  for (const Json& choice : choices_json(r.fit.choices)) summary["choices"].push_back(choice);
  summary["warnings"] = r.plan.warnings;
  for (const std::string& text : late_warnings(r)) summary["warnings"].push_back(text);
  return summary;
}

void print_choices(const std::vector<estimators::DictionaryChoice>& choices) {
  for (const auto& c : choices) fmt::print("  {:<18} {}: {}\n", c.name, c.value, c.why);
}

void print_beside(const char* name, double expected, double measured) {
  const std::string left = std::isfinite(expected) ? fmt::format("{:.4f}", expected) : "-";
  fmt::print("  {:<40} {:>10} {:>10.4f}\n", name, left, measured);
}

}  // namespace

Index LearnReport::dead() const {
  return std::ranges::count(trained.use, 0);
}

void print_plan(const LearnReport& r) {
  fmt::print("{}\n\nchosen from the data\n", r.data);
  print_choices(r.plan.choices);
  fmt::print("\nwhat to expect if the rows follow the model; nothing has been learned yet\n");
  for (const auto& q : r.plan.expectation.table) {
    fmt::print("  {:<62} {:>10}\n", q.text,
               std::isfinite(q.value) ? fmt::format("{:.4g}", q.value) : "-");
  }
  for (const std::string& text : r.plan.warnings) fmt::print("note: {}\n", text);
  fmt::print("\n");
}

void print_result(const LearnReport& r) {
  const auto& d = r.fit.dictionary;
  fmt::print("learned {} atoms in {:.2f} s, {} iterations\n", d.size(), r.fit.seconds,
             r.fit.iterations);
  print_choices(r.fit.choices);
  fmt::print("  {:<18} {} used, {} dead, {} duplicates\n", "atoms", d.size() - r.dead(), r.dead(),
             r.fit.duplicates);
  if (r.fit.agreed >= 0) {
    fmt::print("  {:<18} {} of {} atoms {} (|cos| > 0.95)\n", "stability", r.fit.agreed, d.size(),
               d.kind == DictionaryKind::Subspace ? "in both halves of the rows"
                                                  : "found again by another start");
  }
  fmt::print(
      "\n  {:<40} {:>10} {:>10}\n",
      fmt::format("on {} {} rows", r.judged().rows, r.held_out.rows > 0 ? "held-out" : "training"),
      "expected", "measured");
  print_beside("explained variance", r.plan.expectation.explained_variance,
               r.judged().explained.value());
  print_beside("atoms of a row", static_cast<double>(r.plan.sparsity), r.judged().l0());
  if (r.truth) {
    print_beside("mean |cos| with the truth", r.plan.expectation.mean_cosine, r.truth->mean_cosine);
    print_beside("true atoms found (|cos| > 0.95)", std::nan(""), r.truth->recovered);
  }
  for (const std::string& text : late_warnings(r)) fmt::print("note: {}\n", text);
}

experiment::Record make_record(const LearnReport& r, const std::string& sheet) {
  experiment::Record record{
      .system = "dictionary_recovery",
      .experiment = std::string(estimators::to_string(r.fit.dictionary.kind)),
      .title = fmt::format("{} dictionary, {} atoms", estimators::to_string(r.fit.dictionary.kind),
                           r.fit.dictionary.size()),
      .description = r.data,
      .seed = static_cast<std::int64_t>(r.seed)};
  record.status = r.fit.status == estimators::LearnStatus::Collapsed ? "diverged" : "ok";
  if (std::isfinite(r.plan.expectation.explained_variance)) {
    record.claims.push_back(explained_claim(r));
  }
  if (r.truth && std::isfinite(r.plan.expectation.mean_cosine)) {
    record.claims.push_back(cosine_claim(r));
  }
  if (r.plan.trials.size() > 1) record.figures.push_back(trials_figure(r));
  if (r.fit.dictionary.kind != DictionaryKind::Subspace) record.figures.push_back(use_of_atoms(r));
  if (!sheet.empty()) {
    record.pictures.push_back({"atoms", "Atoms, the most used first", sheet});
  }
  record.summary = summary_of(r);
  record.simulate_s = r.fit.seconds;
  record.predict_s = r.plan_s;
  return record;
}

}  // namespace twofold::app
