// Trains the networks of a mean_field case and measures them.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/mean_field_case.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// How the simulation of one repeat ended.
struct Simulated {
  RunStatus status = RunStatus::Finished;
  std::int64_t stopped_at = -1;  ///< step of a divergence
  std::string arithmetic;        ///< what computed the steps
  Path path;
};

/// One repeat, with seed setting.seed + repeat. A finished one found in the folder is read
/// back; one that was stopped goes on from its checkpoint. Leaves the trained weights in
/// arrays/ if the spec asks for them.
/// @param name  of the case, for files.
[[nodiscard]] Simulated simulate(const MeanFieldSetting& setting, std::int64_t repeat,
                                 const std::string& name, const RunFolder& folder,
                                 RunContext context);

}  // namespace twofold::experiment
