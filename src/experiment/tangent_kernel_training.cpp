#include "experiment/tangent_kernel_training.hpp"

#include <fmt/format.h>

#include "experiment/case_setting.hpp"
#include "experiment/record_making.hpp"
#include "experiment/tangent_kernel_theory.hpp"
#include "twofold/core/error.hpp"
#include "twofold/train/tangent_power.hpp"

namespace twofold::experiment {
namespace {

RunStatus status_of(train::TangentDescentStatus how, StopRequest stop) {
  switch (how) {
    case train::TangentDescentStatus::Finished:
    case train::TangentDescentStatus::Reached:
      return RunStatus::Finished;
    case train::TangentDescentStatus::Interrupted:
      return stop == StopRequest::Interrupt ? RunStatus::Interrupted : RunStatus::Terminated;
    case train::TangentDescentStatus::Diverged:
    case train::TangentDescentStatus::NonFinite:
      return RunStatus::Diverged;
  }
  return RunStatus::Diverged;
}

/// Losses of every step, and how far some are from what was expected.
class Path {
 public:
  void loss(std::int64_t k, double value) {
    loss_.resize(static_cast<std::size_t>(k));
    loss_.push_back(value);
  }
  void deviation(std::int64_t k, double value) {
    records_.push_back(k);
    deviations_.push_back(value);
  }

  [[nodiscard]] std::string text() const {
    return Json{{"loss", loss_}, {"records", records_}, {"deviations", deviations_}}.dump();
  }
  void restore(const std::string& text) {
    try {
      const Json json = Json::parse(text);
      json.at("loss").get_to(loss_);
      json.at("records").get_to(records_);
      for (const Json& value : json.at("deviations")) deviations_.push_back(number_in(value));
    } catch (const Json::exception&) {
      throw DataError("experiment::tangent_kernel",
                      "the records in the checkpoint are damaged; start over with --force");
    }
  }

  void finish(TangentTrained& trained) {
    trained.loss = std::move(loss_);
    trained.records = std::move(records_);
    trained.deviations = std::move(deviations_);
  }

 private:
  std::vector<double> loss_;
  std::vector<std::int64_t> records_;
  std::vector<double> deviations_;
};

train::TangentDescentOptions options_of(const TangentSetting& setting, std::uint64_t seed,
                                        double step, const std::string& id,
                                        const RunFolder& folder) {
  const TangentTrain& spec = setting.spec.train;
  train::TangentDescentOptions options;
  options.mode = train::parse_tangent_mode(spec.mode);
  options.step = step;
  options.decoder_ratio = spec.decoder_step;
  options.halve = spec.halve;
  options.steps = spec.steps;
  options.target = spec.target;
  options.divergence_limit = spec.divergence_limit;
  if (spec.precision == "split_bf16") options.products = FloatProducts::SplitBf16;
  options.record_steps = reported_steps(setting.spec);
  options.stage = fmt::format("train {}", id);
  options.checkpoint = checkpoints(setting.spec, seed, folder.checkpoint() / id);
  return options;
}

template <std::floating_point Scalar>
TangentTrained train_in(const TangentSetting& setting, std::uint64_t seed,
                        const train::TangentDescentOptions& options, const Deviation& deviation,
                        RunContext context) {
  const model::Weights<Scalar> start = start_weights<Scalar>(setting, seed);
  const MatrixOf<Scalar> X = setting.samples.cast<Scalar>();
  Path path;
  train::TangentDescentHooks<Scalar> hooks;
  hooks.on_record = [&](std::int64_t k, const model::Weights<Scalar>& weights, double) {
    if (!deviation) return path.deviation(k, kNoNumber);
    const Matrix E = setting.samples - outputs<Scalar>(setting.samples, weights, context.pool);
    path.deviation(k, deviation(k, E));
  };
  hooks.on_step = [&](std::int64_t k, const model::Weights<Scalar>&, double loss) {
    path.loss(k, loss);
  };
  hooks.on_save = [&] { return path.text(); };
  hooks.on_resume = [&](std::int64_t k, const std::string& text) {
    path.restore(text);
    context.observer.message(Severity::Info,
                             fmt::format("{}: going on from step {}", options.stage, k));
  };
  const train::TangentDescentResult<Scalar> run =
      train::tangent_descent<Scalar>(X, start, options, hooks, context.pool, context.observer);
  path.loss(run.steps, run.loss);
  TangentTrained trained;
  trained.status = status_of(run.status, run.stop);
  trained.how = run.status;
  trained.steps = run.steps;
  trained.arithmetic = run.arithmetic;
  trained.step = run.step;
  trained.start_norm = start.encoder.template cast<double>().norm();
  trained.movement = run.movement;
  trained.catapults = run.catapult_count;
  trained.rises = run.catapults;
  path.finish(trained);
  trained.start_output = outputs<Scalar>(setting.queries, start, context.pool);
  if (trained.status == RunStatus::Finished) {
    trained.output = outputs<Scalar>(setting.queries, run.weights, context.pool);
  }
  return trained;
}

}  // namespace

double training_step(const TangentSetting& setting, double reference, std::uint64_t seed,
                     ThreadPool& pool) {
  const std::optional<double> given = given_step(setting.spec, reference);
  if (given) return *given;
  const theory::KernelRates rates = setting.rates();
  const double largest =
      train::tangent_power<double>(setting.samples, start_weights<double>(setting, seed),
                                   {rates.encoder, rates.decoder}, pool)
          .eigenvalue;
  require(
      largest > 0.0, "experiment::tangent_kernel",
      fmt::format("train.step = \"auto\" needs a kernel that is not 0, but its largest "
                  "eigenvalue is {}: no neuron is active on any sample; give train.step, or more "
                  "neurons than {}",
                  largest, setting.neurons()));
  return kSafety / largest;
}

TangentTrained train_network(const TangentSetting& setting, std::uint64_t seed, double step,
                             const Deviation& deviation, const std::string& id,
                             const RunFolder& folder, RunContext context) {
  const train::TangentDescentOptions options = options_of(setting, seed, step, id, folder);
  return setting.spec.train.precision == "double"
             ? train_in<double>(setting, seed, options, deviation, context)
             : train_in<float>(setting, seed, options, deviation, context);
}

}  // namespace twofold::experiment
