// Trains a k-sparse autoencoder on the user's own rows; chooses what was not said, and says why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/dictionary_learner.hpp"
#include "twofold/estimators/learned_dictionary.hpp"
#include "twofold/train/topk_training.hpp"

namespace twofold::estimators {

/// What is asked for; a value of 0 leaves the choice to the learner.
struct TopKOptions {
  Index atoms = 0;                ///< m >= 1, must be given
  Index sparsity = 0;             ///< k in [1, m], must be given
  std::int64_t steps = 0;         ///< updates
  Index batch = 0;                ///< rows of one update
  double learning_rate = 0.0;     ///< η of Adam, on rows scaled to E‖x‖² = 1
  bool tied = false;              ///< the encoder is the decoder transposed
  std::int64_t dead_after = 0;    ///< rows without firing after which a unit counts as dead
  double auxiliary = 1.0 / 32.0;  ///< weight α >= 0 of the loss that revives dead units
  bool centre = true;             ///< a decoder bias, started at the mean; else none
  std::uint64_t memory = std::uint64_t{1} << 30;  ///< as in DictionaryOptions
  std::uint64_t seed = 1;
  std::filesystem::path checkpoint = {};  ///< folder; empty: the run cannot be resumed
  double checkpoint_seconds = 60.0;       ///< between checkpoints; one is also made at a stop
  bool resume = false;                    ///< go on from the checkpoint, if there is one
};

/// Known before training.
struct TopKPlan {
  DictionarySurvey survey;
  std::int64_t steps = 0;
  Index batch = 0;
  train::TopKSchedule schedule;
  std::int64_t dead_after = 0;
  /// Explained variance of surveyed rows by their k leading principal components: the most that k
  /// numbers give linearly.
  double principal = 0.0;
  Matrix components;  ///< those directions, orthonormal rows, k×d (d×d if k > d)
  std::vector<DictionaryChoice> choices;
  std::vector<std::string> warnings;
  std::string fingerprint;  ///< names the run: rows and everything that decides its bits
};

/// A batch during training, before its update.
struct TopKCurvePoint {
  std::int64_t step = 0;
  double loss = 0.0;       ///< ½ mean ‖x − x̂‖² of rows scaled to E‖x‖² = 1
  double explained = 0.0;  ///< 1 − Σ‖x − x̂‖²/Σ‖x − x̄‖² of the batch
  double active = 0.0;     ///< mean number of units of a row, L0
  double dead = 0.0;       ///< fraction of units that have been silent for `dead_after` rows

  bool operator==(const TopKCurvePoint&) const = default;
};

/// How it ended.
struct [[nodiscard]] TopKFit {
  LearnedDictionary dictionary;  ///< in the units of the rows; of use only if Finished
  train::SgdStatus status = train::SgdStatus::Finished;
  StopRequest stop = StopRequest::None;
  std::int64_t steps = 0;       ///< updates made
  std::int64_t first_step = 0;  ///< > 0 if it went on from a checkpoint
  std::vector<TopKCurvePoint> curve;
  Index dead = 0;         ///< units that have been silent for `dead_after` rows at the end
  Index duplicates = -1;  ///< units within cos > 0.9 of an earlier one; −1: m > 8192, not counted
  double seconds = 0.0;
};

/// Learns in two stages, like DictionaryLearner.
///
/// Training is train::topk_training in single precision on rows (x − mean)/scale with E‖x‖² = 1.
/// Row t B + b of the run is row π_e(i) of the file, e and i quotient and remainder by the number
/// of rows: every epoch visits each row once, in an order that is a function of (seed, e) alone
/// (data::BatchSampler), so a resumed run sees the rows that the uninterrupted one would have seen.
///
/// The dictionary takes rows as they are: with training weights E, D, b, c,
///
///   E, D as they are,   b <- scale·b,   mean <- mean + scale·c,
///
/// gives scale times the codes, exactly, because the k largest do not change with the scale.
/// Bitwise the same for any pool size, and for a run that was stopped and resumed.
class TopKLearner {
 public:
  /// @param rows  finite; must outlive the learner.
  /// @throws InvalidArgument  if an option is outside its domain; DataError if all rows are equal
  ///         or one cannot be read; Stopped if the observer asks for it.
  TopKLearner(std::shared_ptr<const data::Source> rows, const TopKOptions& options,
              ThreadPool& pool, Observer& observer = no_observer());
  ~TopKLearner();
  TopKLearner(const TopKLearner&) = delete;
  TopKLearner& operator=(const TopKLearner&) = delete;

  [[nodiscard]] const TopKPlan& plan() const noexcept;

  /// A stop that the observer asks for is a status here: a checkpoint was written, if there is a
  /// folder. Progress carries loss, explained variance, L0 and dead fraction.
  /// @throws DataError  if a row cannot be read or the checkpoint is of another run; OutputError.
  TopKFit fit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twofold::estimators
