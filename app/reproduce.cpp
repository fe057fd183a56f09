// twofold reproduce: the collection of experiments, a verdict per claim, one report.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "command.hpp"
#include "experiments_folder.hpp"
#include "output.hpp"
#include "twofold/core/error.hpp"
#include "twofold/experiment/run.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
using experiment::CollectedExperiment;
using experiment::RunStatus;

struct ReproduceCommand {
  std::string system = "all";
  std::string only;
  std::string experiments;
  std::string out = "twofold-report";
  bool quick = false, full = false;
  bool resume = false, force = false;
};

std::vector<CollectedExperiment> chosen_experiments(const ReproduceCommand& command) {
  if (command.system != "all") (void)experiment::find_system(command.system);
  auto all = experiment::find_experiments(experiments_folder(command.experiments));
  std::erase_if(all, [&](const CollectedExperiment& e) {
    return (command.system != "all" && e.system != command.system) ||
           (!command.only.empty() && e.name != command.only);
  });
  require(!all.empty(), "app::reproduce",
          fmt::format("no experiment '{}' of system '{}'; see twofold list experiments",
                      command.only, command.system));
  return all;
}

struct Progressed {
  std::vector<fs::path> folders;  // finished ones, in order
  bool diverged = false;
  std::optional<RunStatus> stopped;
};

Progressed run_all(const std::vector<CollectedExperiment>& list, const ReproduceCommand& command,
                   const CommonOptions& options, experiment::RunContext context) {
  Progressed result;
  for (const CollectedExperiment& e : list) {
    const experiment::ExperimentSpec spec =
        experiment::read_experiment(load_spec(e.spec.string(), command.quick, {}, options));
    if (const auto missing = experiment::missing_data(spec)) {
      context.observer.message(Severity::Warning,
                               fmt::format("{}/{} skipped: {}", e.system, e.name, *missing));
      continue;
    }
    context.observer.message(Severity::Info,
                             fmt::format("{}/{}: {}", e.system, e.name, spec.run.title));
    const fs::path folder = fs::path(command.out) / e.system / e.name;
    const RunStatus status = experiment::run_experiment(
        spec, folder, existing_policy(command.resume, command.force), context);
    if (status == RunStatus::Interrupted || status == RunStatus::Terminated) {
      result.stopped = status;
      return result;
    }
    result.diverged = result.diverged || status == RunStatus::Diverged;
    result.folders.push_back(folder);
  }
  return result;
}

int reproduce(const ReproduceCommand& command, const CommonOptions& options) {
  catch_stop_signals();
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  const auto list = chosen_experiments(command);
  const Progressed result = run_all(list, command, options, {pool, *observer});
  if (result.stopped) {
    observer->message(Severity::Warning,
                      fmt::format("stopped and checkpointed; go on with the same command and "
                                  "--resume (results are in {})",
                                  command.out));
    return exit_code(*result.stopped);
  }
  if (result.folders.empty()) {
    throw DataError("app::reproduce", "every experiment was skipped: see the warnings above");
  }
  finish_with_report(result.folders, fs::path(command.out) / "report.html", options, *observer,
                     true);
  if (result.diverged) return kDiverged;
  return std::ranges::any_of(result.folders, experiment::any_claim_fails) ? kClaimFailed : kOk;
}

}  // namespace

void add_reproduce(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<ReproduceCommand>();
  CLI::App* sub = app.add_subcommand("reproduce", "the collected experiments, a verdict per claim");
  sub->description(
      "Examples:\n  twofold reproduce mean_field --quick\n  twofold reproduce all --full --out "
      "results\n\nRuns the experiments of one system or of all, and writes one report. Exit code 6 "
      "if a claim fails.");
  sub->add_option("system", command->system, "a system, or all")->capture_default_str();
  CLI::Option* quick = sub->add_flag("--quick", command->quick, "smaller settings, a few minutes");
  sub->add_flag("--full", command->full, "the settings of the specs (default)")->excludes(quick);
  sub->add_option("--only", command->only, "one experiment by its name");
  sub->add_option("--experiments", command->experiments, "folder of experiments");
  sub->add_option("--out", command->out, "folder for runs and report.html")->capture_default_str();
  CLI::Option* resume =
      sub->add_flag("--resume", command->resume, "go on with what the folder holds");
  sub->add_flag("--force", command->force, "remove earlier runs in the folder and start over")
      ->excludes(resume);
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = [command, &options] { return reproduce(*command, options); };
  });
}

}  // namespace twofold::app
