// The error of the fitted decoder on coordinates that each have a law of their own.
#pragma once

#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {

/// Σ_i (variance_i/energy_i) E ρ² (f(w_i + √noise g) − w_i)² over Σ variance_i, f the posterior
/// mean of the codec's prior, E over the sample, one g for each number; unused coordinates lose
/// all. Scaled by exact over sampled error of the Gaussian posterior mean at the same numbers.
[[nodiscard]] double sampled_error(const OneBitCodecParameters& parameters,
                                   const DirectionSample& sample, double noise);

}  // namespace twofold::estimators
