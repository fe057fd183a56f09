#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "experiment/case_setting.hpp"
#include "experiment/tangent_kernel_case.hpp"
#include "twofold/core/error.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/tangent_start.hpp"
#include "twofold/ops/forward.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::tangent_kernel";
constexpr double kRecordsPerDecade = 10.0;
constexpr std::uint64_t kMostSamples = 5000;  // six matrices of 0.2 GB, ten minutes

// Kernels, eigenvectors and the Gram matrix of the start are whole matrices here.
void refuse_too_many(std::uint64_t samples) {
  const auto n = static_cast<double>(samples);
  require(
      samples <= kMostSamples, kWhere,
      fmt::format("{} samples: theory would decompose a kernel of {:.2g} GB; set data.samples to "
                  "at most {}, predict.skip = true for training alone, or ask `twofold advise`, "
                  "which takes more",
                  samples, 8e-9 * n * n, kMostSamples));
}

Matrix first_rows(const data::Source& source, std::uint64_t count) {
  Matrix rows(static_cast<Index>(std::min(count, source.size())), source.dimension());
  source.read(0, View<double>(rows));
  return rows;
}

}  // namespace

theory::KernelRates TangentSetting::rates() const {
  const TangentTrain& train = spec.train;
  if (train.mode == "weak") return theory::kWeak;
  if (train.mode == "decoder") return theory::kDecoderOnly;
  return {1.0, train.mode == "joint" ? train.decoder_step : 1.0};
}

theory::TiedScaling TangentSetting::tied_scaling() const {
  const auto N = static_cast<double>(neurons()), d = static_cast<double>(dimension());
  const double scale = spec.model.init_scale;
  return {neurons(), dimension(), spec.model.scaling == "mean_field" ? N : std::sqrt(N * d),
          scale * scale};
}

TangentSetting make_setting(TangentSpec spec, std::int64_t seed, ThreadPool& pool,
                            const TangentSetting* previous) {
  TangentSetting setting = setting_with_data(std::move(spec), seed, pool, previous);
  const data::Source& train = *setting.dataset.train;
  require(train.size() != data::kUnlimited, kWhere,
          fmt::format("{} never ends, but training is on a fixed batch: say how many samples in "
                      "data.samples",
                      setting.dataset.description));
  if (!setting.spec.predict.skip) refuse_too_many(train.size());
  setting.samples = first_rows(train, train.size());
  if (setting.samples.squaredNorm() == 0.0) {
    throw DataError(kWhere, fmt::format("all samples are 0 after data.transforms ({}): there is "
                                        "nothing to learn",
                                        setting.dataset.description));
  }
  setting.queries.resize(0, setting.dimension());
  if (setting.dataset.test) {
    setting.queries =
        first_rows(*setting.dataset.test, static_cast<std::uint64_t>(setting.spec.predict.queries));
  }
  return setting;
}

template <std::floating_point Scalar>
model::Weights<Scalar> start_weights(const TangentSetting& setting, std::uint64_t seed) {
  const TangentModel& m = setting.spec.model;
  if (setting.spec.tied()) {
    return model::tied_tangent_start<Scalar>(setting.neurons(), setting.dimension(), m.init_scale,
                                             model::parse_tied_scaling(m.scaling), seed);
  }
  return model::tangent_start<Scalar>(model::parse_tangent_start(m.init), setting.neurons(),
                                      setting.dimension(), seed,
                                      model::parse_decoder_law(m.decoder));
}
template model::Weights<double> start_weights(const TangentSetting&, std::uint64_t);
template model::Weights<float> start_weights(const TangentSetting&, std::uint64_t);

template <std::floating_point Scalar>
Matrix outputs(const Matrix& X, const model::Weights<Scalar>& weights, ThreadPool& pool) {
  if (X.rows() == 0) return X;
  const MatrixOf<Scalar> samples = X.cast<Scalar>();
  MatrixOf<Scalar> Xhat(X.rows(), X.cols());
  ops::Workspace<Scalar> workspace(X.rows(), X.cols(), weights.neurons());
  ops::reconstruct<Scalar>(samples, weights, model::Relu{}, Xhat, workspace, pool);
  return Xhat.template cast<double>();
}
template Matrix outputs(const Matrix&, const model::Weights<double>&, ThreadPool&);
template Matrix outputs(const Matrix&, const model::Weights<float>&, ThreadPool&);

std::vector<std::int64_t> reported_steps(const TangentSpec& spec) {
  if (!spec.record.steps.empty()) return spec.record.steps;
  std::vector<std::int64_t> steps{0};
  const std::int64_t last = spec.train.steps;
  for (double t = 1.0; t < static_cast<double>(last);
       t *= std::pow(10.0, 1.0 / kRecordsPerDecade)) {
    const auto step = static_cast<std::int64_t>(std::llround(t));
    if (step > steps.back() && step < last) steps.push_back(step);
  }
  if (last > 0) steps.push_back(last);
  return steps;
}

std::optional<MeanComparison> compared(const TangentResult& result, const std::string& name) {
  std::vector<double> predicted, measured, difference;
  for (const TangentMeasured& m : result.measured) {
    const auto found = m.values.find(name);
    if (found == m.values.end()) continue;
    predicted.push_back(found->second.predicted);
    measured.push_back(found->second.measured);
    difference.push_back(measured.back() - predicted.back());
  }
  if (measured.empty()) return std::nullopt;
  MeanComparison mean{numerics::mean_and_error(predicted).mean, numerics::mean_and_error(measured)};
  // Every repeat has samples and a prediction of its own.
  const double paired = numerics::mean_and_error(difference).standard_error;
  if (std::isfinite(mean.predicted)) mean.measured.standard_error = paired;
  if (measured.size() == 1) mean.measured.standard_error = 0.0;
  return mean;
}

}  // namespace twofold::experiment
