// The theory's side of a dictionary_recovery case.
#pragma once

#include "experiment/dictionary_recovery_case.hpp"

namespace twofold::experiment {

/// Fills `predicted` and `trust` of a result whose setting is made; without a known dictionary
/// there is no prediction.
void predict_case(RecoveryResult& result);

/// The assumption called `name`; null if theory reports none.
[[nodiscard]] const theory::Assumption* find_assumption(const RecoveryResult& result,
                                                        std::string_view name);

/// The gate's threshold as theory sees it: of the gate, −bias, or half the least code.
[[nodiscard]] double gate_threshold(const RecoverySetting& setting);

/// summary, series, trust and, where there is one, case, as JSON.
[[nodiscard]] Json prediction_json(const RecoveryResult& result);

/// Numbers worth printing.
[[nodiscard]] Json summary_json(const RecoveryResult& result);

/// The prediction as text for people.
[[nodiscard]] std::string dictionary_recovery_prediction_text(const Json& prediction);

}  // namespace twofold::experiment
