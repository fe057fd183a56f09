// What the learner of k-sparse autoencoders decides before training.
#pragma once

#include "dictionary_rows.hpp"
#include "twofold/estimators/topk_learner.hpp"

namespace twofold::estimators {

/// Throws InvalidArgument unless the options are in their domain.
void check_options(const TopKOptions& options);

/// Everything but the principal components. `rows` have E‖x‖² = 1.
[[nodiscard]] TopKPlan make_plan(const TopKOptions& options, DictionarySurvey survey,
                                 const data::Source& rows);

}  // namespace twofold::estimators
