#include "twofold/experiment/experiment_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::read_experiment";

template <typename Options>
std::vector<Options> read_tables(SpecDocument& document, std::string_view name) {
  std::vector<Options> list;
  for (SpecDocument& table : document.take_tables(name)) {
    list.emplace_back();
    table.read("", list.back());
    table.refuse_unknown_keys();
  }
  return list;
}

std::vector<CaseOptions> case_list(SpecDocument& document, const SweepOptions& sweep) {
  std::vector<CaseOptions> cases = read_tables<CaseOptions>(document, "case");
  require(cases.empty() || sweep.key.empty(), kWhere, "use either [sweep] or [[case]], not both");
  require(sweep.key.empty() || !sweep.values.empty(), kWhere, "[sweep] has no values");
  for (const double value : sweep.values) {
    const std::string text = fmt::format("{}", value);
    cases.push_back({text, value, {fmt::format("{}={}", sweep.key, text)}});
  }
  if (cases.empty()) cases.emplace_back();
  return cases;
}

void check_labels(const std::vector<std::string>& labels, const std::vector<Case>& cases) {
  for (const std::string& label : labels) {
    const bool known = std::ranges::any_of(cases, [&](const Case& c) { return c.label == label; });
    require(known, kWhere, fmt::format("there is no case labelled '{}'", label));
  }
}

}  // namespace

void lay_quick_over(SpecDocument& document, bool quick) {
  const auto table = document.take_table("quick");
  if (!table || !quick) return;
  for (const auto& [key, value] : table->leaves()) document.set(fmt::format("{}={}", key, value));
}

void require_prediction(const ExperimentSpec& spec) {
  for (const Case& c : spec.cases) {
    PredictOptions predict;
    c.document.clone().read("predict", predict);
    require(!predict.skip, "experiment::require_prediction",
            "this spec asks for training alone: give --set predict.skip=false for a prediction");
  }
}

ExperimentSpec read_experiment(SpecDocument document) {
  lay_quick_over(document, false);
  ExperimentSpec spec;
  document.read("", spec.run);
  SweepOptions sweep;
  document.read("sweep", sweep);
  (void)document.take_table("sweep");
  spec.axis = sweep.label.empty() ? sweep.key : sweep.label;
  spec.claims = read_tables<ClaimOptions>(document, "claim");
  spec.figures = read_tables<FigureOptions>(document, "figure");
  spec.case_options = case_list(document, sweep);
  for (const CaseOptions& options : spec.case_options) {
    Case c{options.label, options.value, document.clone()};
    for (const std::string& assignment : options.set) c.document.set(assignment);
    spec.cases.push_back(std::move(c));
  }
  for (const ClaimOptions& claim : spec.claims) {
    require(!claim.reason.empty(), kWhere,
            fmt::format("claim '{}' states no reason for its tolerance", claim.quantity));
    check_labels(claim.cases, spec.cases);
  }
  for (const FigureOptions& figure : spec.figures) check_labels(figure.cases, spec.cases);
  spec.base = std::move(document);
  return spec;
}

}  // namespace twofold::experiment
