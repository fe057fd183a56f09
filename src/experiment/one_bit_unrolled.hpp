// Trains the decoder's layers as a network and measures it.
#pragma once

#include "experiment/one_bit_simulation.hpp"

namespace twofold::experiment {

/// For each number of layers of the spec: trains and adds "unrolled L", the error on `coded`.
/// Nothing if [unrolled] steps is 0.
[[nodiscard]] RunStatus train_unrolled(const OneBitSetting& setting, const data::Dataset& dataset,
                                       const CodedRows& coded, std::uint64_t seed,
                                       RunContext context, OneBitMeasured& measured);

}  // namespace twofold::experiment
