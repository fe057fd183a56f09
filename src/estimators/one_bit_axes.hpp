// The first pass of a fit: mean, transform and variances.
#pragma once

#include "twofold/core/observer.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_codec.hpp"

namespace twofold::estimators {

/// Sets mean, variances, transform, image and training_rows; for principal directions all d of
/// `directions`. Throws as fit_one_bit_codec.
void fit_axes(const data::Source& source, TransformKind kind, ThreadPool& pool, Observer& observer,
              OneBitCodecParameters& parameters);

/// Replaces values by one common value where they differ by no more than their errors explain:
/// Σ (value_i − mean)²/error_i² over the entries with error_i > 0 is at most its expectation plus
/// five standard deviations. Returns whether it did.
bool tie(Vector& values, const Vector& squared_errors);

}  // namespace twofold::estimators
