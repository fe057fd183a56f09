// twofold predict: theory alone, no training.

#include <fmt/format.h>

#include <cmath>

#include "command.hpp"
#include "twofold/core/error.hpp"

namespace twofold::app {
namespace {

using experiment::Json;

struct PredictCommand {
  std::string spec;
  std::string data;
  std::vector<std::string> assignments;
};

// A file of samples without a spec: centred and scaled to unit trace, everything else default.
experiment::SpecDocument spec_for_data(std::string path) {
  auto document = experiment::SpecDocument::parse(
      "system = \"mean_field\"\n"
      "[data]\nsource = \"file\"\ntransforms = [\"center\", \"unit_trace\"]\n"
      "[train]\nunits = \"leading\"\npenalty = 0.02\ntime = 40.0\n",
      "--data");
  document.set("data.path=" + experiment::toml_text(&path));
  return document;
}

std::string cell(const Json& value) {
  if (value.is_number()) return fmt::format("{:.4g}", value.get<double>());
  return value.is_null() ? "-" : value.is_string() ? value.get<std::string>() : value.dump();
}

void print_components(const Json& summary, std::size_t most) {
  const Json& limit = summary["gain_limit"];
  fmt::print("{:>10} {:>12} {:>12} {:>12} {:>12}  {}\n", "component", "eigenvalue", "gain at end",
             "gain limit", "half time", "status");
  const std::size_t count = std::min(limit.size(), most);
  for (std::size_t j = 0; j < count; ++j) {
    fmt::print("{:>10} {:>12} {:>12} {:>12} {:>12}  {}\n", j + 1, cell(summary["spectrum"][j]),
               cell(summary["gain_at_stop"][j]), cell(limit[j]), cell(summary["half_time"][j]),
               cell(summary["status"][j]));
  }
  if (count < limit.size())
    fmt::print("{:>10} {} more; --json lists all\n", "...", limit.size() - count);
}

std::string range(const Json& interval) {
  return interval.is_null() ? "-" : fmt::format("{} .. {}", cell(interval[0]), cell(interval[1]));
}

// How to keep exactly k directions, for the first few k.
void print_design(const Json& design, std::size_t most) {
  if (!design.contains("keep")) return;
  fmt::print("\n{:>10} {:>24} {:>28} {:>13}\n", "keep", "penalty between",
             "or stop (no penalty) between", "separability");
  for (std::size_t k = 0; k < std::min(design["keep"].size(), most); ++k) {
    const Json& entry = design["keep"][k];
    fmt::print("{:>10} {:>24} {:>28} {:>13}\n", cell(entry["directions"]), range(entry["penalty"]),
               range(entry["stop_time"]),
               entry.contains("separability") ? cell(entry["separability"]) : "-");
  }
  fmt::print("noise variance from the bulk {}: weight decay for denoising {}\n\n",
             cell(design["noise_variance_from_bulk"]), cell(design["denoising_penalty"]));
}

void print_prediction(const Json& prediction) {
  const Json& summary = prediction["summary"];
  if (prediction.contains("case")) fmt::print("case {}\n", cell(prediction["case"]));
  print_components(summary, 20);
  for (const auto& [key, value] : summary.items()) {
    if (value.is_number() || value.is_string()) fmt::print("{:<28} {}\n", key, cell(value));
  }
  const Json& series = prediction["series"];
  fmt::print("\n{:>12} {:>12}\n", "time", "loss");
  for (std::size_t k = 0; k < series["time"].size(); ++k) {
    fmt::print("{:>12} {:>12}\n", cell(series["time"][k]), cell(series["loss"][k]));
  }
  print_design(prediction["design"], 5);
  for (const Json& entry : prediction["trust"]) {
    fmt::print("{} = {} ({}): {}\n", cell(entry["name"]), cell(entry["value"]),
               cell(entry["verdict"]), cell(entry["text"]));
  }
}

int predict(const PredictCommand& command, const CommonOptions& options) {
  require(command.spec.empty() != command.data.empty(), "app::predict",
          "give either a spec or --data FILE");
  const auto observer = make_observer(options);
  ThreadPool pool(options.thread_count());
  experiment::SpecDocument document = command.data.empty()
                                          ? experiment::SpecDocument::load(command.spec)
                                          : spec_for_data(command.data);
  lay_over(document, command.assignments, options);
  const experiment::ExperimentSpec spec = experiment::read_experiment(std::move(document));
  const experiment::System& system = experiment::find_system(spec.run.system);
  system.check(spec);
  const Json prediction = system.predict(spec, {pool, *observer});
  if (options.json) {
    fmt::print("{}\n", prediction.dump(1));
  } else if (prediction.contains("cases")) {
    for (const Json& one : prediction["cases"]) print_prediction(one);
  } else {
    print_prediction(prediction);
  }
  return kOk;
}

}  // namespace

void add_predict(CLI::App& app, CommonOptions& options, Action& action) {
  auto command = std::make_shared<PredictCommand>();
  CLI::App* sub = app.add_subcommand("predict", "theory alone, no training");
  sub->description(
      "Example:\n  twofold predict experiments/mean_field/phases/spec.toml --json\n  twofold "
      "predict --data vectors.npy --set model.activation=gelu\n\nPrints what training would give: "
      "curves, limits, half-rise times and how far to trust them.");
  sub->add_option("spec", command->spec, "spec file (TOML)");
  sub->add_option("--data", command->data, "a file of samples instead of a spec");
  sub->add_option("--set", command->assignments, "override a key: --set train.penalty=0.1")
      ->take_all()
      ->expected(1);
  add_common_options(*sub, options);
  sub->callback([command, &options, &action] {
    action = [command, &options] { return predict(*command, options); };
  });
}

}  // namespace twofold::app
