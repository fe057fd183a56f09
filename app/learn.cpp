// twofold learn: a dictionary from the user's own data.

#include <fmt/format.h>

#include <chrono>

#include "learn_command.hpp"
#include "learn_output.hpp"
#include "learn_report.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/dictionary_folder.hpp"

namespace twofold::app {
namespace {

using estimators::DictionaryKind;

constexpr auto kWhere = "app::learn";

/// An option that only some models have.
struct ModelOption {
  const CLI::Option* option;
  bool of_topk;
  std::string_view instead;  ///< what the other side has
};
using ModelOptions = std::vector<ModelOption>;

void measure(const LearnRows& rows, ThreadPool& pool, Observer& observer, LearnReport& report) {
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
  const LearnRows rows = learn_rows(command, wanted.seed, pool);
  const Matrix truth = read_truth(command.truth, rows.train->dimension());

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
  write_dictionary(command.output, report.fit.dictionary, report.trained,
                   "Dictionary of " + command.data, pool.size(),
                   [&](const std::string& sheet) { return make_record(report, sheet); });
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

// An option of another model would be ignored without a word.
void refuse_foreign(const LearnCommand& command, const ModelOptions& known) {
  const bool topk = command.model == "topk";
  for (const ModelOption& one : known) {
    if (one.of_topk == topk || one.option->count() == 0) continue;
    throw InvalidArgument(kWhere, fmt::format("{} is not an option of model {}; {}",
                                              one.option->get_name(), command.model, one.instead));
  }
}

void add_training_options(CLI::App& sub, LearnCommand& command, ModelOptions& known) {
  auto& o = command.options;
  const auto note = [&known](const CLI::Option* option, std::string_view instead) {
    known.push_back({option, false, instead});
  };
  note(sub.add_option("--threshold", o.threshold,
                      "gate of the codes, in the unit of the data (default: chosen)"),
       "its codes are the k largest");
  note(sub.add_option("--starts", o.starts, "independent starts; 2 tell how stable atoms are")
           ->capture_default_str(),
       "it has one start; another --seed gives another");
  note(sub.add_option("--iterations", o.iterations, "of one start (default: chosen)"),
       "it takes --steps");
  note(sub.add_option("--step", o.step, "first step, in units of m/(k kappa_2)")
           ->capture_default_str(),
       "it takes --learning-rate");
  note(sub.add_option("--time-limit", o.time_limit, "seconds; what is there by then is the result"),
       "stop it with SIGTERM and go on with --resume");
  sub.add_option("--holdout", command.holdout, "share of rows, the last ones, to measure on")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  sub.add_option("--truth", command.truth, "file of true atoms, to count those found");
}

void add_topk_options(CLI::App& sub, LearnCommand& command, ModelOptions& known) {
  auto& o = command.topk;
  const auto note = [&known](CLI::Option* option, std::string_view instead) {
    known.push_back({option->group("Options of --model topk"), true, instead});
  };
  constexpr std::string_view only = "only topk has it";
  note(sub.add_option("--steps", o.steps, "updates (default: chosen)")->check(positive()),
       "it takes --iterations");
  note(
      sub.add_option("--batch", o.batch, "rows of one update (default: chosen)")->check(positive()),
      only);
  note(sub.add_option("--learning-rate", o.learning_rate, "of Adam (default: chosen)")
           ->check(positive()),
       "it takes --step");
  note(sub.add_option("--tied", command.tied, "the encoder is the decoder transposed")
           ->check(CLI::IsMember({"yes", "no"}))
           ->capture_default_str(),
       "its encoder is its atoms");
  note(sub.add_option("--dead-after", o.dead_after,
                      "rows without firing after which a unit counts as dead (default: chosen)")
           ->check(positive()),
       only);
  note(sub.add_option("--auxiliary", o.auxiliary, "weight of the loss that revives dead units")
           ->check(not_negative())
           ->capture_default_str(),
       only);
  note(sub.add_flag("--resume", command.resume, "go on with the run that the folder holds")
           ->excludes(sub.get_option("--force")),
       "it leaves nothing behind to go on with");
}

}  // namespace

void add_learn(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<LearnCommand>();
  auto known = std::make_shared<ModelOptions>();
  CLI::App* sub = app.add_subcommand("learn", "a dictionary from your own data");
  sub->description(
      "Examples:\n  twofold learn vectors.npy --model sparse --atoms 128 -o dictionary\n  twofold "
      "learn cifar10 --atoms 256 --transform gray --transform patches:8 --transform whiten -o "
      "patches\n  twofold learn activations.npy --model topk --atoms 4096 --sparsity 32 -o sae\n\n"
      "Prints what it chose and why and what accuracy to expect, then learns, then measures on "
      "rows\nit has not seen. `twofold transform` makes codes with the result.");
  sub->add_option("data", command->data,
                  ".npy .npz .fvecs .bvecs .ivecs .csv IDX file, or mnist, fashion-mnist, cifar10")
      ->required();
  sub->add_option("--model", command->model,
                  "mixture (clusters), sparse, nonnegative (parts), subspace (PCA), topk (k-sparse "
                  "autoencoder)")
      ->check(CLI::IsMember(std::vector<std::string>(estimators::kDictionaryKinds.begin(),
                                                     estimators::kDictionaryKinds.end())))
      ->capture_default_str();
  sub->add_option("--atoms", command->options.atoms, "number of atoms")->required();
  sub->add_option("--sparsity", command->sparsity, "atoms of a row, or auto")
      ->capture_default_str();
  sub->add_option("--center", command->center, "subtract the mean; auto: all but mixtures")
      ->check(CLI::IsMember({"auto", "yes", "no"}))
      ->capture_default_str();
  sub->add_option("--transform", command->transforms,
                  "of the rows, in order, kept for `transform`: center, whiten[:floor], unit_norm, "
                  "norm, unit_trace, unit_variance, scale:c, pool2, gray, patches:s")
      ->take_all()
      ->expected(1);
  sub->add_option("-o,--output", command->output, "folder for the dictionary")->required();
  sub->add_flag("--force", command->force, "replace a dictionary that is there");
  add_training_options(*sub, *command, *known);
  add_topk_options(*sub, *command, *known);
  add_common_options(*sub, options);
  sub->callback([command, known, &options, &action] {
    action = stoppable([command, known, &options] {
      refuse_foreign(*command, *known);
      return command->model == "topk" ? learn_topk(*command, options) : learn(*command, options);
    });
  });
}

}  // namespace twofold::app
