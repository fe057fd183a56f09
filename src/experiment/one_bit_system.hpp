// The system one_bit.
#pragma once

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

[[nodiscard]] System one_bit_system();

}  // namespace twofold::experiment
