#include "twofold/estimators/one_bit_fit.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "one_bit_axes.hpp"
#include "one_bit_law.hpp"
#include "one_bit_scaling.hpp"
#include "twofold/core/error.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::fit_one_bit_codec";
constexpr Index kLeastDimension = 8;
constexpr Index kMostPrincipal = 32'000;  // of symmetric_eigen
constexpr double kNegligibleGain = 0.01;  // of the error: what a norm must be worth to be stored

template <std::size_t N>
void check_name(std::string_view option, const std::string& value,
                const std::array<std::string_view, N>& names) {
  require(std::ranges::find(names, value) != names.end(), kWhere,
          fmt::format("{} is '{}'; known: {}", option, value, fmt::join(names, ", ")));
}

void check(const data::Source& source, const OneBitFitOptions& options) {
  check_name("prior", options.prior, kPriorNames);
  check_name("transform", options.transform, kTransformNames);
  check_name("norm", options.norm, kNormNames);
  require(options.rate > 0.0 && std::isfinite(options.rate), kWhere,
          fmt::format("rate must be > 0, got {}", options.rate));
  require(options.layers >= 1 && options.layers <= 100, kWhere,
          fmt::format("layers must be in [1, 100], got {}", options.layers));
  const Index d = source.dimension();
  require(
      d >= kLeastDimension, kWhere,
      fmt::format("the dimension is {}; below {} a sign code makes no sense", d, kLeastDimension));
  require(options.transform != "pca" || d <= kMostPrincipal, kWhere,
          fmt::format("pca of dimension {} is too large; use dct", d));
  require(source.size() != data::kUnlimited, kWhere,
          source.description() + " has no end; take some of its rows");
  if (source.size() < 2) {
    throw DataError(kWhere, fmt::format("{}: {} row has no variance; give at least 2",
                                        source.description(), source.size()));
  }
}

TransformKind transform_kind(std::string_view name) {
  if (name == "dct") return TransformKind::Cosine;
  return name == "pca" ? TransformKind::Principal : TransformKind::None;
}

// Prior and norm, and with them what is predicted.
void choose_law(const OneBitFitOptions& options, const LawSample& law, OneBitCodecParameters& p) {
  p.discrete = options.norm != "stored" && is_discrete(options.prior, law.of_vectors);
  p.prior = fit_prior(options.prior, p.discrete ? law.of_vectors : law.of_directions);
  p.mean_norm = p.discrete ? 1.0 : law.mean_norm;
  p.norm_variance = law.norm_variance;
  p.norm_stored = options.norm == "stored" || (options.norm == "auto" && !p.discrete);
  p.predicted = predicted_mse(p, p.prior, p.layers);
  if (options.norm != "auto" || p.discrete) return;
  if (p.norm_variance * (1.0 - p.predicted) >= kNegligibleGain * p.predicted) return;
  p.norm_stored = false;
  p.predicted = predicted_mse(p, p.prior, p.layers);
}

OneBitCodecParameters with_energies(const OneBitCodecParameters& axes, Vector energies,
                                    const data::Source& source, const OneBitFitOptions& options,
                                    ThreadPool& pool, Observer& observer) {
  OneBitCodecParameters p = axes;
  p.energies = std::move(energies);
  if (p.transform == TransformKind::Principal) {
    p.directions = MatrixF(axes.directions.topRows(p.used()));
  }
  choose_law(options, sample_law(p, source, options.seed, pool, observer), p);
  return p;
}

}  // namespace

OneBitFit fit_one_bit_codec(const data::Source& source, const OneBitFitOptions& options,
                            ThreadPool& pool, Observer& observer) {
  check(source, options);
  OneBitCodecParameters axes;
  const double bits = options.rate * static_cast<double>(source.dimension());
  require(bits <= 1e9, kWhere, fmt::format("a rate of {} makes codes too long", options.rate));
  axes.code_length = model::structured_code_length(source.dimension(), options.rate);
  axes.seed = options.seed;
  axes.layers = options.layers;
  fit_axes(source, transform_kind(options.transform), pool, observer, axes);
  std::optional<OneBitCodecParameters> best;
  for (Vector& energies : candidate_energies(axes.variances, axes.code_length)) {
    OneBitCodecParameters p =
        with_energies(axes, std::move(energies), source, options, pool, observer);
    if (!best || p.predicted < best->predicted) best = std::move(p);
  }
  OneBitPrediction prediction = predict(*best, sample_directions(*best, source, pool, observer));
  best->predicted = fitted_mse(prediction, best->layers);
  return {OneBitCodec(std::move(*best)), std::move(prediction)};
}

}  // namespace twofold::estimators
