// What `twofold learn` prints and leaves behind.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "twofold/estimators/dictionary_learner.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {

/// Everything that `learn` found out.
struct LearnReport {
  std::string data;  ///< the training rows, in words
  std::string folder;
  std::uint64_t seed = 1;
  estimators::DictionaryPlan plan;
  estimators::DictionaryFit fit;
  estimators::DictionaryPass trained;   ///< over the training rows
  estimators::DictionaryPass held_out;  ///< rows == 0: none were held out
  std::optional<estimators::AtomMatch> truth;
  double plan_s = 0.0;

  [[nodiscard]] Index dead() const;  ///< atoms that no training row has
  /// The rows that speak: held out, else the training rows.
  [[nodiscard]] const estimators::DictionaryPass& judged() const {
    return held_out.rows > 0 ? held_out : trained;
  }
};

/// Before training: what was chosen and why, and what to expect.
void print_plan(const LearnReport& report);
/// After it: what came out, beside what was expected.
void print_result(const LearnReport& report);

/// Claims, figures and summary, for record.json and the report.
/// @param sheet  name of the picture of the atoms in the folder; empty if there is none.
[[nodiscard]] experiment::Record make_record(const LearnReport& report, const std::string& sheet);

}  // namespace twofold::app
