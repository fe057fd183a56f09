// The system tangent_kernel.
#pragma once

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

[[nodiscard]] System tangent_kernel_system();

}  // namespace twofold::experiment
