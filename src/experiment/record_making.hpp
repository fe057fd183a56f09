// What every system puts into a record in the same way.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// Names, title and seed of a run; the rest is empty.
[[nodiscard]] inline Record new_record(const RunOptions& run) {
  Record record;
  record.system = run.system;
  record.experiment = run.experiment.empty() ? "run" : run.experiment;
  record.title = run.title.empty() ? record.experiment : run.title;
  record.description = run.description;
  record.seed = run.seed;
  return record;
}

/// The inverse of json_number: NaN for null.
[[nodiscard]] inline double number_in(const Json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

/// A value in a table of text; "-" where it is undefined.
[[nodiscard]] inline std::string cell(const Json& value) {
  if (value.is_number_integer()) return fmt::format("{}", value.get<std::int64_t>());
  if (value.is_number()) return fmt::format("{:.5g}", value.get<double>());
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  return value.is_string() ? value.get<std::string>() : "-";
}

inline void add_distinct(const std::string& text, std::vector<std::string>& list) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

/// Adds a case: its times, its arithmetic, its trust report under its label, and its summary.
template <typename Result>
void add_case(const Result& result, Json summary, Record& record) {
  record.simulate_s += result.simulate_s;
  record.predict_s += result.predict_s;
  for (const std::string& one : result.arithmetic) add_distinct(one, record.arithmetic);
  for (TrustEntry e : result.trust) {
    if (!result.label.empty()) e.name += " (" + result.label + ")";
    record.trust.push_back(std::move(e));
  }
  if (result.diverged_at >= 0) summary["diverged_at_step"] = result.diverged_at;
  record.summary[result.label.empty() ? "run" : result.label] = std::move(summary);
}

}  // namespace twofold::experiment
