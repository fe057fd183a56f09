#include "dictionary_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr auto kWhere = "data::open_dataset";

Index whole_sparsity(const SourceOptions& options) {
  const double k = options.sparsity;
  require(k >= 1.0 && k == std::floor(k) && k <= static_cast<double>(options.atoms), kWhere,
          fmt::format("source {} needs sparsity, the number of atoms in a sample, as a whole "
                      "number from 1 to atoms = {}, got {}",
                      options.source, options.atoms, k));
  return static_cast<Index>(k);
}

Vector normalised_weights(const SourceOptions& options) {
  const auto m = static_cast<Index>(options.atoms);
  if (options.weights.empty()) return Vector::Constant(m, 1.0 / static_cast<double>(m));
  require(options.weights.size() == static_cast<std::size_t>(m), kWhere,
          fmt::format("weights has {} values, but there are atoms = {} components; give one for "
                      "each, or none for equal ones",
                      options.weights.size(), m));
  const Vector weights = Eigen::Map<const Vector>(options.weights.data(), m);
  require(weights.allFinite() && weights.minCoeff() > 0.0, kWhere,
          fmt::format("weights must be > 0, got [{}]; leave out components that never occur",
                      fmt::join(options.weights, ", ")));
  constexpr double decimals = 1e-5;  // of numbers such as 0.333333
  const double sum = weights.sum();
  require(std::abs(sum - 1.0) <= decimals, kWhere,
          fmt::format("weights add up to {}, not to 1; divide them by it", sum));
  return weights / sum;
}

void read_amplitude(const SourceOptions& options, DictionaryModel& model) {
  const auto& amplitude = options.amplitude;
  if (amplitude.empty()) {
    model.high = model.law == CodeLaw::Nonnegative ? 2.0 : 1.0;
    return;
  }
  require(amplitude.size() == 2 && amplitude[0] > 0.0 && amplitude[0] <= amplitude[1] &&
              std::isfinite(amplitude[1]),
          kWhere,
          fmt::format("amplitude must be [low, high] with 0 < low <= high, got [{}]",
                      fmt::join(amplitude, ", ")));
  model.low = amplitude[0];
  model.high = amplitude[1];
}

}  // namespace

std::optional<CodeLaw> code_law(std::string_view source) {
  if (source == "mixture_of_gaussians") return CodeLaw::Mixture;
  if (source == "sparse_coding") return CodeLaw::Sparse;
  if (source == "nonnegative_sparse_coding") return CodeLaw::Nonnegative;
  return std::nullopt;
}

DictionaryModel dictionary_model(const SourceOptions& options, CodeLaw law, std::uint64_t seed) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  require(options.dimension >= 1 && options.dimension < most, kWhere,
          fmt::format("source {} needs dimension >= 1, got {}", options.source, options.dimension));
  require(options.atoms >= 1 && options.atoms < most, kWhere,
          fmt::format("source {} needs atoms >= 1, the size of its dictionary, got {}",
                      options.source, options.atoms));
  require(std::isfinite(options.noise) && options.noise >= 0.0, kWhere,
          fmt::format("noise must be finite and >= 0, got {}", options.noise));
  const bool mixture = law == CodeLaw::Mixture;
  require(mixture || options.weights.empty(), kWhere,
          fmt::format("weights are for mixture_of_gaussians, not for {}", options.source));
  require(!mixture || options.amplitude.empty(), kWhere,
          "amplitude is for sparse codes; the means of a mixture come with their size, from a "
          ".npy file in dictionary");
  DictionaryModel model;
  model.law = law;
  model.noise = options.noise;
  if (mixture) {
    model.weights = normalised_weights(options);
  } else {
    model.sparsity = whole_sparsity(options);
    read_amplitude(options, model);
  }
  model.atoms = make_dictionary(options.dictionary, static_cast<Index>(options.atoms),
                                static_cast<Index>(options.dimension), seed, mixture);
  return model;
}

void refuse_dictionary_keys(const SourceOptions& options) {
  const SourceOptions unset;
  const auto refuse = [&](bool set, std::string_view key) {
    require(!set, kWhere,
            fmt::format("{} applies to mixture_of_gaussians, sparse_coding and "
                        "nonnegative_sparse_coding, not to {}",
                        key, options.source));
  };
  refuse(options.atoms != unset.atoms, "atoms");
  refuse(options.dictionary != unset.dictionary, "dictionary");
  refuse(!options.weights.empty(), "weights");
  refuse(!options.amplitude.empty(), "amplitude");
}

}  // namespace twofold::data
