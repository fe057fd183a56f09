// The theory's side of a mean_field case.
#pragma once

#include <string>
#include <vector>

#include "experiment/mean_field_case.hpp"

namespace twofold::experiment {

/// Curves, summary and trust of `result.setting` at the times given; fills everything of
/// `result` that needs no training.
void predict_case(const std::vector<double>& times, MeanFieldResult& result, ThreadPool& pool);

/// Fills `result.curve`: the prediction on times dense enough to draw, on linear and on
/// logarithmic axes. A changing step size is drawn at the records only.
void predict_dense_curve(MeanFieldResult& result);

/// Series, summary and trust as JSON.
[[nodiscard]] Json prediction_json(const MeanFieldResult& result);

/// A prediction, as `prediction_json` gives it, as text for people.
[[nodiscard]] std::string mean_field_prediction_text(const Json& prediction);

/// Numbers worth printing beside the curves.
[[nodiscard]] Json summary_json(const MeanFieldResult& result);

}  // namespace twofold::experiment
