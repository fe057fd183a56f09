// twofold learn --model topk: a k-sparse autoencoder, resumable.

#include <fmt/format.h>

#include <chrono>

#include "learn_command.hpp"
#include "learn_output.hpp"
#include "learn_topk_report.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/train/checkpoint.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
using estimators::TopKLearner;

constexpr auto kWhere = "app::learn";
constexpr std::uint64_t kMeasured = std::uint64_t{1} << 16;  // rows, of each part

/// DIR/checkpoint while the run lasts. What has no checkpoint when the command ends is removed.
class UnfinishedRun {
 public:
  explicit UnfinishedRun(const LearnCommand& command)
      : place_(command.output), folder_(place_ / "checkpoint") {
    std::error_code ignored;
    if (!command.resume && fs::exists(folder_, ignored)) {
      require(
          command.force, kWhere,
          fmt::format("{} holds a run that was stopped; go on with --resume, or start over with "
                      "--force",
                      command.output));
    } else if (!command.resume || !fs::exists(folder_, ignored)) {
      if (!command.resume || !estimators::is_dictionary_folder(place_)) check_output(command);
    }
  }
  ~UnfinishedRun() {
    if (!begun_ || saved()) return;
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
    if (!existed_) fs::remove(place_, ignored);
  }
  UnfinishedRun(const UnfinishedRun&) = delete;
  UnfinishedRun& operator=(const UnfinishedRun&) = delete;

  void begin(const LearnCommand& command, Observer& observer) {
    if (command.resume && !saved()) {
      observer.message(
          Severity::Info,
          fmt::format("{} holds nothing to resume: starting from the beginning", command.output));
    }
    std::error_code ignored;
    existed_ = fs::exists(place_, ignored);
    if (!command.resume) fs::remove_all(folder_, ignored);
    create_folder(folder_);
    begun_ = true;
  }
  /// The result stands in the folder's place.
  void end() { begun_ = false; }
  void discard() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  [[nodiscard]] bool saved() const { return train::has_checkpoint(folder_); }
  [[nodiscard]] const fs::path& folder() const { return folder_; }

 private:
  fs::path place_, folder_;
  bool begun_ = false, existed_ = false;
};

// Whether the folder holds the result of this very run already.
bool finished(const LearnCommand& command, const UnfinishedRun& run, const TopKLearner& learner) {
  if (!command.resume || run.saved() || !estimators::is_dictionary_folder(command.output)) {
    return false;
  }
  const auto there = estimators::load_dictionary(command.output);
  const auto name = there.notes.find("training_run");
  require(name != there.notes.end() && name->second == learner.plan().fingerprint, kWhere,
          fmt::format("{} holds the result of another run; choose another folder, or replace it "
                      "with --force",
                      command.output));
  return true;
}

void measure(const LearnRows& rows, const Matrix& truth, ThreadPool& pool, Observer& observer,
             TopKReport& report) {
  const auto& dictionary = report.fit.dictionary;
  report.trained =
      estimators::measure_dictionary(dictionary, *rows.train, pool, observer, kMeasured);
  const data::Source& judged = rows.held_out == nullptr ? *rows.train : *rows.held_out;
  if (rows.held_out != nullptr) {
    report.held_out = estimators::measure_dictionary(dictionary, judged, pool, observer, kMeasured);
  }
  report.references = estimators::topk_references(dictionary, judged, report.plan.components,
                                                  report.plan.survey.mean, pool, observer);
  if (truth.size() > 0) {
    report.truth = estimators::match_atoms(dictionary.atoms, truth, /*signed_codes=*/false);
  }
}

void print_record(const std::string& folder) {
  fmt::print("{}\n", experiment::read_record(folder).dump(1));
}

int stopped(const LearnCommand& command, StopRequest reason, Observer& observer) {
  observer.message(
      Severity::Warning,
      fmt::format("stopped and checkpointed; go on with the same options and --resume: "
                  "twofold learn {} --model topk ... -o {} --resume",
                  command.data, command.output));
  return reason == StopRequest::Interrupt ? kInterrupted : kPreempted;
}

int diverged(const TopKReport& report, Observer& observer) {
  observer.message(Severity::Warning,
                   fmt::format("diverged at step {}; nothing was written; give a --learning-rate "
                               "below {:.3g}",
                               report.fit.steps, report.plan.schedule.step));
  return kDiverged;
}

estimators::TopKOptions wanted_options(const LearnCommand& command, const CommonOptions& options,
                                       const fs::path& checkpoint) {
  auto wanted = command.topk;
  wanted.atoms = command.options.atoms;
  wanted.sparsity = parse_sparsity(command.sparsity);
  require(wanted.sparsity > 0, kWhere,
          "--model topk needs --sparsity K, the units of a row; `twofold learn --model sparse` "
          "looks for a number");
  wanted.tied = command.tied == "yes";
  wanted.centre = command.center != "no";
  if (options.seed) wanted.seed = static_cast<std::uint64_t>(*options.seed);
  wanted.checkpoint = checkpoint;
  wanted.resume = command.resume;
  return wanted;
}

int finish(const LearnCommand& command, const CommonOptions& options, const LearnRows& rows,
           const Matrix& truth, TopKReport& report, ThreadPool& pool, Observer& observer) {
  report.fit.dictionary.transforms = rows.kept;
  report.fit.dictionary.input_dimension = rows.input_dimension;
  measure(rows, truth, pool, observer, report);
  write_dictionary(command.output, report.fit.dictionary, report.trained,
                   "Sparse autoencoder of " + command.data, pool.size(),
                   [&](const std::string& sheet) { return make_record(report, sheet); });
  if (options.json) {
    print_record(command.output);
  } else {
    print_result(report);
    std::fflush(stdout);
  }
  observer.message(Severity::Info,
                   fmt::format("autoencoder: {0}; next: twofold transform {1} --dictionary {0} -o "
                               "codes.npz",
                               command.output, command.data));
  return kOk;
}

}  // namespace

int learn_topk(LearnCommand command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  UnfinishedRun run(command);
  const auto wanted = wanted_options(command, options, run.folder());
  const auto begin = std::chrono::steady_clock::now();
  const LearnRows rows = learn_rows(command, wanted.seed, pool);
  const Matrix truth = read_truth(command.truth, rows.train->dimension());
  TopKLearner learner(rows.train, wanted, pool, *observer);
  TopKReport report{.data = rows.train->description(), .seed = wanted.seed, .plan = learner.plan()};
  report.plan_s = seconds_since(begin);
  if (finished(command, run, learner)) {
    observer->message(Severity::Info, fmt::format("{} is finished already", command.output));
    if (options.json) print_record(command.output);
    return kOk;
  }
  run.begin(command, *observer);
  if (!options.json) {
    print_plan(report);
    std::fflush(stdout);
  }
  report.fit = learner.fit();
  switch (report.fit.status) {
    case train::SgdStatus::Interrupted:
      return stopped(command, report.fit.stop, *observer);
    case train::SgdStatus::Diverged:
    case train::SgdStatus::NonFinite:
      run.discard();
      return diverged(report, *observer);
    case train::SgdStatus::Finished:
      break;
  }
  try {
    const int code = finish(command, options, rows, truth, report, pool, *observer);
    run.end();
    return code;
  } catch (const estimators::Stopped& stop) {
    if (!run.saved()) throw;
    return stopped(command, stop.reason, *observer);
  }
}

}  // namespace twofold::app
