// Whether the theory of dictionary recovery applies to a run: each condition with its margin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// A run as theory needs to know it.
struct RecoveryRun {
  RecoveryGradient gradient = RecoveryGradient::Full;
  double step = 1.0;             ///< τ in units of step_unit
  std::int64_t iterations = 30;  ///< T
  std::uint64_t samples = 0;     ///< fixed batch N; 0: infinite
  std::int64_t fresh_batch = 0;  ///< samples of a fresh batch per step; 0: fixed
  double start_distance = 0.3;   ///< δ
  double threshold = 0.5;  ///< of the gate, best_threshold for the k largest; not read if bias < 0
  double bias = 0.0;       ///< b at the start; 0 without
  double bias_shrink = 1.0;  ///< after each step b <- −max(|b|/shrink, floor)
  double bias_floor = 0.0;
  std::uint64_t seed = 1;  ///< of the directions of the start
};

/// Throws InvalidArgument(where, ...) unless τ > 0, T >= 0, fresh_batch >= 0, δ in [0, √2],
/// b <= 0 (0 for signed codes), shrink >= 1, 0 <= floor, and threshold >= 0 where b = 0.
void check_run(const data::DictionaryModel& model, const RecoveryRun& run, std::string_view where);

/// b at iteration t of the run.
[[nodiscard]] double bias_at(const RecoveryRun& run, std::int64_t t);

/// One condition of the theory.
struct Assumption {
  std::string
      name;  ///< incoherence | sparsity | threshold | bias | signal | start | step | samples
  double value = 0, limit = 0;
  double margin = 0;  ///< how many times over it is fulfilled, at most 1e6; < 1: violated
  bool holds = false;
  std::string text;  ///< what it means, and if it is violated what to change
};

/// The conditions under which floors and curve were derived; a violated one makes claims about
/// them not applicable.
///
///   incoherence  √d max |â_i·â_j| <= √d/2
///   sparsity     k <= √d
///   threshold    λ/s₀ >= 4, s₀ = cross_talk(off) at the start or the end, whichever is larger
///                (gates: bias 0)
///   bias         |b_T|/s₀ >= 2, s₀ at the end (relu: bias < 0)
///   signal       (least |c| − λ)/s₁ >= 2, s₁ = cross_talk(on), λ the threshold or |b_T|
///   start        δ <= 1.1
///   step         τ <= the edge with N samples
///   samples      fixed batch: spread y = (κ₄/κ₂² + k − 1)/(N min p) <= 1/4; fresh ones:
///                y <= (2 − τ)/2τ
/// `bias` or `threshold` is there, not both; `samples` is left out where N is infinite.
/// @throws InvalidArgument  as check_run.
/// Source  docs/theory/dictionary_recovery.md#assumptions.
[[nodiscard]] std::vector<Assumption> recovery_assumptions(const data::DictionaryModel& model,
                                                           const RecoveryRun& run);

}  // namespace twofold::theory
