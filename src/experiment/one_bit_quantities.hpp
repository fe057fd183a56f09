// What can be compared in a one_bit experiment, by name, and its claims.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/judging.hpp"
#include "experiment/one_bit_case.hpp"

namespace twofold::experiment {

/// The results as claims and sweeps see them; they must outlive the list.
[[nodiscard]] std::vector<JudgedCase> judged_cases(const std::vector<OneBitResult>& results);

/// One line about a quantity. @throws InvalidArgument with the nearest name.
[[nodiscard]] std::string_view about_one_bit(std::string_view quantity);

/// All claims of the spec; for a spec without claims, "linear" and "layer", or "trained".
[[nodiscard]] std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                              const std::vector<OneBitResult>& results);

/// Names of all quantities with one line for people.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>> one_bit_quantities();

}  // namespace twofold::experiment
