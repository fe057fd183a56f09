// Trains and measures one repeat of a dictionary_recovery case.
#pragma once

#include <string>

#include "experiment/dictionary_recovery_case.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// How the simulation of one repeat ended.
struct RecoverySimulated {
  RunStatus status = RunStatus::Finished;
  std::int64_t stopped_at = -1;  ///< iteration of a divergence
  RecoveryMeasured measured;
};

/// One repeat, with seed setting.seed + repeat for dictionary, samples and start. A finished one
/// found in the folder is read back; training that was stopped goes on from its checkpoint. The
/// atoms are left in arrays/.
/// @param name  of the case, for files.
/// @throws DataError  if what is found in the folder is damaged.
[[nodiscard]] RecoverySimulated simulate(const RecoverySetting& setting, std::int64_t repeat,
                                         const std::string& name, const RunFolder& folder,
                                         RunContext context);

}  // namespace twofold::experiment
