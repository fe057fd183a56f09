// What `twofold learn --model topk` prints and leaves behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/estimators/topk_learner.hpp"
#include "twofold/estimators/topk_references.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {

/// Everything that it found out.
struct TopKReport {
  std::string data;  ///< the training rows, in words
  std::uint64_t seed = 1;
  estimators::TopKPlan plan;
  estimators::TopKFit fit;
  estimators::DictionaryPass trained;   ///< over training rows
  estimators::DictionaryPass held_out;  ///< rows == 0: none were held out
  estimators::TopKReferences references;
  std::optional<estimators::AtomMatch> truth;
  double plan_s = 0.0;

  [[nodiscard]] Index unused() const;  ///< units that fire on none of the training rows
  /// The rows that speak: held out, else the training rows.
  [[nodiscard]] const estimators::DictionaryPass& judged() const {
    return held_out.rows > 0 ? held_out : trained;
  }
};

void print_plan(const TopKReport& report);
void print_result(const TopKReport& report);

/// Curves, use of the units and summary, for record.json and the report.
/// @param sheet  name of the picture of the atoms in the folder; empty if there is none.
[[nodiscard]] experiment::Record make_record(const TopKReport& report, const std::string& sheet);

}  // namespace twofold::app
