// Codes and reconstructions of files of any size, a block at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "twofold/core/observer.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"
#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// What a pass over rows did.
struct DictionaryPass {
  std::uint64_t rows = 0;
  std::uint64_t entries = 0;      ///< of codes that are not 0
  std::uint64_t empty = 0;        ///< rows whose code is 0 throughout
  ExplainedVariance explained;    ///< of these rows by their reconstructions
  std::vector<std::int64_t> use;  ///< how often each atom fired
  double seconds = 0.0;           ///< reading and computing, without writing

  /// Mean number of atoms of a row.
  [[nodiscard]] double l0() const noexcept {
    return rows == 0 ? 0.0 : static_cast<double>(entries) / static_cast<double>(rows);
  }
};

/// The rows as the dictionary takes them: its transforms applied.
/// @throws DataError  if their dimension is not the one it was learned on, or they are no images
///         where a transform needs them, or the dictionary is the remains of a collapse.
[[nodiscard]] std::shared_ptr<const data::Source> transformed_rows(
    const LearnedDictionary& dictionary, std::shared_ptr<const data::Source> rows);

/// Codes of rows that are transformed already, and how well they explain them; of evenly spaced
/// ones if there are more than `most`.
/// @throws Stopped (one_bit_prediction.hpp) if the observer asks for it; DataError from the source.
/// Memory: blocks of about 2 million numbers.
[[nodiscard]] DictionaryPass measure_dictionary(const LearnedDictionary& dictionary,
                                                const data::Source& transformed, ThreadPool& pool,
                                                Observer& observer = no_observer(),
                                                std::uint64_t most = data::kUnlimited);

/// The same, and the codes into `file` (.npz, data::write_csr), complete or absent.
DictionaryPass write_codes(const LearnedDictionary& dictionary, const data::Source& transformed,
                           const std::filesystem::path& file, ThreadPool& pool,
                           Observer& observer = no_observer());

/// The same, and the reconstructions of the transformed rows into `file` (.npy or .fvecs).
DictionaryPass write_reconstructions(const LearnedDictionary& dictionary,
                                     const data::Source& transformed,
                                     const std::filesystem::path& file, ThreadPool& pool,
                                     Observer& observer = no_observer());

}  // namespace twofold::estimators
