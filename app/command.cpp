#include "command.hpp"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>

#include "progress.hpp"
#include "twofold/core/error.hpp"

namespace twofold::app {
namespace {

// Signal handlers may touch nothing else.
volatile std::sig_atomic_t g_stop = 0;

void on_stop_signal(int signal) {
  g_stop = signal;
  if (signal == SIGINT) std::signal(SIGINT, SIG_DFL);  // a second Ctrl-C kills
}

CLI::Validator number_check(bool (*accepts)(double), const char* wanted, const char* name) {
  return {[accepts, wanted](std::string& text) {
            double value = 0.0;
            const bool fine = CLI::detail::lexical_cast(text, value) && accepts(value);
            return fine ? std::string() : fmt::format("must be {}, got '{}'", wanted, text);
          },
          name};
}

}  // namespace

CLI::Validator positive() {
  return number_check([](double x) { return x > 0.0; }, "a number > 0", "POSITIVE");
}

CLI::Validator not_negative() {
  return number_check([](double x) { return x >= 0.0; }, "a number >= 0", "NONNEGATIVE");
}

int CommonOptions::thread_count() const {
  return threads > 0 ? threads : available_threads();
}

void add_common_options(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--threads", options.threads, "threads to use (default: all this process may)")
      ->check(CLI::Range(1, 4096));
  command.add_option("--seed", options.seed, "seed of all random numbers")->check(not_negative());
  command.add_flag("--quiet", options.quiet, "no progress and no narration");
  command.add_flag("--json", options.json, "print the result as JSON on stdout");
  command
      .add_option("--progress", options.progress,
                  "bar (default on a terminal), plain (default elsewhere), json, none")
      ->check(CLI::IsMember({"bar", "plain", "json", "none"}));
}

std::unique_ptr<Observer> make_observer(const CommonOptions& options) {
  return std::make_unique<ProgressObserver>(options.quiet ? "none" : options.progress,
                                            !options.quiet);
}

void catch_stop_signals() {
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, on_stop_signal);
}

StopRequest stop_requested() {
  if (g_stop == 0) return StopRequest::None;
  return g_stop == SIGINT ? StopRequest::Interrupt : StopRequest::Terminate;
}

ExitCode exit_code(experiment::RunStatus status) {
  switch (status) {
    case experiment::RunStatus::Finished:
      return kOk;
    case experiment::RunStatus::Diverged:
      return kDiverged;
    case experiment::RunStatus::Interrupted:
      return kInterrupted;
    case experiment::RunStatus::Terminated:
      return kPreempted;
  }
  return kOk;
}

void lay_over(experiment::SpecDocument& document, const std::vector<std::string>& assignments,
              const CommonOptions& options) {
  for (const std::string& assignment : assignments) document.set(assignment);
  if (options.seed) document.set("seed=" + std::to_string(*options.seed));
}

experiment::SpecDocument load_spec(const std::string& path, bool quick,
                                   const std::vector<std::string>& assignments,
                                   const CommonOptions& options) {
  experiment::SpecDocument document = experiment::SpecDocument::load(path);
  experiment::lay_quick_over(document, quick);
  if (!document.contains("", "experiment")) {
    const std::filesystem::path file = std::filesystem::absolute(path);
    const std::filesystem::path name =
        file.filename() == "spec.toml" ? file.parent_path().filename() : file.stem();
    document.set("experiment=\"" + name.string() + "\"");
  }
  lay_over(document, assignments, options);
  return document;
}

}  // namespace twofold::app
