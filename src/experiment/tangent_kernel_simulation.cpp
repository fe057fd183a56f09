#include "experiment/tangent_kernel_simulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/record_making.hpp"
#include "experiment/tangent_kernel_comparison.hpp"
#include "experiment/tangent_kernel_theory.hpp"
#include "experiment/tangent_kernel_training.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kCatapultsSaid = 3;

Json to_json(const TangentSimulated& simulated) {
  const TangentMeasured& m = simulated.measured;
  Json values = Json::object();
  for (const auto& [name, value] : m.values) values[name] = {value.predicted, value.measured};
  return {{"stopped_at", simulated.stopped_at},
          {"arithmetic", simulated.arithmetic},
          {"values", values},
          {"loss", m.loss},
          {"records", m.records},
          {"predicted_loss", m.predicted_loss}};
}

TangentSimulated from_json(const Json& json) {
  TangentSimulated simulated;
  json.at("stopped_at").get_to(simulated.stopped_at);
  json.at("arithmetic").get_to(simulated.arithmetic);
  if (simulated.stopped_at >= 0) simulated.status = RunStatus::Diverged;
  TangentMeasured& m = simulated.measured;
  for (const auto& [name, value] : json.at("values").items()) {
    m.values[name] = {number_in(value.at(0)), number_in(value.at(1))};
  }
  for (const Json& loss : json.at("loss")) m.loss.push_back(number_in(loss));
  json.at("records").get_to(m.records);
  json.at("predicted_loss").get_to(m.predicted_loss);
  return simulated;
}

TangentSimulated read_finished(const fs::path& file) {
  const std::string text = read_file(file);
  try {
    return from_json(Json::parse(text));
  } catch (const Json::exception&) {
    throw DataError("experiment::tangent_kernel",
                    file.string() + " is damaged; remove it to measure that repeat again");
  }
}

void leave_outputs(const RunFolder& folder, const std::string& id, const TangentTrained& trained) {
  if (trained.output.rows() == 0) return;
  create_folder(folder.arrays());
  data::write_npy(folder.arrays() / ("outputs-" + id + ".npy"), ConstView<double>(trained.output));
}

// A rise that was not expected, and is not over, is something to know.
void say_catapults(const TangentTrained& trained, bool stable, Observer& observer) {
  std::int64_t said = 0;
  for (const train::Catapult& c : trained.rises) {
    if (c.end >= 0) {
      if (++said > kCatapultsSaid) continue;
      observer.message(Severity::Info,
                       fmt::format("catapult: the loss rose from {:.3g} at step {} by {:.2g} and "
                                   "was below it again at step {}",
                                   c.before, c.start - 1, c.peak - c.before, c.end));
    } else if (stable && trained.status == RunStatus::Finished) {
      observer.message(
          Severity::Warning,
          fmt::format("the loss rose from {:.3g} at step {} by {:.2g} and did not come "
                      "back, though theory calls the step stable: take a smaller one, "
                      "or train.halve = true",
                      c.before, c.start - 1, c.peak - c.before));
    }
  }
  if (trained.catapults > kCatapultsSaid) {
    observer.message(Severity::Info, fmt::format("{} catapults in all", trained.catapults));
  }
}

void forget_predictions(TangentMeasured& measured) {
  for (auto& [name, value] : measured.values) value.predicted = kNoNumber;
}

TangentSimulated simulate_start(const TangentSetting& setting, const TangentTheory& theory,
                                const std::string& id, const RunFolder& folder,
                                RunContext context) {
  const auto seed = static_cast<std::uint64_t>(setting.seed);
  const double step = training_step(setting, theory.reference, seed, context.pool);
  const bool predicted = !setting.spec.predict.skip;
  Matrix E_0;
  Deviation from_theory;
  if (predicted) {
    E_0 = setting.samples -
          outputs<double>(setting.samples, start_weights<double>(setting, seed), context.pool);
    from_theory = [&](std::int64_t t, const Matrix& E) {
      return deviation(theory, E_0, step, t, E);
    };
  }
  const TangentTrained trained =
      train_network(setting, seed, step, from_theory, id, folder, context);
  TangentSimulated simulated;
  simulated.status = trained.status;
  simulated.arithmetic = trained.arithmetic;
  if (trained.status == RunStatus::Diverged) simulated.stopped_at = trained.steps;
  if (trained.status == RunStatus::Interrupted || trained.status == RunStatus::Terminated) {
    return simulated;
  }
  say_catapults(trained, step < theory.stable_step(), context.observer);
  simulated.measured = compare(setting, theory, E_0, trained, context.pool);
  if (!predicted) forget_predictions(simulated.measured);
  leave_outputs(folder, id, trained);
  return simulated;
}

}  // namespace

TangentSimulated simulate(const TangentResult& result, std::int64_t repeat, const std::string& name,
                          const RunFolder& folder, RunContext context) {
  const TangentSetting& setting = result.setting;
  const std::string id = fmt::format("{}-{}", name, repeat + 1);
  const fs::path finished = folder.checkpoint() / (id + ".json");
  if (fs::exists(finished)) return read_finished(finished);
  TangentSimulated simulated;
  if (repeat == 0) {
    simulated = simulate_start(setting, result.predicted, id, folder, context);
  } else {
    const TangentSetting other = make_setting(setting.spec, setting.seed + repeat, context.pool);
    const bool predicted = !other.spec.predict.skip;
    simulated =
        simulate_start(other, predicted ? tangent_theory(other, context.pool) : TangentTheory{}, id,
                       folder, context);
  }
  if (simulated.status == RunStatus::Interrupted || simulated.status == RunStatus::Terminated) {
    return simulated;
  }
  create_folder(folder.checkpoint());
  write_file(finished, to_json(simulated).dump());
  return simulated;
}

}  // namespace twofold::experiment
