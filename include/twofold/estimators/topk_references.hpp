// What the explained variance of a k-sparse autoencoder is to be compared with.
#pragma once

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// The `count` leading principal directions of rows whose mean is about 0, by subspace iteration.
///
/// @param rows   N×d.  @param count  >= 1; all d directions if it is more.
/// @return       orthonormal rows, the leading one first.
/// Accuracy: the share of the variance they explain is below that of the exact ones by less than
/// 1e-3; where eigenvalues are close the directions themselves may turn.
/// Cost 2Nd² + 80 d² (count + 16) flops. Bitwise the same for any pool size.
[[nodiscard]] Matrix principal_components(const MatrixF& rows, Index count, ThreadPool& pool);

/// Explained variance of the same rows in four ways. Nothing here is a prediction: the last is
/// the best that k numbers do linearly, the second and third say what the encoder costs.
struct TopKReferences {
  std::uint64_t rows = 0;
  double encoder = 0.0;        ///< by the dictionary's own codes
  double least_squares = 0.0;  ///< the same units, values that explain most: >= encoder
  double pursuit = 0.0;  ///< k units of either sign by orthogonal matching pursuit, which is greedy
                         ///< and no bound; NaN if m > 8192: it needs m² numbers
  double principal = 0.0;  ///< k principal components
};

/// @param rows        transformed, any number; at most 2000 of them, evenly spaced, are looked at.
/// @param components  orthonormal rows.  @param mean  where they start from.
/// @throws InvalidArgument  if the dictionary is not one of top-k or shapes do not fit, or these
///         rows are all equal; Stopped if the observer asks for it.
[[nodiscard]] TopKReferences topk_references(const LearnedDictionary& dictionary,
                                             const data::Source& rows, const Matrix& components,
                                             const Vector& mean, ThreadPool& pool,
                                             Observer& observer = no_observer());

}  // namespace twofold::estimators
