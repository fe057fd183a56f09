// The system mean_field as the registry sees it.
#pragma once

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

[[nodiscard]] System mean_field_system();

}  // namespace twofold::experiment
