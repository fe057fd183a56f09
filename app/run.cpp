// twofold run: simulate, predict, compare, report.

#include <fmt/format.h>

#include <array>
#include <filesystem>

#include "command.hpp"
#include "output.hpp"
#include "twofold/experiment/run.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;

struct RunCommand {
  std::string spec;
  std::vector<std::string> assignments;
  std::string precision;  // "": that of the spec
  std::string out;
  bool resume = false;
  bool force = false;
  bool quick = false;
};

// As a shell reads it back.
std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// With all that was laid over the spec: another one would be refused.
std::string resuming(const RunCommand& command, const CommonOptions& options,
                     const fs::path& folder) {
  std::string text = fmt::format("twofold run {}", command.spec);
  if (command.quick) text += " --quick";
  for (const std::string& one : command.assignments) text += " --set " + quoted(one);
  if (!command.precision.empty()) text += " --precision " + command.precision;
  if (options.seed) text += fmt::format(" --seed {}", *options.seed);
  return text + fmt::format(" --out {} --resume", folder.string());
}

int run(const RunCommand& command, const CommonOptions& options) {
  catch_stop_signals();
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  experiment::SpecDocument document =
      load_spec(command.spec, command.quick, command.assignments, options);
  if (!command.precision.empty()) document.set("train.precision=" + command.precision);
  const experiment::ExperimentSpec spec = experiment::read_experiment(std::move(document));
  const fs::path folder = command.out.empty() ? spec.run.experiment + "-run" : command.out;
  const experiment::RunStatus status = experiment::run_experiment(
      spec, folder, existing_policy(command.resume, command.force), {pool, *observer});
  if (status == experiment::RunStatus::Interrupted || status == experiment::RunStatus::Terminated) {
    observer->message(Severity::Warning, "stopped and checkpointed; go on with: " +
                                             resuming(command, options, folder));
    return exit_code(status);
  }
  const std::array folders{folder};
  finish_with_report(folders, folder / "report.html", options, *observer);
  if (status == experiment::RunStatus::Diverged) return kDiverged;
  return experiment::any_claim_fails(folder) ? kClaimFailed : kOk;
}

}  // namespace

void add_run(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<RunCommand>();
  CLI::App* sub = app.add_subcommand("run", "simulate, predict, compare, report");
  sub->description(
      "Example:\n  twofold run experiments/mean_field/phases/spec.toml --set repeats=2 --out "
      "phases\n\nSimulates what the spec says, predicts the same without training, judges every "
      "claim,\nand leaves a run folder with record.json, tables and report.html.");
  sub->add_option("spec", command->spec, "spec file (TOML)")->required();
  sub->add_option("--set", command->assignments, "override a key: --set train.penalty=0.1")
      ->take_all()
      ->expected(1);
  sub->add_option("--precision", command->precision,
                  "of training, over train.precision: float; split_bf16, products in three of "
                  "bfloat16, fast with AMX; double")
      ->check(CLI::IsMember({"float", "split_bf16", "double"}));
  sub->add_option("--out", command->out, "run folder (default: <experiment>-run)");
  CLI::Option* resume =
      sub->add_flag("--resume", command->resume, "go on with what the folder holds");
  sub->add_flag("--force", command->force, "remove the run in the folder and start over")
      ->excludes(resume);
  sub->add_flag("--quick", command->quick, "lay the spec's [quick] table over it");
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = [command, &options] { return run(*command, options); };
  });
}

}  // namespace twofold::app
