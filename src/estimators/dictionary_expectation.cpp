#include "twofold/estimators/dictionary_expectation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "twofold/theory/dictionary_recovery.hpp"

namespace twofold::estimators {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kReliable = 4.0;      // threshold over the cross-talk's standard deviation
constexpr double kGoodCosine = 0.995;  // what "samples needed" asks for
constexpr auto kFloors = "docs/theory/dictionary_recovery.md#floors";
constexpr auto kConsistency = "docs/theory/dictionary_recovery.md#consistency";
constexpr auto kHere = "docs/dictionary.md#expectation";

// A dictionary of the same shape in random directions, in units of the amplitude.
data::DictionaryModel stand_in(const DictionaryAssumptions& a) {
  data::DictionaryModel model;
  const bool mixture = a.kind == DictionaryKind::Mixture;
  model.law = mixture                                 ? data::CodeLaw::Mixture
              : a.kind == DictionaryKind::Nonnegative ? data::CodeLaw::Nonnegative
                                                      : data::CodeLaw::Sparse;
  model.atoms = data::make_dictionary("random", a.atoms, a.dimension, 1);
  if (mixture) {
    model.weights = Vector::Constant(a.atoms, 1.0 / static_cast<double>(a.atoms));
  }
  model.sparsity = mixture ? 1 : a.sparsity;
  model.noise = a.noise / a.amplitude;
  return model;
}

DictionaryExpectation expect_subspace(const DictionaryAssumptions& a) {
  DictionaryExpectation e;
  e.mean_cosine = kUnknown;
  e.explained_variance =
      a.spectrum.size() == 0
          ? kUnknown
          : a.spectrum.head(std::min(a.atoms, a.spectrum.size())).sum() / a.spectrum.sum();
  e.table.push_back(
      {"explained_variance", "explained variance, training rows", e.explained_variance, kHere});
  return e;
}

}  // namespace

double DictionaryExpectation::value(std::string_view name) const {
  const auto found = std::ranges::find(table, name, &ExpectedQuantity::name);
  return found == table.end() ? kUnknown : found->value;
}

DictionaryExpectation expect_dictionary(const DictionaryAssumptions& a) {
  if (a.kind == DictionaryKind::Subspace) return expect_subspace(a);
  constexpr auto gradient = theory::RecoveryGradient::DecoderOnly;
  const data::DictionaryModel model = stand_in(a);
  const auto m = static_cast<double>(a.atoms), k = static_cast<double>(model.sparsity),
             d = static_cast<double>(a.dimension);
  const theory::RecoveryFloor floor = theory::recovery_floor(model, gradient, a.rows, 0.0);
  DictionaryExpectation e;
  const double error = floor.total() / m;  // E‖w − a‖² = 2 (1 − cos) of one atom
  e.mean_cosine = std::max(0.0, 1.0 - 0.5 * error);
  const double lost =
      model.noise * model.noise * std::max(0.0, d - k) + k * (k - 1) / d + k * error;
  e.explained_variance = 1.0 - lost / (k + model.noise * model.noise * d);
  e.consistency = theory::code_consistency(model, 0.5, std::sqrt(std::min(error, 2.0)));
  const double talk = theory::cross_talk(model, false);
  e.threshold_reliable = 0.5 >= kReliable * talk;
  e.table = {
      {"floor", "squared error of an atom: cross-talk, any number of rows", floor.population / m,
       kFloors},
      {"sampling_term", "  + this number of rows", floor.sampling / m, kFloors},
      {"noise_term", "  + noise in this number of rows", floor.noise / m, kFloors},
      {"mean_cosine", "mean |cos| of learned and true atoms", e.mean_cosine, kFloors},
      {"needed_rows", "rows for |cos| 0.995, the floor apart",
       theory::needed_samples(model, gradient, 2.0 * (1.0 - kGoodCosine)), kFloors},
      {"threshold_margin", "half the amplitude over the cross-talk (4: a threshold will do)",
       0.5 / talk, kConsistency},
      {"consistency", "rows whose whole support a threshold finds", e.consistency, kConsistency},
      {"explained_variance", "explained variance of new rows", e.explained_variance, kHere}};
  return e;
}

}  // namespace twofold::estimators
