// twofold transform: sparse codes or reconstructions with a learned dictionary.

#include <fmt/format.h>

#include "codec_command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/dictionary_folder.hpp"
#include "twofold/estimators/dictionary_stream.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::app {
namespace {

struct TransformCommand {
  std::string data, dictionary, output;
  bool codes = false, reconstruct = false;
};

experiment::Json document(const TransformCommand& command,
                          const estimators::LearnedDictionary& dictionary,
                          const estimators::DictionaryPass& pass, double explained) {
  return {{"command", "transform"},
          {"file", command.output},
          {"rows", pass.rows},
          {"atoms", dictionary.size()},
          {"dimension", dictionary.dimension()},
          {"entries", pass.entries},
          {"l0", pass.l0()},
          {"empty_rows", pass.empty},
          {"explained_variance", explained},
          {"timing", {{"transform_s", pass.seconds}}}};
}

int transform(const TransformCommand& command, const CommonOptions& options) {
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  require_other_file(command.data, command.output);
  const auto dictionary = estimators::load_dictionary(command.dictionary);
  const Rows rows = estimators::transformed_rows(dictionary, open_vectors(command.data));
  const auto pass =
      command.reconstruct
          ? estimators::write_reconstructions(dictionary, *rows, command.output, pool, *observer)
          : estimators::write_codes(dictionary, *rows, command.output, pool, *observer);
  const bool varies = pass.explained.varies();
  const double explained = varies ? pass.explained.value() : 0.0;
  if (options.json) {
    auto json = document(command, dictionary, pass, explained);
    if (!varies) json["explained_variance"] = nullptr;
    fmt::print("{}\n", json.dump(1));
  }
  observer->message(
      Severity::Info,
      fmt::format("{}: {} rows, {:.3g} atoms each, {} without any{}; {:.3g} s", command.output,
                  pass.rows, pass.l0(), pass.empty,
                  varies ? fmt::format(", {:.1f} % of the variance explained", 100.0 * explained)
                         : std::string(),
                  pass.seconds));
  return kOk;
}

}  // namespace

void add_transform(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<TransformCommand>();
  CLI::App* sub = app.add_subcommand("transform", "codes or reconstructions with a dictionary");
  sub->description(
      "Example:\n  twofold transform vectors.npy --dictionary dictionary -o codes.npz\n\nCodes are "
      "a sparse matrix that scipy.sparse.load_npz reads, rows x atoms: codes @ dictionary.npy +\n"
      "mean.npy are the reconstructions that --reconstruct writes.");
  sub->add_option("data", command->data, "rows, as for learn")->required();
  sub->add_option("--dictionary", command->dictionary, "folder from learn")->required();
  CLI::Option* codes = sub->add_flag("--codes", command->codes, "sparse codes (the default)");
  sub->add_flag("--reconstruct", command->reconstruct, "reconstructions instead of codes")
      ->excludes(codes);
  sub->add_option("-o,--output", command->output, "codes: .npz; reconstructions: .npy or .fvecs")
      ->required();
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = stoppable([command, &options] { return transform(*command, options); });
  });
}

}  // namespace twofold::app
