#include "twofold/experiment/tangent_kernel_spec.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "twofold/core/error.hpp"
#include "twofold/experiment/experiment_spec.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::tangent_kernel";

void check_model(const TangentSpec& spec) {
  const TangentModel& m = spec.model;
  require(m.init != "antisymmetric" || m.neurons % 2 == 0, kWhere,
          fmt::format("model.init = \"antisymmetric\" pairs neurons: model.neurons = {} is odd",
                      m.neurons));
  require(!spec.tied() || (m.init == "plain" && m.decoder == "signs"), kWhere,
          "model.init and model.decoder are for untied networks: a tied one has a single matrix of "
          "normal entries (model.init_scale)");
  require(spec.tied() || (m.scaling == "mean_field" && m.init_scale == 1.0), kWhere,
          fmt::format("model.scaling and model.init_scale are for train.mode = \"tied\", not {}",
                      spec.train.mode));
}

void check_training(const TangentSpec& spec) {
  const TangentTrain& t = spec.train;
  require(!t.step || t.step_ratio == 0.0, kWhere,
          "train.step and train.step_ratio both give the step: leave one out");
  require(!spec.predict.skip || t.step_ratio == 0.0, kWhere,
          "train.step_ratio is in units of a predicted eigenvalue: with predict.skip = true give "
          "train.step, a number or \"auto\"");
  require(t.mode == "joint" || t.decoder_step == 1.0, kWhere,
          fmt::format("train.decoder_step is for mode = \"joint\", not {}", t.mode));
  require(!t.halve || spec.predict.kernel == "infinite", kWhere,
          "train.halve changes the step on the way: the empirical kernel's curve needs a constant "
          "one");
}

void check_records(const TangentSpec& spec) {
  const auto& steps = spec.record.steps;
  require(std::ranges::is_sorted(steps, std::ranges::less_equal{}) &&
              (steps.empty() || steps.back() <= spec.train.steps),
          kWhere,
          fmt::format("record.steps must increase and end by train.steps = {}, got [{}]",
                      spec.train.steps, fmt::join(steps, ", ")));
  const auto& window = spec.record.window;
  require(window.size() == 2 && window[0] > window[1] && window[0] <= 1.0, kWhere,
          fmt::format("record.window must be [high, low] with 1 >= high > low, got [{}]",
                      fmt::join(window, ", ")));
}

}  // namespace

TangentSpec read_tangent_kernel_spec(SpecDocument& document) {
  TangentSpec spec;
  spec.data.source = "unit_sphere";
  RunOptions run;
  document.read("", run);
  document.read("data", spec.data);
  document.read("model", spec.model);
  document.read("train", spec.train);
  document.read("record", spec.record);
  document.read<PredictOptions>("predict", spec.predict);
  document.read("predict", spec.predict);
  document.refuse_unknown_keys();
  check_model(spec);
  check_training(spec);
  check_records(spec);
  return spec;
}

std::string resolved_text(const TangentSpec& spec) {
  return toml_section("data", spec.data) + toml_section("model", spec.model) +
         toml_section("train", spec.train) + toml_section("record", spec.record) +
         toml_section<PredictOptions>("predict", spec.predict) + toml_section("", spec.predict);
}

}  // namespace twofold::experiment
