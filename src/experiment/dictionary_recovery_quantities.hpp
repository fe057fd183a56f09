// What can be compared in a dictionary_recovery experiment, by name, and its claims.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/dictionary_recovery_case.hpp"
#include "experiment/judging.hpp"

namespace twofold::experiment {

/// The results as claims and sweeps see them; they must outlive the list.
[[nodiscard]] std::vector<JudgedCase> judged_cases(const std::vector<RecoveryResult>& results);

/// One line about a quantity. @throws InvalidArgument with the nearest name.
[[nodiscard]] std::string_view about_dictionary_recovery(std::string_view quantity);

/// @throws InvalidArgument  if the quantity needs a known dictionary, a near start, or baselines
///                          that the spec does not have.
void check_quantity(std::string_view quantity, const RecoverySpec& spec);

/// All claims of the spec; for a spec without claims, "recovered" and, near the truth, "error".
[[nodiscard]] std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                              const std::vector<RecoveryResult>& results);

/// Names of all quantities with one line for people.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>>
dictionary_recovery_quantities();

}  // namespace twofold::experiment
