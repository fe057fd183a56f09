// The claims of a mean_field spec, judged.
#pragma once

#include <vector>

#include "experiment/judging.hpp"
#include "experiment/mean_field_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// The results as claims and sweeps see them; they must outlive the list.
[[nodiscard]] std::vector<JudgedCase> judged_cases(const std::vector<MeanFieldResult>& results);

/// @throws InvalidArgument  if the claim names an unknown quantity.
void check_claim(const ClaimOptions& claim);

/// All claims of the spec; for a spec without claims, the loss and the number of learned
/// directions. A claim whose assumptions do not hold in a case is `not applicable` and says
/// why. "minimum:QUANTITY" and "exponent:QUANTITY" judge a sweep as a whole.
[[nodiscard]] std::vector<Claim> judge_claims(const ExperimentSpec& spec,
                                              const std::vector<MeanFieldResult>& results);

}  // namespace twofold::experiment
