#include "twofold/data/dictionary_model.hpp"

#include <fmt/format.h>

#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr double kRounding = 1e-9;  // what a computed norm or sum of weights may be off

void check_atoms(const DictionaryModel& model, std::string_view where) {
  require(model.atoms.size() > 0, where,
          fmt::format("a dictionary needs atoms, got {} x {}", model.size(), model.dimension()));
  for (Index j = 0; j < model.size(); ++j) {
    const double norm = model.atoms.row(j).norm();
    require(std::isfinite(norm), where, fmt::format("atom {} has a number that is not finite", j));
    require(model.law == CodeLaw::Mixture || std::abs(norm - 1.0) <= kRounding, where,
            fmt::format("atom {} has norm {}; atoms of sparse codes have norm 1", j, norm));
  }
}

void check_weights(const DictionaryModel& model, std::string_view where) {
  const Vector& weights = model.weights;
  if (model.law != CodeLaw::Mixture) {
    require(weights.size() == 0, where, "weights are for a mixture; sparse codes have none");
    return;
  }
  require(weights.size() == model.size(), where,
          fmt::format("{} weights are given for {} components", weights.size(), model.size()));
  for (Index j = 0; j < weights.size(); ++j) {
    require(std::isfinite(weights[j]) && weights[j] > 0.0, where,
            fmt::format("weights must be > 0, but number {} is {}; leave that component out", j,
                        weights[j]));
  }
  require(std::abs(weights.sum() - 1.0) <= kRounding, where,
          fmt::format("weights add up to {}, not to 1; divide them by it", weights.sum()));
}

}  // namespace

double DictionaryModel::probability(Index j) const noexcept {
  if (law == CodeLaw::Mixture) return weights[j];
  return static_cast<double>(sparsity) / static_cast<double>(size());
}

// E|c|^p = (high^{p+1} − low^{p+1}) / ((p + 1)(high − low)) = mean of low^i high^{p−i}, i = 0 ...
// p.
double DictionaryModel::absolute_moment(int p) const noexcept {
  double sum = 0.0;
  for (int i = 0; i <= p; ++i) sum += std::pow(low, i) * std::pow(high, p - i);
  return sum / (p + 1);
}

double DictionaryModel::kappa1() const noexcept {
  return law == CodeLaw::Sparse ? 0.0 : absolute_moment(1);
}

void check_model(const DictionaryModel& model, std::string_view where) {
  check_atoms(model, where);
  check_weights(model, where);
  require(model.sparsity >= 1 && model.sparsity <= model.size(), where,
          fmt::format("sparsity k must be in [1, m], got k = {} with m = {} atoms", model.sparsity,
                      model.size()));
  require(model.low > 0.0 && model.low <= model.high && std::isfinite(model.high), where,
          fmt::format("amplitudes need 0 < low <= high, got [{}, {}]", model.low, model.high));
  require(model.law != CodeLaw::Mixture ||
              (model.sparsity == 1 && model.low == 1.0 && model.high == 1.0),
          where,
          fmt::format("a mixture has k = 1 and amplitude 1, got k = {} and [{}, {}]",
                      model.sparsity, model.low, model.high));
  require(model.noise >= 0.0 && std::isfinite(model.noise), where,
          fmt::format("noise must be finite and >= 0, got {}", model.noise));
}

}  // namespace twofold::data
