// Learns a dictionary from the user's own rows; chooses what was not said, and says why.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/dictionary_expectation.hpp"
#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// What is asked for; a value of 0 leaves the choice to the learner.
struct DictionaryOptions {
  DictionaryKind kind = DictionaryKind::Sparse;
  Index atoms = 0;              ///< m >= 1, must be given
  Index sparsity = 0;           ///< k in [1, m]; a mixture has 1, a subspace m
  double threshold = 0.0;       ///< of |z| in the unit of the data; 0: chosen after training
  double step = 0.5;            ///< τ at the start, in units of m/(k κ₂); falls to a tenth
  std::int64_t iterations = 0;  ///< of one start
  int starts = 2;               ///< >= 1; two tell how stable the atoms are
  double time_limit = 0.0;      ///< seconds for all of it; what is there by then is the result
  std::optional<bool> centre;   ///< subtract the mean; by default for all but mixtures
  /// Bytes that the rows may take in single precision to be kept in memory; more are read again
  /// from the source whenever they are needed. The result is the same but for mixtures, which
  /// descend on batches then.
  std::uint64_t memory = std::uint64_t{1} << 30;
  std::uint64_t seed = 1;
};

/// One thing the learner decided.
struct DictionaryChoice {
  std::string name, value, why;
};

/// What was seen of the training rows in one pass.
struct DictionarySurvey {
  std::uint64_t rows = 0;      ///< that there are
  std::uint64_t surveyed = 0;  ///< of them: what the numbers below are of
  Index dimension = 0;
  Vector mean;                  ///< that is subtracted; zeros if none is
  double energy = 0.0;          ///< E‖x − mean‖² with that mean
  double variance = 0.0;        ///< E‖x − x̄‖²
  double noise = 0.0;           ///< σ: per coordinate
  std::string noise_source;     ///< how it was found; empty: not known, 0 is assumed
  std::uint64_t zero_rows = 0;  ///< all elements 0
  Index constant_columns = 0;
  bool one_sign = false;  ///< no element is negative
};

/// Explained variance on rows that a short trial with this sparsity did not see.
struct SparsityTrial {
  Index sparsity = 1;
  double explained = 0.0;
};

/// Known before training proper.
struct DictionaryPlan {
  DictionarySurvey survey;
  Index sparsity = 1;      ///< k
  double amplitude = 1.0;  ///< √κ₂ = √((energy − dσ²)/k): a typical contribution
  std::vector<SparsityTrial> trials;  ///< empty where k was given
  std::vector<DictionaryChoice> choices;
  std::vector<std::string> warnings;
  DictionaryExpectation expectation;
};

enum class LearnStatus {
  Finished,
  OutOfTime,  ///< the time limit ended the training; the dictionary is what was there
  Collapsed,  ///< the loss did not come down, whatever the step; the dictionary is of no use
};

/// How it ended.
struct [[nodiscard]] DictionaryFit {
  LearnedDictionary dictionary;
  LearnStatus status = LearnStatus::Finished;
  double trained_explained = 0.0;         ///< explained variance of training rows
  Index agreed = -1;                      ///< atoms that a second start found too (|cos| > 0.95);
                                          ///< −1: there was one start
  Index exchanged = 0;                    ///< atoms taken over from the other start
  Index duplicates = 0;                   ///< atoms within |cos| > 0.9 of an earlier one
  std::int64_t iterations = 0;            ///< of all starts
  std::vector<DictionaryChoice> choices;  ///< made after training: the gate
  std::vector<std::string> warnings;
  double seconds = 0.0;
};

/// Learns in two stages, so that what is expected can be read before what is found.
///
///   DictionaryLearner learner(rows, options, pool);
///   learner.plan();    survey, sparsity, noise, expectation
///   learner.fit();     starts, descent, merge of the starts, gate
///
/// Sparse and non-negative: train::dictionary_descent with the k largest z of a row, the decoder's
/// gradient and batches of 100 rows, from random rows; two starts, and where they disagree the
/// atoms that explain more. Mixture: greedy k-means++ in the leading subspace, then full-batch
/// descent. Subspace: eigenvectors of the covariance. How and why: docs/dictionary.md.
///
/// Training is in single precision on rows scaled to E‖x‖² = 1.
/// Bitwise the same for any pool size if there is no time limit.
class DictionaryLearner {
 public:
  /// @param rows  finite; must outlive the learner.
  /// @throws InvalidArgument  if an option is outside its domain, or there are fewer rows (not 0)
  ///         than atoms; DataError if all rows are equal or one cannot be read; Stopped
  ///         (one_bit_prediction.hpp) if the observer asks for it.
  DictionaryLearner(std::shared_ptr<const data::Source> rows, const DictionaryOptions& options,
                    ThreadPool& pool, Observer& observer = no_observer());
  ~DictionaryLearner();
  DictionaryLearner(const DictionaryLearner&) = delete;
  DictionaryLearner& operator=(const DictionaryLearner&) = delete;

  [[nodiscard]] const DictionaryPlan& plan() const noexcept;

  /// @throws InvalidArgument  if options.threshold is above every |z|: the message names the
  /// largest;
  ///         DataError, Stopped as above.
  DictionaryFit fit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace twofold::estimators
