// Errors of decoders averaged over training rows, whose coordinates have laws of their own.
#pragma once

#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {

struct SampledErrors {
  double gaussian, fitted;
};

/// Σ_i (variance_i/energy_i) E (ρ' f(w_i + √noise g) − ρ w_i)² over Σ variance_i, f the posterior
/// mean of a Gaussian and of the codec's prior, ρ' = ρ or, where it is not stored, E ρ; E over the
/// sample with one g for each number; unused coordinates lose all.
///
/// With ρ' = ρ the Gaussian value is known exactly; all sampled values are scaled by exact over
/// sampled, so that the chance in the sample cancels.
/// @param sample  at least one row.
[[nodiscard]] SampledErrors sampled_errors(const OneBitCodecParameters& parameters,
                                           const DirectionSample& sample, double noise);

}  // namespace twofold::estimators
