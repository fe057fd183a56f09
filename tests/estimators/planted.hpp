// Rows with a known dictionary, for the tests of this layer.
#pragma once

#include <memory>

#include "twofold/data/array_source.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/data/row_range.hpp"
#include "twofold/estimators/dictionary_learner.hpp"

namespace twofold::estimators {

struct Planted {
  data::DictionaryModel model;
  std::shared_ptr<const data::Source> rows;
};

/// Rows of x = Aᵀc + noise, A in random directions.
inline Planted planted(data::CodeLaw law, Index d, Index m, Index k, double noise,
                       std::uint64_t rows, std::uint64_t seed = 1) {
  Planted made;
  made.model.law = law;
  made.model.atoms = data::make_dictionary("random", m, d, seed);
  if (law == data::CodeLaw::Mixture) {
    made.model.weights = Vector::Constant(m, 1.0 / static_cast<double>(m));
  }
  made.model.sparsity = k;
  made.model.noise = noise;
  const auto source = std::make_shared<data::DictionarySource>(made.model, seed);
  made.rows = data::row_range(source, 0, rows);
  return made;
}

inline Matrix all_rows(const data::Source& source) {
  Matrix rows(static_cast<Index>(source.size()), source.dimension());
  source.read(0, View<double>(rows));
  return rows;
}

inline DictionaryFit learned(const std::shared_ptr<const data::Source>& rows,
                             const DictionaryOptions& options, int threads = 1) {
  ThreadPool pool(threads);
  return DictionaryLearner(rows, options, pool).fit();
}

}  // namespace twofold::estimators
