// One experiment from spec to finished run folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "twofold/experiment/system.hpp"

namespace twofold::experiment {

/// Runs `spec` into `folder`: resolved spec and log at once, checkpoints on the way, series,
/// arrays and record.json at the end.
///
/// A resumed folder that already holds a record is left as it is. The returned record is
/// empty then, and after an interruption; read it from the folder.
/// @throws InvalidArgument, DataError, OutputError as the parts do.
[[nodiscard]] RunStatus run_experiment(const ExperimentSpec& spec,
                                       const std::filesystem::path& folder, Existing existing,
                                       RunContext context);

/// An experiment of the collection: experiments/<system>/<name>/spec.toml.
struct CollectedExperiment {
  std::string system;
  std::string name;
  std::filesystem::path spec;
};

/// The experiments below `root`, by system and name. @throws DataError if there are none.
[[nodiscard]] std::vector<CollectedExperiment> find_experiments(const std::filesystem::path& root);

/// If the cases of `spec` need an image set that is not on this machine: which, and how to
/// get it.
[[nodiscard]] std::optional<std::string> missing_data(const ExperimentSpec& spec);

/// Whether a finished run holds a claim that fails.
[[nodiscard]] bool any_claim_fails(const std::filesystem::path& folder);

}  // namespace twofold::experiment
