// The system dictionary_recovery.
#pragma once

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

[[nodiscard]] System dictionary_recovery_system();

}  // namespace twofold::experiment
