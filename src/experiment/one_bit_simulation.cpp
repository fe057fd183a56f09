#include "experiment/one_bit_simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "experiment/one_bit_fit.hpp"
#include "experiment/one_bit_training.hpp"
#include "experiment/one_bit_unrolled.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/decode/gvamp.hpp"
#include "twofold/decode/linear.hpp"
#include "twofold/decode/ri_gamp.hpp"
#include "twofold/model/rectangular_cumulants.hpp"
#include "twofold/ops/packed_bits.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "twofold/theory/ri_gamp_evolution.hpp"
#include "twofold/theory/state_evolution.hpp"

namespace twofold::experiment {
namespace {

namespace fs = std::filesystem;

constexpr Index kComparedRows = 8;  // vectors on which RI-GAMP and GVAMP are compared
constexpr int kComparedLayers = 5;  // later ones lose digits: x^1 ... x^t become collinear

std::string layer_key(std::int64_t layers) {
  return fmt::format("layer {}", layers);
}

CodedRows encode_rows(const OneBitSetting& setting, const data::Dataset& dataset,
                      std::uint64_t seed, ThreadPool& pool) {
  const data::Source& source = dataset.test ? *dataset.test : *dataset.train;
  model::Encoder encoder = fixed_encoder(setting, seed);
  const ops::EncoderOperator<float> B(encoder);
  MatrixF X = encoded_rows(setting, source, 0, static_cast<Index>(setting.spec.decode.samples));
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(X.rows() * ops::code_bytes(setting.n)));
  ops::encode<float>(pool, B, X, codes);
  MatrixF Y = ops::unpack_codes<float>(codes, setting.n);
  return {std::move(encoder), B, std::move(X), std::move(Y)};
}

// x̂ = a Bᵀy with the best a of an orthogonal encoder, or of independent rows.
MatrixF linear_estimate(const OneBitSetting& setting, const CodedRows& coded) {
  const double r = setting.rate();
  double gain = decode::orthogonal_gain(r);
  if (setting.spec.model.encoder == "gaussian") {
    gain = std::sqrt(0.5 * std::numbers::pi) / r / (1.0 + theory::random_channel_noise(r));
  }
  MatrixF estimate(coded.X.rows(), setting.d);
  VectorF scratch;
  coded.B.backward(coded.Y, estimate, scratch);
  return static_cast<float>(gain) * estimate;
}

// Coordinates of unequal variance shrink one by one: s² λ/(c + λ) of what they would be alone.
MatrixF scaled_linear_estimate(const OneBitSetting& setting, const CodedRows& coded) {
  MatrixF estimate = linear_estimate(setting, coded);
  const double r = setting.rate(), tau = theory::channel_noise(r);
  for (Index j = 0; j < setting.d; ++j) {
    const double v = setting.variances(j);
    estimate.col(j) *= static_cast<float>((1.0 + tau) * v / (v + tau));
  }
  return estimate;
}

decode::Denoiser denoiser(const OneBitSetting& setting) {
  return decode::Denoiser::tabulated(*setting.prior, setting.variances.cwiseSqrt());
}

void decode_layers(const OneBitSetting& setting, const CodedRows& coded, RunContext context,
                   OneBitMeasured& measured) {
  const decode::Denoiser f = denoiser(setting);
  for (const std::int64_t L : setting.spec.decode.layers) {
    const auto result =
        decode::gvamp<float>(context.pool, coded.B, f, coded.Y, {.layers = static_cast<int>(L)});
    measured.values[layer_key(L)] = row_error(coded.X, result.estimate);
  }
}

// Independent rows have no fast decoder: RI-GAMP with the scalars of its state evolution.
void decode_gaussian_rows(const OneBitSetting& setting, const CodedRows& coded, RunContext context,
                          OneBitMeasured& measured) {
  const int most = static_cast<int>(std::ranges::max(setting.spec.decode.layers));
  const auto scalars = theory::ri_gamp_evolution(*setting.prior, setting.rate(),
                                                 model::gaussian_cumulants(2 * (most + 1)),
                                                 {.layers = most, .least_change = 0.0});
  for (const std::int64_t L : setting.spec.decode.layers) {
    if (static_cast<std::size_t>(L) > scalars.value.size()) continue;
    const std::span part(scalars.value.data(), static_cast<std::size_t>(L));
    const MatrixF estimate =
        decode::ri_gamp<float>(context.pool, coded.B, *setting.prior, coded.Y, part);
    measured.values[layer_key(L)] = row_error(coded.X, estimate);
  }
}

// Largest difference of an element after any of the first layers, in double precision.
void compare_ri_gamp(const OneBitSetting& setting, const CodedRows& coded, RunContext context,
                     OneBitMeasured& measured) {
  const ops::EncoderOperator<double> B(coded.encoder);
  const Matrix Y = coded.Y.topRows(std::min(kComparedRows, coded.Y.rows())).cast<double>();
  const auto full = theory::ri_gamp_evolution(
      *setting.prior, setting.rate(),
      model::orthogonal_cumulants(setting.rate(), 2 * (kComparedLayers + 1)),
      {.layers = kComparedLayers, .least_change = 0.0});
  const auto short_memory =
      theory::state_evolution(*setting.prior, setting.rate(), kComparedLayers);
  double largest = 0.0;
  for (std::size_t t = 1; t <= full.value.size(); ++t) {
    const Matrix a = decode::ri_gamp<double>(context.pool, B, *setting.prior, Y,
                                             std::span(full.value.data(), t));
    const Matrix b = decode::gvamp_scheduled<double>(context.pool, B, *setting.prior, Y,
                                                     std::span(short_memory.data(), t));
    largest = std::max(largest, (a - b).cwiseAbs().maxCoeff());
  }
  measured.values["ri_gamp"] = {largest, 0.0};
}

RunStatus measure_layered(const OneBitSetting& setting, const data::Dataset& dataset,
                          std::uint64_t seed, RunContext context, OneBitMeasured& measured) {
  const CodedRows coded = encode_rows(setting, dataset, seed, context.pool);
  const bool scaled = setting.variances.size() > 0;
  measured.values["linear"] = row_error(
      coded.X, scaled ? scaled_linear_estimate(setting, coded) : linear_estimate(setting, coded));
  if (setting.spec.model.encoder == "gaussian") {
    decode_gaussian_rows(setting, coded, context, measured);
  } else {
    decode_layers(setting, coded, context, measured);
  }
  if (setting.spec.decode.ri_gamp) compare_ri_gamp(setting, coded, context, measured);
  if (setting.fit_samples() > 0) {
    measured.values["fitted"] =
        fitted_loss(read_fit_rows(setting, dataset), coded.encoder, context.pool);
  }
  return train_unrolled(setting, dataset, coded, seed, context, measured);
}

// --- finished repeats on disk -----------------------------------------------------------------

Json to_json(const OneBitMeasured& measured) {
  Json values = Json::object();
  for (const auto& [name, value] : measured.values) {
    values[name] = {value.mean, value.standard_error};
  }
  return {{"values", values}, {"step", measured.step}, {"loss", measured.loss}};
}

OneBitMeasured from_json(const Json& json) {
  OneBitMeasured measured;
  for (const auto& [name, value] : json.at("values").items()) {
    measured.values[name] = {value.at(0).get<double>(), value.at(1).get<double>()};
  }
  measured.step = json.at("step").get<std::vector<double>>();
  measured.loss = json.at("loss").get<std::vector<double>>();
  return measured;
}

OneBitMeasured read_finished(const fs::path& file) {
  const std::string text = read_file(file);
  try {
    return from_json(Json::parse(text));
  } catch (const Json::exception&) {
    throw DataError("experiment::one_bit",
                    file.string() + " is damaged; remove it to measure that repeat again");
  }
}

}  // namespace

