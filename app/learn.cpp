// twofold learn: a dictionary from the user's own data.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "codec_command.hpp"
#include "learn_report.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/estimators/atom_sheet.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/report/html_report.hpp"

namespace twofold::app {
namespace {

namespace fs = std::filesystem;
using estimators::DictionaryKind;

constexpr auto kWhere = "app::learn";

struct LearnCommand {
  std::string data, output, model = "sparse", sparsity = "auto", center = "auto", truth;
  std::vector<std::string> transforms;
  double holdout = 0.1;
  bool force = false;
  estimators::DictionaryOptions options;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Index parse_sparsity(const std::string& text) {
  if (text == "auto") return 0;
  Index k = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), k);
  require(error == std::errc() && end == text.data() + text.size() && k >= 1, kWhere,
          fmt::format("--sparsity must be auto or a whole number >= 1, got '{}'", text));
  return k;
}

// Before anything is computed: a folder that can be made, or may be replaced.
void check_output(const LearnCommand& command) {
  std::error_code ignored;
  if (!fs::exists(command.output, ignored)) return;
  require(
      command.force, kWhere,
      fmt::format("{} exists; name another folder, or replace it with --force", command.output));
  require(estimators::is_dictionary_folder(command.output), kWhere,
          fmt::format("{} is not a dictionary that --force may replace; name another folder",
                      command.output));
}

/// Rows to learn from and rows to judge by, transformed; and the transforms.
struct Prepared {
  Rows train, held_out;
  std::vector<data::KeptTransform> kept;
  Index input_dimension = 0;
};

Prepared prepare(const LearnCommand& command, std::uint64_t seed, ThreadPool& pool) {
  const Rows all = open_vectors(command.data);
  const std::uint64_t size = all->size();
  const auto held =
      static_cast<std::uint64_t>(std::llround(command.holdout * static_cast<double>(size)));
  require(held < size, kWhere,
          fmt::format("--holdout {} leaves none of {} rows to learn from", command.holdout, size));
  data::FittedTransforms fitted =
      data::fit_transforms(command.transforms, data::row_range(all, 0, size - held), seed, pool);
  require(!fitted.random_signs && !fitted.mirrored, kWhere,
          "random_signs and mirrored change batches, not rows; leave them out");
  for (const data::KeptTransform& kept : fitted.kept) (void)data::restore_transform(kept);
  Prepared prepared{
      .train = fitted.train, .kept = fitted.kept, .input_dimension = all->dimension()};
  if (held > 0) prepared.held_out = fitted.apply(data::row_range(all, size - held, held));
  return prepared;
}

Matrix read_truth(const std::string& file, Index dimension) {
  const Rows rows = data::open_file(file);
  if (rows->dimension() != dimension) {
    throw DataError(kWhere, fmt::format("{}: true atoms have dimension {}, the rows {}", file,
                                        rows->dimension(), dimension));
  }
  Matrix atoms(static_cast<Index>(rows->size()), dimension);
  rows->read(0, View<double>(atoms));
  return atoms;
}

// The folder that is there, if any, is set aside until the new one stands: never neither.
void move_into_place(const fs::path& temporary, const std::string& name) {
  const fs::path aside = fmt::format("{}.old{}", name, ::getpid());
  std::error_code code, ignored;
  fs::rename(name, aside, ignored);  // fails where there is none
  fs::rename(temporary, name, code);
  if (code) {
    fs::rename(aside, name, ignored);
    throw OutputError(kWhere, fmt::format("cannot write {}: {}", name, code.message()));
  }
  fs::remove_all(aside, ignored);
}

// All files into a folder beside the place, which is then renamed: complete or absent.
void write_folder(const LearnCommand& command, const LearnReport& report, int threads) {
  const fs::path place = fs::path(command.output).lexically_normal();
  const std::string name = (place.has_filename() ? place : place.parent_path()).string();
  const fs::path temporary = fmt::format("{}.part{}", name, ::getpid());
  std::error_code ignored;
  fs::remove_all(temporary, ignored);
  create_folder(temporary);
  try {
    const auto& dictionary = report.fit.dictionary;
    estimators::save_dictionary(temporary, dictionary);
    const std::string sheet = dictionary.image.empty() ? "" : "atoms.png";
    if (!sheet.empty()) {
      estimators::write_atom_sheet(temporary / sheet, dictionary, atoms_by_use(report));
    }
    experiment::write_record(temporary, make_record(report, sheet), threads);
    const std::vector<fs::path> folders{temporary};
    report::write_html_report(folders, temporary / "report.html",
                              {.title = "Dictionary of " + command.data});
    move_into_place(temporary, name);
  } catch (...) {
    fs::remove_all(temporary, ignored);
    throw;
  }
}

void measure(const Prepared& rows, ThreadPool& pool, Observer& observer, LearnReport& report) {
  const auto& dictionary = report.fit.dictionary;
  report.trained = estimators::measure_dictionary(dictionary, *rows.train, pool, observer);
  if (rows.held_out == nullptr) return;
  report.held_out = estimators::measure_dictionary(dictionary, *rows.held_out, pool, observer);
}

int learn(LearnCommand command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  auto& wanted = command.options;
  wanted.kind = estimators::parse_dictionary_kind(command.model);
  wanted.sparsity = parse_sparsity(command.sparsity);
  if (command.center != "auto") wanted.centre = command.center == "yes";
  if (options.seed) wanted.seed = static_cast<std::uint64_t>(*options.seed);
  check_output(command);
  const auto begin = std::chrono::steady_clock::now();
  const Prepared rows = prepare(command, wanted.seed, pool);
  Matrix truth;
  if (!command.truth.empty()) truth = read_truth(command.truth, rows.train->dimension());

  LearnReport report{.data = rows.train->description(), .folder = command.output};
  report.seed = wanted.seed;
  estimators::DictionaryLearner learner(rows.train, wanted, pool, *observer);
  report.plan = learner.plan();
  report.plan_s = seconds_since(begin);
  if (!options.json) {
    print_plan(report);
    std::fflush(stdout);
  }
  report.fit = learner.fit();
  report.fit.dictionary.transforms = rows.kept;
  report.fit.dictionary.input_dimension = rows.input_dimension;
  measure(rows, pool, *observer, report);
  if (truth.size() > 0) {
    const bool either_sign =
        wanted.kind == DictionaryKind::Sparse || wanted.kind == DictionaryKind::Subspace;
    report.truth = estimators::match_atoms(report.fit.dictionary.atoms, truth, either_sign);
  }
  write_folder(command, report, pool.size());
  if (options.json) {
    fmt::print("{}\n", experiment::read_record(command.output).dump(1));
  } else {
    print_result(report);
  }
  if (report.fit.status == estimators::LearnStatus::Collapsed) {
    observer->message(Severity::Warning,
                      fmt::format("collapsed: the atoms explain less than the mean does, at any "
                                  "step down to {:g}; their last state is in {}",
                                  wanted.step / 8.0, command.output));
    return kDiverged;
  }
  observer->message(Severity::Info,
                    fmt::format("dictionary: {0}; next: twofold transform {1} --dictionary {0} -o "
                                "codes.npz",
                                command.output, command.data));
  return kOk;
}

void add_training_options(CLI::App& sub, LearnCommand& command) {
  sub.add_option("--starts", command.options.starts,
                 "independent starts; 2 tell how stable atoms are")
      ->capture_default_str();
  sub.add_option("--iterations", command.options.iterations, "of one start (default: chosen)");
  sub.add_option("--step", command.options.step, "first step, in units of m/(k kappa_2)")
      ->capture_default_str();
  sub.add_option("--time-limit", command.options.time_limit,
                 "seconds; what is there by then is the result");
  sub.add_option("--holdout", command.holdout, "share of rows, the last ones, to measure on")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  sub.add_option("--truth", command.truth, "file of true atoms, to count those found");
}

}  // namespace

