// The theory's side of a mean_field case.
#pragma once

#include <vector>

#include "experiment/mean_field_case.hpp"

namespace twofold::experiment {

/// Curves, summary and trust of `result.setting` at the times given; fills everything of
/// `result` that needs no training.
void predict_case(const std::vector<double>& times, MeanFieldResult& result, ThreadPool& pool);

/// Series, summary and trust as JSON.
[[nodiscard]] Json prediction_json(const MeanFieldResult& result);

/// Numbers worth printing beside the curves.
[[nodiscard]] Json summary_json(const MeanFieldResult& result);

}  // namespace twofold::experiment
