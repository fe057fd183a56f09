// The four systems as the command line sees them: predict, and run.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"
#include "twofold/experiment/run_folder.hpp"

namespace twofold::experiment {

/// What a run may use.
struct RunContext {
  ThreadPool& pool;
  Observer& observer = no_observer();
};

/// How a run ended.
enum class RunStatus {
  Finished,     ///< record complete
  Diverged,     ///< a simulation left the finite numbers; the record says at which step
  Interrupted,  ///< asked to stop (Ctrl-C); checkpointed, no record
  Terminated    ///< asked to stop by the machine; checkpointed, no record
};

struct Outcome {
  RunStatus status = RunStatus::Finished;
  Record record;
};

/// One system of the literature.
struct System {
  std::string_view name;
  std::string_view summary;

  /// What is simulated, in words, for every quantity a claim may name.
  std::span<const std::pair<std::string_view, std::string_view>> (*quantities)();

  /// The [data], [model], [train], ... sections with every default filled in.
  std::string (*resolve)(SpecDocument document);

  /// Looks at every case, claim and figure before anything is computed or written.
  /// @throws InvalidArgument  on what the spec alone shows to be wrong.
  void (*check)(const ExperimentSpec& spec);

  /// Theory alone: JSON with `series` and `summary`; an array of cases for a sweep.
  Json (*predict)(const ExperimentSpec& spec, RunContext context);

  /// One prediction (of one case) as text for people.
  std::string (*describe)(const Json& prediction);

  /// Simulates, predicts and judges every case; checkpoints go into `folder`.
  Outcome (*run)(const ExperimentSpec& spec, const RunFolder& folder, RunContext context);
};

/// All systems this build knows.
[[nodiscard]] std::span<const System> systems();

/// @throws InvalidArgument  listing the names, with the nearest one.
[[nodiscard]] const System& find_system(std::string_view name);

/// The whole spec with defaults filled in and sweeps written out as cases; itself a spec.
[[nodiscard]] std::string resolved_spec(const ExperimentSpec& spec);

}  // namespace twofold::experiment
