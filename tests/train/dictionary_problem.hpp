// Planted dictionaries, their samples, and how near a dictionary is to the planted one.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/numerics/assignment.hpp"
#include "twofold/ops/sparse_codes.hpp"
#include "twofold/train/dictionary_descent.hpp"
#include "twofold/train/dictionary_start.hpp"

namespace twofold::train {

/// A mixture with unit means; uniform weights unless given.
inline data::DictionaryModel mixture(const std::string& dictionary, Index m, Index d, double noise,
                                     std::uint64_t seed, Vector weights = {}) {
  if (weights.size() == 0) weights = Vector::Constant(m, 1.0 / static_cast<double>(m));
  return {.law = data::CodeLaw::Mixture,
          .atoms = data::make_dictionary(dictionary, m, d, seed),
          .weights = std::move(weights),
          .noise = noise};
}

/// Codes ±1 on k of m atoms.
inline data::DictionaryModel sparse(const std::string& dictionary, Index m, Index d, Index k,
                                    double noise, std::uint64_t seed) {
  return {.law = data::CodeLaw::Sparse,
          .atoms = data::make_dictionary(dictionary, m, d, seed),
          .weights = {},
          .sparsity = k,
          .noise = noise};
}

/// Codes uniform on [1, 2] on 3 of m atoms, no noise: κ₁ = 3/2, κ₂ = 7/3.
inline data::DictionaryModel nonnegative(const std::string& dictionary, Index m, Index d,
                                         std::uint64_t seed) {
  return {.law = data::CodeLaw::Nonnegative,
          .atoms = data::make_dictionary(dictionary, m, d, seed),
          .weights = {},
          .sparsity = 3,
          .low = 1,
          .high = 2};
}

/// The first N samples.
inline Matrix samples(const data::DictionaryModel& model, Index count, std::uint64_t seed) {
  const data::DictionarySource source(model, seed);
  Matrix X(count, model.dimension());
  source.read(0, View<double>(X));
  return X;
}

/// Their true supports.
inline ops::SparseCodes<double> true_support(const data::DictionaryModel& model, Index count,
                                             std::uint64_t seed) {
  const data::DictionarySource source(model, seed);
  ops::SparseCodes<double> codes;
  codes.atoms = model.size();
  data::SparseCode code;
  for (Index s = 0; s < count; ++s) {
    source.code(static_cast<std::uint64_t>(s), code);
    for (const Index j : code.support) codes.index.push_back(static_cast<std::int32_t>(j));
    codes.offset.push_back(static_cast<std::int64_t>(codes.index.size()));
  }
  codes.value.assign(codes.index.size(), 0.0);
  return codes;
}

/// ‖W − A‖_F², each row of W with the sign that is nearer.
inline double squared_error(const Matrix& W, const Matrix& A) {
  double sum = 0;
  for (Index i = 0; i < A.rows(); ++i) {
    sum += std::min((W.row(i) - A.row(i)).squaredNorm(), (W.row(i) + A.row(i)).squaredNorm());
  }
  return sum;
}

/// |cos| of each atom with the row of W it is matched with, by the best assignment.
inline Vector matched_cosines(const Matrix& W, const Matrix& A) {
  const Matrix score = (A.rowwise().normalized() * W.rowwise().normalized().transpose()).cwiseAbs();
  const std::vector<Index> partner = numerics::maximal_assignment(score);
  Vector cosines = Vector::Zero(A.rows());
  for (Index i = 0; i < A.rows(); ++i) {
    if (const Index j = partner[static_cast<std::size_t>(i)]; j >= 0) cosines(i) = score(i, j);
  }
  return cosines;
}

/// Share of the atoms matched with |cos| > 0.95.
inline double share_found(const Matrix& W, const Matrix& A) {
  return (matched_cosines(W, A).array() > 0.95).cast<double>().mean();
}

/// A run on a fixed batch, without hooks.
inline DictionaryResult<double> descend(const Matrix& X, const Matrix& start,
                                        const DictionaryDescentOptions& options, ThreadPool& pool,
                                        const ops::SparseCodes<double>* oracle = nullptr) {
  return dictionary_descent<double>(X, start, options, {}, pool, no_observer(), oracle);
}

/// Squared error at the start and after each iteration.
inline std::vector<double> error_curve(const Matrix& X, const Matrix& start, const Matrix& A,
                                       DictionaryDescentOptions options, ThreadPool& pool,
                                       const ops::SparseCodes<double>* oracle = nullptr) {
  options.record_steps.clear();
  for (std::int64_t t = 0; t <= options.iterations + options.polish; ++t) {
    options.record_steps.push_back(t);
  }
  std::vector<double> errors;
  DictionaryHooks<double> hooks;
  hooks.on_record = [&](const DictionaryState<double>& state) {
    errors.push_back(squared_error(state.atoms, A));
  };
  (void)dictionary_descent<double>(X, start, options, hooks, pool, no_observer(), oracle);
  return errors;
}

}  // namespace twofold::train
