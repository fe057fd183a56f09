// One descent of the learner, and what is asked about its outcome.
#pragma once

#include <chrono>
#include <vector>

#include "dictionary_rows.hpp"
#include "twofold/train/dictionary_descent.hpp"

namespace twofold::estimators {

/// Passes on what another observer says, and asks to stop at a deadline.
class DeadlineObserver final : public Observer {
 public:
  /// @param seconds  from now; 0: never.
  DeadlineObserver(Observer& inner, double seconds);
  void progress(const Progress& p) override { inner_.progress(p); }
  void message(Severity severity, std::string_view text) override {
    inner_.message(severity, text);
  }
  [[nodiscard]] StopRequest stop_requested() const override;
  [[nodiscard]] bool out_of_time() const;
  /// Without the deadline: for what must be done whole.
  [[nodiscard]] Observer& inner() const noexcept { return inner_; }
  /// Throws Stopped if the other observer asks to stop: a deadline does not.
  void stop_if_interrupted() const;

 private:
  Observer& inner_;
  std::chrono::steady_clock::time_point deadline_;
  bool limited_;
};

/// Batches of the sparse recipe, "from samples" in docs/dictionary.md#recipe.
struct SparseRun {
  Index atoms = 1, sparsity = 1;
  bool positive = false;
  double step = 0.5, last_step = 0.05;
  std::int64_t iterations = 500;
  bool reseed = true;  ///< replace idle, busy and repeated units where a row has one atom
  std::uint64_t seed = 1;
  std::string stage = "train";
};

inline constexpr Index kBatch = 100;

[[nodiscard]] ops::Gate largest(Index k, bool positive);

/// Descent of rows with E‖x‖² = 1 from `start`; ends early, with what it has, at a deadline.
[[nodiscard]] train::DictionaryResult<float> descend(const data::Source& rows, MatrixF start,
                                                     const SparseRun& run, ThreadPool& pool,
                                                     DeadlineObserver& observer);

/// A descent and what its atoms explain; one that explains nothing has collapsed.
struct Descent {
  MatrixF atoms;
  double explained = 0.0;  ///< of the pilot; −infinity if the atoms are not finite
  std::int64_t iterations = 0;
  double step = 0.0;  ///< the one it was made with

  [[nodiscard]] bool collapsed() const noexcept { return !(explained > 0.0); }
};

/// From random rows of the pilot; after a collapse again with half the step, three times.
[[nodiscard]] Descent descend_from_rows(const data::Source& rows, const MatrixF& pilot,
                                        SparseRun run, ThreadPool& pool,
                                        DeadlineObserver& observer);

/// Random rows of the pilot as atoms.
[[nodiscard]] MatrixF start_from_rows(const MatrixF& pilot, Index atoms, std::uint64_t seed);

/// 1 − Σ‖x − x̂‖²/Σ‖x − x̄‖² of these rows.
[[nodiscard]] double explained(const MatrixF& rows, const MatrixF& atoms, const ops::Gate& gate,
                               ThreadPool& pool);

/// Merges two dictionaries of m atoms: what both have (|cos| > 0.95) stays; of what only one has,
/// those with the largest share Σ c² of the codes of all of them together are taken.
struct MergedAtoms {
  MatrixF atoms;
  Index agreed = 0;     ///< atoms of `first` that `second` has too
  Index exchanged = 0;  ///< atoms of `second` that took a place
};
[[nodiscard]] MergedAtoms merge_atoms(const MatrixF& first, const MatrixF& second,
                                      const MatrixF& rows, const ops::Gate& gate, ThreadPool& pool);

}  // namespace twofold::estimators
