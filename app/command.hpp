// What the subcommands share: common options, progress on stderr, signals, exit codes.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "twofold/core/observer.hpp"
#include "twofold/experiment/system.hpp"

namespace twofold::app {

/// Exit codes of the command line; the numbers are a contract (docs/command_line.md).
enum ExitCode : int {
  kOk = 0,
  kUsage = 2,
  kBadData = 3,
  kDiverged = 4,
  kNotConverged = 5,
  kClaimFailed = 6,
  kPreempted = 75,
  kInterrupted = 130
};

/// Options every subcommand takes.
struct CommonOptions {
  int threads = 0;  ///< 0: what the machine offers this process
  std::optional<std::int64_t> seed;
  bool quiet = false;
  bool json = false;
  std::string progress;  ///< "", bar, plain, json, none

  [[nodiscard]] int thread_count() const;
};

/// What main runs once the command line is parsed; set by the chosen subcommand.
using Action = std::function<int()>;

void add_common_options(CLI::App& command, CommonOptions& options);

/// Checks of an option's number, with a complaint that can be read.
[[nodiscard]] CLI::Validator positive();
[[nodiscard]] CLI::Validator not_negative();

/// Progress and messages on stderr, in the style the options ask for; answers signals.
[[nodiscard]] std::unique_ptr<Observer> make_observer(const CommonOptions& options);

/// Catches SIGINT, SIGTERM and SIGUSR1 so that a run can checkpoint; a second SIGINT kills.
void catch_stop_signals();
[[nodiscard]] StopRequest stop_requested();

[[nodiscard]] inline double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

[[nodiscard]] ExitCode exit_code(experiment::RunStatus status);

/// Lays --set over a spec, and --seed over both.
void lay_over(experiment::SpecDocument& document, const std::vector<std::string>& assignments,
              const CommonOptions& options);

/// A spec file with [quick] (if asked for), --set and --seed laid over it, in this order. A
/// spec without a name is called after its file, or after its folder if that is spec.toml.
[[nodiscard]] experiment::SpecDocument load_spec(const std::string& path, bool quick,
                                                 const std::vector<std::string>& assignments,
                                                 const CommonOptions& options);

// One function a subcommand; each adds its options and stores what to do in `action`.
void add_run(CLI::App& app, CommonOptions& options, Action& action);
void add_predict(CLI::App& app, CommonOptions& options, Action& action);
void add_reproduce(CLI::App& app, CommonOptions& options, Action& action);
void add_report(CLI::App& app, CommonOptions& options, Action& action);
void add_list(CLI::App& app, CommonOptions& options, Action& action);
void add_codec(CLI::App& app, CommonOptions& options, Action& action);
void add_learn(CLI::App& app, CommonOptions& options, Action& action);
void add_transform(CLI::App& app, CommonOptions& options, Action& action);
void add_advise(CLI::App& app, CommonOptions& options, Action& action);

}  // namespace twofold::app
