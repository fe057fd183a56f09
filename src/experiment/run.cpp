#include "twofold/experiment/run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/train_precision.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/version.hpp"
#include "twofold/data/locate.hpp"
#include "twofold/linalg/split_product.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

std::string_view status_word(RunStatus status) {
  switch (status) {
    case RunStatus::Finished:
      return "ok";
    case RunStatus::Diverged:
      return "diverged";
    case RunStatus::Interrupted:
    case RunStatus::Terminated:
      return "interrupted";
  }
  return "";
}

void log_end(const RunFolder& folder, const Outcome& outcome) {
  const Json line = {{"event", status_word(outcome.status)},
                     {"simulate_s", outcome.record.simulate_s},
                     {"predict_s", outcome.record.predict_s},
                     {"claims", outcome.record.claims.size()}};
  folder.log(line.dump());
}

void warn_of_slow_products(const ExperimentSpec& spec, Observer& observer) {
  const std::string_view instructions = split_product_instructions();
  if (instructions == "amx_bf16") return;
  for (const Case& c : spec.cases) {
    if (train_precision(c.document) != "split_bf16") continue;
    return observer.message(
        Severity::Warning,
        fmt::format("split_bf16 is slower than float here ({}): it pays on processors with AMX",
                    instructions));
  }
}

RunStatus run_into(const RunFolder& folder, const System& system, const ExperimentSpec& spec,
                   RunContext context) {
  Outcome outcome = system.run(spec, folder, context);
  outcome.record.status = status_word(outcome.status);
  for (const std::string& one : outcome.record.arithmetic) {
    context.observer.message(Severity::Info, "computed in " + one);
  }
  log_end(folder, outcome);
  if (outcome.status == RunStatus::Finished || outcome.status == RunStatus::Diverged) {
    write_record(folder.path(), outcome.record, context.pool.size());
    folder.finish();
  }
  return outcome.status;
}

}  // namespace

RunStatus run_experiment(const ExperimentSpec& spec, const fs::path& path, Existing existing,
                         RunContext context) {
  const System& system = find_system(spec.run.system);
  system.check(spec);
  const RunFolder folder(path, resolved_spec(spec), existing, context.observer);
  if (folder.complete()) {
    context.observer.message(Severity::Info, fmt::format("{} is complete already", path.string()));
    return read_record(path)["status"] == "diverged" ? RunStatus::Diverged : RunStatus::Finished;
  }
  warn_of_slow_products(spec, context.observer);
  folder.log(
      Json{{"event", "start"}, {"version", kVersion}, {"threads", context.pool.size()}}.dump());
  try {
    return run_into(folder, system, spec, context);
  } catch (...) {  // out of memory too
    folder.withdraw();
    throw;
  }
}

std::vector<CollectedExperiment> find_experiments(const fs::path& root) {
  std::vector<CollectedExperiment> found;
  std::error_code code;
  for (const auto& system : fs::directory_iterator(root, code)) {
    if (!system.is_directory()) continue;
    for (const auto& entry : fs::directory_iterator(system.path())) {
      const fs::path spec = entry.path() / "spec.toml";
      if (!fs::is_regular_file(spec)) continue;
      found.push_back({system.path().filename().string(), entry.path().filename().string(), spec});
    }
  }
  if (found.empty()) {
    throw DataError("experiment::find_experiments",
                    fmt::format("no <system>/<name>/spec.toml below {}", root.string()));
  }
  std::ranges::sort(found, {},
                    [](const CollectedExperiment& e) { return std::pair(e.system, e.name); });
  return found;
}

std::optional<std::string> missing_data(const ExperimentSpec& spec) {
  for (const Case& c : spec.cases) {
    for (const auto& [key, value] : c.document.leaves()) {
      if (key != "data.source") continue;
      for (const data::DataSet& set : data::known_datasets()) {
        // Values are in TOML syntax: quoted strings.
        if (value.find("\"" + set.name + "\"") == std::string::npos &&
            value.find("'" + set.name + "'") == std::string::npos) {
          continue;
        }
        if (!set.found)
          return fmt::format("{} is not on this machine: {}", set.name, set.how_to_get);
      }
    }
  }
  return std::nullopt;
}

bool any_claim_fails(const fs::path& folder) {
  const Json record = read_record(folder);
  return std::ranges::any_of(record["claims"],
                             [](const Json& claim) { return claim["verdict"] == "fails"; });
}

}  // namespace twofold::experiment