model::Encoder fixed_encoder(const OneBitSetting& setting, std::uint64_t seed) {
  const std::string& name = setting.spec.model.encoder;
  const Index d = setting.d, n = setting.n;
  if (name == "haar") return model::haar_encoder(d, n, seed);
  if (name == "gaussian") return model::gaussian_encoder(d, n, seed);
  if (name == "one_round") return model::one_round_hadamard_encoder(d, n, seed);
  if (name == "dct") return model::dct_encoder(d, n, seed);
  if (name == "identity") return model::identity_encoder(d, n);
  return model::hadamard_encoder(d, n, seed);
}

numerics::MeanAndError row_error(const MatrixF& X, const MatrixF& Xhat) {
  numerics::RunningStatistics errors;
  for (Index i = 0; i < X.rows(); ++i) {
    errors.add((X.row(i) - Xhat.row(i)).cast<double>().squaredNorm() /
               static_cast<double>(X.cols()));
  }
  return {errors.mean(), errors.standard_error()};
}

OneBitSimulated simulate(const OneBitSetting& setting, std::int64_t repeat, const std::string& name,
                         const RunFolder& folder, RunContext context) {
  const std::string id = fmt::format("{}-{}", name, repeat + 1);
  const fs::path finished = folder.checkpoint() / (id + ".json");
  const fs::path encoder_file = folder.arrays() / ("encoder-" + id + ".npy");
  OneBitSimulated result;
  if (fs::exists(finished)) {
    result.measured = read_finished(finished);
    if (setting.learned()) result.measured.encoder = read_encoder(encoder_file);
    return result;
  }
  const auto seed = static_cast<std::uint64_t>(setting.seed + repeat);
  const data::Dataset dataset =
      repeat == 0 ? setting.dataset : data::open_dataset(setting.spec.data, seed, context.pool);
  if (setting.learned()) {
    result = train_and_measure(setting, dataset, seed, id, folder, context);
    if (result.status != RunStatus::Finished) return result;
    write_encoder(encoder_file, result.measured.encoder);
  } else if (setting.layered()) {
    result.status = measure_layered(setting, dataset, seed, context, result.measured);
    if (result.status != RunStatus::Finished) return result;
  } else {
    FitRows rows = read_fit_rows(setting, dataset);
    break_ties(rows, seed);
    result.measured.values["linear"] =
        fitted_loss(rows, fixed_encoder(setting, seed), context.pool);
  }
  create_folder(folder.checkpoint());
  write_file(finished, to_json(result.measured).dump());
  return result;
}

}  // namespace twofold::experiment
