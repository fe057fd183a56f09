#include "experiment/one_bit_training.hpp"

#include <fmt/format.h>

#include <cmath>

#include "experiment/case_setting.hpp"
#include "experiment/one_bit_fit.hpp"
#include "experiment/training_status.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "twofold/train/sign_encoder.hpp"

namespace twofold::experiment {
namespace {

constexpr double kOnAxis = 0.8;  // a row with an entry this large looks along that axis

std::vector<std::int64_t> record_steps(const OneBitTrain& spec) {
  std::vector<std::int64_t> steps;
  for (std::int64_t k = 0; k < spec.records; ++k) {
    const std::int64_t step = k * spec.steps / (spec.records - 1);
    if (steps.empty() || step > steps.back()) steps.push_back(step);
  }
  return steps;
}

/// Losses of the encoder on the way: with a refitted decoder, or exactly where variances differ.
class Path {
 public:
  Path(const OneBitSetting& setting, const data::Dataset& dataset, ThreadPool& pool)
      : setting_(setting), pool_(pool) {
    if (setting.variances.size() == 0) rows_ = read_fit_rows(setting, dataset);
  }

  void take(std::int64_t step, const Matrix& B, double loss) {
    last_ = {loss, 0.0};
    if (setting_.variances.size() == 0) {
      last_ = fitted_loss(rows_, model::dense_encoder(B), pool_);
    }
    step_.push_back(static_cast<double>(step));
    loss_.push_back(last_.mean);
  }

  [[nodiscard]] std::string text() const {
    return Json{{"step", step_}, {"loss", loss_}, {"error", last_.standard_error}}.dump();
  }
  void restore(const std::string& text) {
    try {
      const Json json = Json::parse(text);
      step_ = json.at("step").get<std::vector<double>>();
      loss_ = json.at("loss").get<std::vector<double>>();
      if (!loss_.empty()) last_ = {loss_.back(), json.at("error").get<double>()};
    } catch (const Json::exception&) {
      throw DataError("experiment::one_bit",
                      "the records in the checkpoint are damaged; start over with --force");
    }
  }

  void finish(OneBitMeasured& measured) const {
    measured.step = step_;
    measured.loss = loss_;
    measured.values["trained"] = last_;
  }

 private:
  const OneBitSetting& setting_;
  ThreadPool& pool_;
  FitRows rows_;
  std::vector<double> step_, loss_;
  numerics::MeanAndError last_;
};

train::SignEncoderOptions options_of(const OneBitSetting& setting, std::uint64_t seed,
                                     const std::string& id, const RunFolder& folder) {
  const OneBitTrain& spec = setting.spec.train;
  train::SignEncoderOptions options;
  options.steps = spec.steps;
  options.first_step = spec.first_step;
  options.last_step = spec.last_step;
  options.record_steps = record_steps(spec);
  options.stage = fmt::format("train {}", id);
  options.checkpoint = checkpoints(setting.spec, seed, folder.checkpoint() / id);
  return options;
}

Matrix start_encoder(const OneBitSetting& setting, std::uint64_t seed) {
  return std::get<model::DenseEncoder>(model::gaussian_encoder(setting.d, setting.n, seed)).matrix;
}

train::SignEncoderResult train_encoder(const OneBitSetting& setting, const data::Dataset& dataset,
                                       std::uint64_t seed, const train::SignEncoderOptions& options,
                                       const train::SignEncoderHooks& hooks, RunContext context) {
  const OneBitTrain& spec = setting.spec.train;
  if (spec.method == "population") {
    train::PopulationProblem problem;
    problem.sparsity = setting.spec.data.source == "gaussian" ? 1.0 : setting.spec.data.sparsity;
    problem.deviations = setting.variances.cwiseSqrt();
    problem.masks = static_cast<Index>(problem.sparsity == 1.0 ? 1 : spec.masks);
    return train::population_descent(start_encoder(setting, seed), problem, options, seed, hooks,
                                     context.pool, context.observer);
  }
  const data::BatchSampler sampler(*dataset.train,
                                   {.batch = static_cast<Index>(spec.batch),
                                    .mirrored = dataset.mirrored,
                                    .random_signs = dataset.random_signs},
                                   seed);
  train::SurrogateOptions surrogate;
  surrogate.width = spec.width;
  return train::surrogate_descent(sampler, start_encoder(setting, seed), surrogate, options, hooks,
                                  context.pool, context.observer);
}

// Σ_i B_ij² v_j against λ_j of the best scaling; a projection has variance 1 there.
double energy_deviation(const OneBitSetting& setting, const Matrix& B) {
  const Vector wanted = theory::best_scaling(setting.variances, setting.n).share;
  Matrix scaled = B * setting.variances.cwiseSqrt().asDiagonal();
  scaled.rowwise().normalize();
  const Vector energies = scaled.colwise().squaredNorm().transpose();
  return std::sqrt((energies - wanted).squaredNorm() / static_cast<double>(setting.d));
}

void describe_rows(const OneBitSetting& setting, OneBitMeasured& measured) {
  const Matrix& B = measured.encoder;
  double on_axis = 0.0, fourth = 0.0;
  for (Index i = 0; i < B.rows(); ++i) {
    on_axis += B.row(i).cwiseAbs().maxCoeff() > kOnAxis ? 1.0 : 0.0;
    fourth += B.row(i).cwiseAbs2().cwiseAbs2().sum();
  }
  const auto rows = static_cast<double>(B.rows());
  measured.values["axis_rows"] = {on_axis / rows, 0.0};
  measured.values["row_fourth"] = {fourth / rows, 0.0};
  if (setting.variances.size() > 0) {
    measured.values["energies"] = {energy_deviation(setting, B), 0.0};
  }
}

}  // namespace

OneBitSimulated train_and_measure(const OneBitSetting& setting, const data::Dataset& dataset,
                                  std::uint64_t seed, const std::string& id,
                                  const RunFolder& folder, RunContext context) {
  Path path(setting, dataset, context.pool);
  train::SignEncoderHooks hooks;
  hooks.on_record = [&](std::int64_t k, const Matrix& B, double loss) { path.take(k, B, loss); };
  hooks.on_save = [&] { return path.text(); };
  hooks.on_resume = [&](std::int64_t k, const std::string& text) {
    path.restore(text);
    context.observer.message(Severity::Info, fmt::format("{}: going on from step {} of {}", id, k,
                                                         setting.spec.train.steps));
  };
  train::SignEncoderResult trained =
      train_encoder(setting, dataset, seed, options_of(setting, seed, id, folder), hooks, context);
  OneBitSimulated result;
  result.status = run_status(trained.status, trained.stop);
  if (result.status == RunStatus::Diverged) result.stopped_at = trained.steps;
  if (result.status != RunStatus::Finished) return result;
  path.finish(result.measured);
  result.measured.encoder = std::move(trained.encoder);
  describe_rows(setting, result.measured);
  return result;
}

void write_encoder(const std::filesystem::path& file, const Matrix& encoder) {
  create_folder(file.parent_path());
  data::write_npy(file, ConstView<double>(encoder));
}

Matrix read_encoder(const std::filesystem::path& file) {
  const auto source = data::open_npy(file);
  Matrix encoder(static_cast<Index>(source->size()), source->dimension());
  source->read(0, View<double>(encoder));
  return encoder;
}

}  // namespace twofold::experiment
