#include "experiment/mean_field_simulation.hpp"

#include <fmt/format.h>

#include "experiment/case_setting.hpp"
#include "experiment/mean_field_measurement.hpp"
#include "experiment/training_status.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

// Files and seeds of one repeat of one case.
struct Repeat {
  std::uint64_t seed;
  std::string name;   // case-repeat, for files
  std::string stage;  // for progress
  fs::path finished;  // table of measurements, once complete
  fs::path checkpoint;
  fs::path arithmetic;  // of a finished one
};

Repeat make_repeat(const MeanFieldSetting& setting, std::int64_t repeat, const std::string& name,
                   const RunFolder& folder) {
  const std::string id = fmt::format("{}-{}", name, repeat + 1);
  return {static_cast<std::uint64_t>(setting.seed + repeat),
          id,
          fmt::format("train {}", id),
          folder.checkpoint() / (id + ".npy"),
          folder.checkpoint() / id,
          folder.checkpoint() / (id + ".arithmetic")};
}

// A generative source draws new samples for each repeat; rows of a file are the same.
std::shared_ptr<const data::Source> training_source(const MeanFieldSetting& setting,
                                                    const Repeat& repeat, ThreadPool& pool) {
  const bool generative = setting.dataset.train->size() == data::kUnlimited;
  if (!generative || repeat.seed == static_cast<std::uint64_t>(setting.seed)) {
    return setting.dataset.train;
  }
  return data::open_dataset(setting.spec.data, repeat.seed, pool).train;
}

train::SgdOptions sgd_options(const MeanFieldSetting& setting, const Repeat& repeat) {
  train::SgdOptions options;
  options.step = setting.step;
  options.schedule = setting.spec.train.schedule_options();
  options.momentum = setting.spec.train.momentum;
  options.penalty = setting.penalty;
  options.steps = setting.steps;
  if (setting.spec.train.precision == "split_bf16") options.products = FloatProducts::SplitBf16;
  options.record_steps = setting.record_steps;
  options.stage = repeat.stage;
  options.checkpoint = checkpoints(setting.spec, repeat.seed, repeat.checkpoint);
  return options;
}

template <typename Scalar>
model::Weights<Scalar> start_weights(const MeanFieldSetting& setting, const Repeat& repeat) {
  model::Weights<Scalar> weights;
  weights.encoder =
      model::initial_neurons(model::parse_initialization(setting.spec.model.init),
                             static_cast<Index>(setting.spec.model.neurons),
                             setting.spectrum.size(), setting.spec.model.init_scale, repeat.seed)
          .template cast<Scalar>();
  weights.scale = Scalar(1) / static_cast<Scalar>(setting.spec.model.neurons);
  return weights;
}

// Full batch: every training row, and its mirror image where signs are symmetrised.
template <typename Scalar>
MatrixOf<Scalar> whole_training_set(const MeanFieldSetting& setting) {
  const data::Source& source = *setting.dataset.train;
  require(source.size() != data::kUnlimited, "experiment::mean_field",
          "train.batch = 0 (the whole training set) needs a finite source; add \"subset:n\" to "
          "data.transforms");
  const auto n = static_cast<Index>(source.size());
  const bool both = setting.dataset.mirrored || setting.dataset.random_signs;
  MatrixOf<Scalar> rows(both ? 2 * n : n, source.dimension());
  source.read(0, View<Scalar>(rows.topRows(n)));
  if (both) rows.bottomRows(n) = -rows.topRows(n);
  return rows;
}

template <typename Scalar>
train::SgdResult<Scalar> train_network(const MeanFieldSetting& setting, const Repeat& repeat,
                                       const train::SgdHooks<Scalar>& hooks, RunContext context) {
  const train::SgdOptions options = sgd_options(setting, repeat);
  const MeanFieldTrain& spec = setting.spec.train;
  if (spec.batch == 0) {
    return train::gradient_descent<Scalar>(
        whole_training_set<Scalar>(setting), start_weights<Scalar>(setting, repeat),
        setting.activation, options, hooks, context.pool, context.observer);
  }
  const auto source = training_source(setting, repeat, context.pool);
  const data::BatchSampler sampler(*source,
                                   {.batch = static_cast<Index>(spec.batch),
                                    .mirrored = setting.dataset.mirrored,
                                    .random_signs = setting.dataset.random_signs,
                                    .order = spec.order},
                                   repeat.seed);
  return train::sgd<Scalar>(sampler, start_weights<Scalar>(setting, repeat), setting.activation,
                            options, hooks, context.pool, context.observer);
}

template <typename Scalar>
Simulated simulate_as(const MeanFieldSetting& setting, const Repeat& repeat,
                      const RunFolder& folder, RunContext context) {
  Measurement<Scalar> measurement(setting, context.pool);
  if (fs::exists(repeat.finished)) {
    measurement.load(repeat.finished);
    return {RunStatus::Finished, -1, read_file(repeat.arithmetic), measurement.path()};
  }
  train::SgdHooks<Scalar> hooks;
  hooks.on_record = [&](std::int64_t k, const model::Weights<Scalar>& w, double) {
    measurement.take(k, w);
  };
  hooks.on_save = [&] { return measurement.text(); };
  hooks.on_resume = [&](std::int64_t k, const std::string& text) {
    measurement.restore(text);
    context.observer.message(Severity::Info, fmt::format("{}: going on from step {} of {}",
                                                         repeat.name, k, setting.steps));
  };
  const train::SgdResult<Scalar> result = train_network(setting, repeat, hooks, context);
  const RunStatus status = run_status(result.status, result.stop);
  if (status == RunStatus::Finished) {
    if (setting.spec.record.save_weights) {
      create_folder(folder.arrays());
      data::write_npy(folder.arrays() / ("weights-" + repeat.name + ".npy"),
                      ConstView<Scalar>(result.weights.encoder));
    }
    create_folder(folder.checkpoint());
    write_file(repeat.arithmetic, result.arithmetic);
    measurement.save(repeat.finished);
  }
  return {status, status == RunStatus::Diverged ? result.steps : -1, std::string(result.arithmetic),
          measurement.path()};
}

}  // namespace

Simulated simulate(const MeanFieldSetting& setting, std::int64_t repeat, const std::string& name,
                   const RunFolder& folder, RunContext context) {
  const Repeat r = make_repeat(setting, repeat, name, folder);
  return setting.spec.train.precision == "double" ? simulate_as<double>(setting, r, folder, context)
                                                  : simulate_as<float>(setting, r, folder, context);
}

}  // namespace twofold::experiment
