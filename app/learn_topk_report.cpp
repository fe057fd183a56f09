#include "learn_topk_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "learn_output.hpp"

namespace twofold::app {
namespace {

using experiment::Figure;
using experiment::Json;
using experiment::json_number;

Index sparsity(const TopKReport& r) {
  return std::get<model::TopK>(r.fit.dictionary.gate.activation).k;
}

// What training showed; the plan's own are printed before it.
std::vector<std::string> late_warnings(const TopKReport& r) {
  std::vector<std::string> warnings;
  const auto m = static_cast<double>(r.fit.dictionary.size());
  const auto& beside = r.references;
  if (beside.encoder < beside.principal) {
    warnings.push_back(
        fmt::format("{} principal components explain more: give more --steps, or "
                    "the rows have no sparse structure",
                    sparsity(r)));
  }
  if (static_cast<double>(r.fit.dead) > 0.05 * m) {
    warnings.push_back(
        fmt::format("{:.0f} % of the units are dead; ask for fewer, or give more "
                    "--steps or a larger --auxiliary",
                    100.0 * static_cast<double>(r.fit.dead) / m));
  }
  if (static_cast<double>(r.fit.duplicates) > 0.05 * m) {
    warnings.push_back(fmt::format("{} units repeat another one (cos > 0.9)", r.fit.duplicates));
  }
  return warnings;
}

Figure curve(const TopKReport& r, const char* name, const char* title, const char* sentence,
             const char* label, double estimators::TopKCurvePoint::*value) {
  Figure figure{.name = name,
                .title = title,
                .sentence = sentence,
                .x = {"step", "update"},
                .y = {"value", label}};
  for (const auto& p : r.fit.curve) {
    figure.rows.push_back({.x = static_cast<double>(p.step), .value = p.*value});
  }
  return figure;
}

std::vector<Figure> curves(const TopKReport& r) {
  using Point = estimators::TopKCurvePoint;
  Figure explained =
      curve(r, "explained_variance", "Explained variance of the batches",
            "Before each update; the line is what as many principal components explain.",
            "explained variance", &Point::explained);
  for (const auto& p : r.fit.curve) {
    explained.rows.push_back(
        {.x = static_cast<double>(p.step), .predicted = true, .value = r.plan.principal});
  }
  return {curve(r, "loss", "Loss of the batches",
                "Half the mean square error of a row, rows scaled to mean square length 1.", "loss",
                &Point::loss),
          std::move(explained),
          curve(r, "l0", "Units of a row", "At most k fire; fewer where fewer are positive.",
                "units of a row", &Point::active),
          curve(r, "dead_fraction", "Dead units",
                "Share of the units that have been silent for as many rows as the summary says.",
                "dead fraction", &Point::dead)};
}

Figure use_of_units(const TopKReport& r) {
  return usage_figure(r.trained, sparsity(r),
                      {.title = "How often units fire",
                       .sentence = "Share of the training rows a unit fires on, most used first; "
                                   "the line is k/m, if all are used alike.",
                       .x = {"rank", "unit, by use"}});
}

Json references_json(const TopKReport& r) {
  const auto& beside = r.references;
  return {{"rows", beside.rows},
          {"encoder", json_number(beside.encoder)},
          {"least_squares", json_number(beside.least_squares)},
          {"matching_pursuit", json_number(beside.pursuit)},
          {"principal_components", json_number(beside.principal)}};
}

Json run_json(const TopKReport& r) {
  const auto& plan = r.plan;
  return {{"steps", r.fit.steps},
          {"batch", plan.batch},
          {"learning_rate", plan.schedule.step},
          {"warmup", plan.schedule.warmup},
          {"decay", plan.schedule.decay},
          {"dead_after", plan.dead_after},
          {"tied", r.fit.dictionary.encoder.size() == 0}};
}

Json summary_of(const TopKReport& r) {
  const auto& d = r.fit.dictionary;
  const auto m = static_cast<double>(d.size());
  Json summary = {{"data", r.data},
                  {"rows", r.plan.survey.rows},
                  {"dimension", d.dimension()},
                  {"model", estimators::to_string(d.kind)},
                  {"atoms", d.size()},
                  {"sparsity", sparsity(r)},
                  {"explained_variance", json_number(r.judged().explained.value())},
                  {"explained_variance_training", json_number(r.trained.explained.value())},
                  {"held_out_rows", r.held_out.rows},
                  {"l0", r.judged().l0()},
                  {"empty_rows", r.judged().empty},
                  {"dead", r.fit.dead},
                  {"dead_fraction", static_cast<double>(r.fit.dead) / m},
                  {"unused", r.unused()},
                  {"duplicates", r.fit.duplicates < 0 ? Json(nullptr) : Json(r.fit.duplicates)},
                  {"compared", references_json(r)},
                  {"training", run_json(r)},
                  {"scale", std::sqrt(r.plan.survey.energy)},
                  {"fingerprint", d.fingerprint}};
  if (r.truth) {
    summary["truth"] = {{"recovered", r.truth->recovered}, {"mean_cosine", r.truth->mean_cosine}};
  }
  summary["choices"] = choices_json(r.plan.choices);
  summary["warnings"] = r.plan.warnings;
  for (const std::string& text : late_warnings(r)) summary["warnings"].push_back(text);
  return summary;
}

void print_line(const std::string& name, double value) {
  fmt::print("  {:<60} {:>10}\n", name, std::isfinite(value) ? fmt::format("{:.4f}", value) : "-");
}

void print_comparison(const TopKReport& r) {
  const auto& beside = r.references;
  const Index k = sparsity(r);
  fmt::print("\n  beside it, on {} of them, explained variance\n", beside.rows);
  print_line("codes of the encoder", beside.encoder);
  print_line("the same units, values by least squares", beside.least_squares);
  print_line(fmt::format("{} units of either sign by matching pursuit", k), beside.pursuit);
  print_line(fmt::format("{} principal components: the best linear code", k), beside.principal);
  const double over = beside.encoder - beside.principal;
  const double best = std::isfinite(beside.pursuit) ? std::max(beside.pursuit, beside.least_squares)
                                                    : beside.least_squares;
  fmt::print(
      "  {:.4f} {} than principal components, which need not say which they are; better "
      "codes of these atoms\n  would explain {:.4f} more\n",
      std::abs(over), over >= 0.0 ? "more" : "less", std::max(0.0, best - beside.encoder));
}

}  // namespace

Index TopKReport::unused() const {
  return std::ranges::count(trained.use, 0);
}

void print_plan(const TopKReport& r) {
  fmt::print("{}\n\nchosen\n", r.data);
  for (const auto& c : r.plan.choices) fmt::print("  {:<14} {}: {}\n", c.name, c.value, c.why);
  fmt::print("\nto compare with; nothing has been learned yet\n");
  print_line(fmt::format("explained variance of {} principal components", r.plan.components.rows()),
             r.plan.principal);
  for (const std::string& text : r.plan.warnings) fmt::print("note: {}\n", text);
  fmt::print("\n");
}

void print_result(const TopKReport& r) {
  const auto& d = r.fit.dictionary;
  fmt::print("learned {} units in {:.2f} s, {} steps of {} rows\n", d.size(), r.fit.seconds,
             r.fit.steps, r.plan.batch);
  fmt::print(
      "  {:<14} {} ({:.2f} %) silent for the last {} rows; {} fire on none of {} training "
      "rows\n",
      "dead", r.fit.dead, 100.0 * static_cast<double>(r.fit.dead) / static_cast<double>(d.size()),
      r.plan.dead_after, r.unused(), r.trained.rows);
  if (r.fit.duplicates >= 0) {
    fmt::print("  {:<14} {} units repeat another one (cos > 0.9)\n", "duplicates",
               r.fit.duplicates);
  }
  fmt::print("\n  on {} {} rows\n", r.judged().rows, r.held_out.rows > 0 ? "held-out" : "training");
  print_line("explained variance", r.judged().explained.value());
  print_line("units of a row", r.judged().l0());
  if (r.truth) {
    print_line("mean cos with the truth", r.truth->mean_cosine);
    print_line("true atoms found (cos > 0.95)", r.truth->recovered);
  }
  print_comparison(r);
  for (const std::string& text : late_warnings(r)) fmt::print("note: {}\n", text);
}

experiment::Record make_record(const TopKReport& r, const std::string& sheet) {
  experiment::Record record{.system = "dictionary_recovery",
                            .experiment = "topk",
                            .title = fmt::format("k-sparse autoencoder, {} units, {} a row",
                                                 r.fit.dictionary.size(), sparsity(r)),
                            .description = r.data,
                            .seed = static_cast<std::int64_t>(r.seed)};
  record.figures = curves(r);
  record.figures.push_back(use_of_units(r));
  if (!sheet.empty()) {
    record.pictures.push_back({"atoms", "Atoms, the most used first", sheet});
  }
  record.summary = summary_of(r);
  record.simulate_s = r.fit.seconds;
  record.predict_s = r.plan_s;
  return record;
}

}  // namespace twofold::app
