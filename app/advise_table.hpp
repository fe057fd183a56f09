// What `twofold advise` prints: tables for people, documents for programs.
#pragma once

#include <string>
#include <vector>

#include "twofold/estimators/tangent_advice.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {

/// What was looked at.
struct AdvisedRows {
  std::string path;         ///< as given
  bool named_set = false;   ///< path is the name of a known image set
  std::string description;  ///< in words
  std::vector<std::string> transforms;
  std::uint64_t used = 0, available = 0;
};

/// The chapter of the system tangent_kernel: text ending in a newline, and the same as a document.
[[nodiscard]] std::string tangent_text(const estimators::TangentAdvice& advice,
                                       const estimators::TangentAdviceOptions& options,
                                       const AdvisedRows& rows);
[[nodiscard]] experiment::Json tangent_document(const estimators::TangentAdvice& advice,
                                                const estimators::TangentAdviceOptions& options);

/// What to know or to do, one sentence or two each; in both of the above.
[[nodiscard]] std::vector<std::string> tangent_notes(const estimators::TangentAdvice& advice);

}  // namespace twofold::app
