// Training rows of a dictionary: surveyed, normalised to E‖x‖² = 1, in memory where they fit.
#pragma once

#include <memory>

#include "twofold/estimators/dictionary_learner.hpp"

namespace twofold::estimators {

/// One pass over the rows; over evenly spaced ones if there are more than `most`.
/// @param centre  subtract the mean; else `mean` of the survey is 0.
/// @throws DataError  if all rows are equal; Stopped.
[[nodiscard]] DictionarySurvey survey_rows(const data::Source& rows, bool centre, ThreadPool& pool,
                                           Observer& observer,
                                           std::uint64_t most = data::kUnlimited);

/// Rows (x − mean)/scale in single precision.
class NormalisedRows {
 public:
  /// Reads them into memory if they take no more than so many bytes.
  NormalisedRows(std::shared_ptr<const data::Source> rows, const Vector& mean, double scale,
                 std::uint64_t memory, ThreadPool& pool, Observer& observer);

  [[nodiscard]] const data::Source& source() const noexcept { return *source_; }
  /// All of them; null where they are not in memory.
  [[nodiscard]] const MatrixF* in_memory() const noexcept { return memory_; }
  /// Evenly spaced rows, at most 20 000 and at most 16 million numbers.
  [[nodiscard]] const MatrixF& pilot() const noexcept { return pilot_; }

 private:
  std::shared_ptr<const data::Source> source_;
  const MatrixF* memory_ = nullptr;
  MatrixF pilot_;
};

/// Eigenvalues of the (uncentred) second moment of the pilot rows, descending; empty above
/// dimension 1024.
[[nodiscard]] Vector pilot_spectrum(const MatrixF& pilot, ThreadPool& pool);

}  // namespace twofold::estimators
