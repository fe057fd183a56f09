// What the learner knows and decides before training.
#pragma once

#include "dictionary_mixture.hpp"
#include "dictionary_sparsity.hpp"

namespace twofold::estimators {

/// Throws InvalidArgument unless the options are in their domain.
void check_options(const DictionaryOptions& options);
/// The same for what depends on the rows: enough of them, and no more directions than dimensions.
void check_rows(const DictionaryOptions& options, const DictionarySurvey& survey,
                const data::Source& rows);

/// Whether the mean is subtracted.
[[nodiscard]] bool centres(const DictionaryOptions& options) noexcept;

/// Sparsity, noise, amplitude, what is expected, and why; `rows` have E‖x‖² = 1.
/// @param mixture  where the model is one.
[[nodiscard]] DictionaryPlan make_plan(const DictionaryOptions& options, DictionarySurvey survey,
                                       const NormalisedRows& rows, const MixtureStart* mixture,
                                       ThreadPool& pool, DeadlineObserver& observer);

}  // namespace twofold::estimators
