// The theory's side of a one_bit case.
#pragma once

#include "experiment/one_bit_case.hpp"

namespace twofold::experiment {

/// Fills `predicted` and `trust` of a result whose setting is made.
void predict_case(OneBitResult& result);

/// summary, trust and, where there is one, case, as JSON.
[[nodiscard]] Json prediction_json(const OneBitResult& result);

/// Numbers worth printing.
[[nodiscard]] Json summary_json(const OneBitResult& result);

/// The prediction as text for people.
[[nodiscard]] std::string one_bit_prediction_text(const Json& prediction);

}  // namespace twofold::experiment
