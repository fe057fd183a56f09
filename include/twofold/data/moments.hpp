// Mean and second moment of a source, in one pass.
#pragma once

#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// Statistics of n samples of dimension d, in double.
struct Moments {
  std::uint64_t count = 0;              ///< n
  Vector mean;                          ///< (1/n) Σ x, length d
  Matrix second;                        ///< (1/n) Σ x xᵀ, d×d, not centred
  std::vector<Index> constant_columns;  ///< elements that have one value in all samples

  /// second − mean meanᵀ (divided by n, not n − 1).
  [[nodiscard]] Matrix covariance() const { return second - mean * mean.transpose(); }
};

/// Streams over all rows; memory is a chunk of about 4 million numbers and d² doubles.
///
/// Constant columns are reported to the observer as a warning: their variance is 0.
/// Bitwise the same for any pool size.
/// @throws DataError        if the source has fewer than 2 rows, or a row cannot be read.
/// @throws InvalidArgument  if the source is unlimited.
/// Accuracy: as SecondMoment for the kind of source (float where `exact_in_float`).
[[nodiscard]] Moments moments(const Source& source, ThreadPool& pool,
                              Observer& observer = no_observer());

}  // namespace twofold::data
