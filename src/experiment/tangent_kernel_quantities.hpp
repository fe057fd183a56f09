// What can be compared in a tangent_kernel experiment, by name, and its claims.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/judging.hpp"
#include "experiment/tangent_kernel_case.hpp"

namespace twofold::experiment {

/// The results as claims and sweeps see them; they must outlive the list.
[[nodiscard]] std::vector<JudgedCase> judged_cases(const std::vector<TangentResult>& results);

/// One line about a quantity. @throws InvalidArgument with the nearest name.
[[nodiscard]] std::string_view about_tangent_kernel(std::string_view quantity);

/// @throws InvalidArgument  if the quantity needs queries, a target, or factors that the spec does
///                          not have.
void check_quantity(std::string_view quantity, const TangentSpec& spec);

/// The same of a claim; a claim about the loss at a time must name a reported step.
void check_tangent_kernel_claim(const ClaimOptions& claim, const TangentSpec& spec);

/// Whether a claim or figure is about whether this case converges: a divergence is a result then.
[[nodiscard]] bool expects_divergence(const ExperimentSpec& spec, const TangentResult& result);

/// All claims of the spec; for a spec without claims, "trajectory_constant".
[[nodiscard]] std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                              const std::vector<TangentResult>& results);

/// Names of all quantities with one line for people.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>>
tangent_kernel_quantities();

}  // namespace twofold::experiment
