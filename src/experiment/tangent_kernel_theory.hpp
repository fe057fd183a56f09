// The theory's side of a tangent_kernel case.
#pragma once

#include "experiment/tangent_kernel_case.hpp"
#include "experiment/tangent_kernel_dynamics.hpp"

namespace twofold::experiment {

/// What step = "auto" takes, over 1/λ_max; stable below 2.
inline constexpr double kSafety = 1.8;

/// What theory says before training.
[[nodiscard]] TangentTheory tangent_theory(const TangentSetting& setting, ThreadPool& pool);

/// Fills `predicted` and `trust` of a result whose setting is made.
void predict_case(TangentResult& result, ThreadPool& pool);

/// What the trust report says of a case.
[[nodiscard]] std::vector<TrustEntry> tangent_trust(const TangentSetting& setting,
                                                    const TangentTheory& theory);

/// The step of the spec; empty where the finite network's kernel decides.
/// @param reference  λ_max of infinite width.
[[nodiscard]] std::optional<double> given_step(const TangentSpec& spec, double reference);

/// summary, series, trust and, where there is one, case, as JSON.
[[nodiscard]] Json prediction_json(const TangentResult& result);

/// Numbers worth printing.
[[nodiscard]] Json summary_json(const TangentResult& result);

/// What was measured, beside what was predicted of the same starts.
[[nodiscard]] Json measured_json(const TangentResult& result);

/// The prediction as text for people.
[[nodiscard]] std::string tangent_kernel_prediction_text(const Json& prediction);

}  // namespace twofold::experiment
