// What accuracy a dictionary can have, from a few numbers of the data, before it is learned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// The data as theory needs to know them.
struct DictionaryAssumptions {
  DictionaryKind kind = DictionaryKind::Sparse;
  Index dimension = 0, atoms = 0, sparsity = 1;
  double amplitude = 1.0;  ///< |c| a typical contribution, in the unit of the data
  double noise = 0.0;      ///< σ
  std::uint64_t rows = 0;  ///< N
  Vector spectrum = {};    ///< subspace: eigenvalues of the covariance, descending
};

/// One line of the table.
struct ExpectedQuantity {
  std::string name;    ///< key
  std::string text;    ///< for people
  double value = 0.0;  ///< NaN: not known
  std::string source;  ///< docs/...#section
};

/// "What accuracy can I expect", if the rows follow the model with atoms in random directions.
struct DictionaryExpectation {
  std::vector<ExpectedQuantity> table;
  double explained_variance = 0.0;  ///< of new rows; NaN: not known
  double mean_cosine = 0.0;         ///< of learned and true atoms; NaN: not known
  double consistency = 0.0;         ///< P(whole support of a row right) at half the amplitude
  bool threshold_reliable = false;  ///< amplitude/2 >= 4 standard deviations of the cross-talk

  [[nodiscard]] double value(std::string_view name) const;  ///< of the table; NaN if absent
};

/// The table, by theory::recovery_floor and its neighbours for a dictionary of random directions.
///
/// Explained variance: with x̂ = Σ z_j w_j over the right support,
///
///   E‖x − x̂‖² = σ²(d − k) + k (k − 1) κ₂/d + k κ₂ e,   e = E‖w_j − a_j‖² of one atom,
///
/// relative to k κ₂ + σ² d: noise outside the atoms, cross-talk between them, error of the atoms
/// (docs/dictionary.md#expectation). A mixture has k = 1; a subspace Σ_{i≤m} λ_i/Σ λ_i.
[[nodiscard]] DictionaryExpectation expect_dictionary(const DictionaryAssumptions& assumptions);

}  // namespace twofold::estimators