void add_learn(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<LearnCommand>();
  CLI::App* sub = app.add_subcommand("learn", "a dictionary from your own data");
  sub->description(
      "Examples:\n  twofold learn vectors.npy --model sparse --atoms 128 -o dictionary\n  twofold "
      "learn cifar10 --atoms 256 --transform gray --transform patches:8 --transform whiten -o "
      "patches\n\nPrints what it chose and why and what accuracy to expect, then learns, then "
      "measures on rows\nit has not seen. `twofold transform` makes codes with the result.");
  sub->add_option("data", command->data,
                  ".npy .npz .fvecs .bvecs .ivecs .csv IDX file, or mnist, fashion-mnist, cifar10")
      ->required();
  sub->add_option("--model", command->model,
                  "mixture (clusters), sparse, nonnegative (parts), subspace (PCA)")
      ->check(CLI::IsMember(std::vector<std::string>(estimators::kDictionaryKinds.begin(),
                                                     estimators::kDictionaryKinds.end())))
      ->capture_default_str();
  sub->add_option("--atoms", command->options.atoms, "number of atoms")->required();
  sub->add_option("--sparsity", command->sparsity, "atoms of a row, or auto")
      ->capture_default_str();
  sub->add_option("--threshold", command->options.threshold,
                  "gate of the codes, in the unit of the data (default: chosen)");
  sub->add_option("--center", command->center, "subtract the mean; auto: all but mixtures")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str();
  sub->add_option("--transform", command->transforms,
                  "of the rows, in order, kept for `transform`: center, whiten[:floor], unit_norm, "
                  "norm, unit_trace, unit_variance, scale:c, pool2, gray, patches:s")
      ->take_all()
      ->expected(1);
  add_training_options(*sub, *command);
  sub->add_option("-o,--output", command->output, "folder for the dictionary")->required();
  sub->add_flag("--force", command->force, "replace a dictionary that is there");
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return learn(*command, options); });
  });
}

}  // namespace twofold::app
