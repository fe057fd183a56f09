// twofold predict: theory alone, no training.

#include <fmt/format.h>

#include <algorithm>

#include "codec_command.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/query_audit.hpp"

namespace twofold::app {
namespace {

using experiment::Json;

constexpr std::uint64_t kMostKernelRows = 200;

struct PredictCommand {
  std::string spec;
  std::string data;
  std::string system = "mean_field";
  std::string query;
  std::vector<std::string> assignments;
};

// A file of samples without a spec: centred and scaled, everything else default.
experiment::SpecDocument spec_for_data(std::string path, std::string system) {
  (void)experiment::find_system(system);
  require(system != "dictionary_recovery", "app::predict",
          "dictionary_recovery predicts for a known dictionary, which a file of samples is not; "
          "`twofold learn` says of a file what accuracy to expect");
  auto document = experiment::SpecDocument::parse(
      system == "one_bit"          ? "[data]\ntransforms = [\"center\", \"unit_variance\"]\n"
      : system == "tangent_kernel" ? "[data]\ntransforms = [\"center\", \"unit_norm\"]\n"
                                   : "[data]\ntransforms = [\"center\", \"unit_trace\"]\n"
                                     "[train]\nunits = \"leading\"\npenalty = 0.02\ntime = 40.0\n",
      "--data");
  document.set("system=" + experiment::toml_text(&system));
  std::string source = "file";
  if (is_image_set(path)) {
    source = path;
  } else {
    document.set("data.path=" + experiment::toml_text(&path));
  }
  document.set("data.source=" + experiment::toml_text(&source));
  if (system == "tangent_kernel") {
    // Its kernels are whole matrices; the other rows are unseen ones.
    const auto rows = static_cast<double>(open_vectors(path)->size());
    const auto train = static_cast<std::uint64_t>(data::SourceOptions{}.split[0] * rows + 1e-9);
    document.set(
        fmt::format("data.samples={}", std::clamp<std::uint64_t>(train, 1, kMostKernelRows)));
  }
  return document;
}

void print(const Json& result, bool as_json, std::string (*describe)(const Json&)) {
  if (as_json) {
    fmt::print("{}\n", result.dump(1));
  } else if (result.contains("cases")) {
    for (const Json& one : result["cases"]) fmt::print("{}\n", describe(one));
  } else {
    fmt::print("{}", describe(result));
  }
}

int predict(const PredictCommand& command, const CommonOptions& options) {
  require(command.spec.empty() != command.data.empty(), "app::predict",
          "give either a spec or --data FILE");
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  experiment::SpecDocument document = command.data.empty()
                                          ? experiment::SpecDocument::load(command.spec)
                                          : spec_for_data(command.data, command.system);
  lay_over(document, command.assignments, options);
  const experiment::ExperimentSpec spec = experiment::read_experiment(std::move(document));
  const experiment::System& system = experiment::find_system(spec.run.system);
  system.check(spec);
  experiment::require_prediction(spec);
  if (command.query.empty()) {
    print(system.predict(spec, {pool, *observer}), options.json, system.describe);
  } else {
    print(experiment::audit_queries(spec, command.query, {pool, *observer}), options.json,
          experiment::audit_text);
  }
  return kOk;
}

}  // namespace

void add_predict(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<PredictCommand>();
  CLI::App* sub = app.add_subcommand("predict", "theory alone, no training");
  sub->description(
      "Example:\n  twofold predict experiments/mean_field/phases/spec.toml --json\n  twofold "
      "predict --data vectors.npy --set model.activation=gelu\n  twofold predict "
      "--data vectors.npy --system one_bit\n  twofold predict spec.toml --query new.npy\n\nPrints "
      "what training would give: "
      "curves, limits, half-rise times and how far to trust them.");
  sub->add_option("spec", command->spec, "spec file (TOML)");
  CLI::Option* data = sub->add_option("--data", command->data,
                                      "a file of samples, or an image set, instead of a spec");
  sub->add_option("--system", command->system, "with --data: the system that predicts")
      ->capture_default_str()
      ->needs(data);
  sub->add_option("--query", command->query,
                  "tangent_kernel: a file of new rows; says which training samples each would be "
                  "answered with");
  sub->add_option("--set", command->assignments, "override a key: --set train.penalty=0.1")
      ->take_all()
      ->expected(1);
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = [command, &options] { return predict(*command, options); };
  });
}

}  // namespace twofold::app
