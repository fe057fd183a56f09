// How often the active units of a sample are those of its true support.
#pragma once

#include "twofold/data/dictionary_model.hpp"

namespace twofold::theory {

/// Standard deviation of the pre-activation of a unit that should be off (`on` = false), or of the
/// cross-talk of one that is on, for rows at distance δ of the atoms:
///
///   s² = n κ₂ [(1 − sin²θ) g + sin²θ/d] + σ²,   n = k (off), k − 1 (on),
///
/// g = mean (a_i·a_j)² over i ≠ j, cos θ = 1 − δ²/2. Random atoms: g = 1/d and s² = n κ₂/d + σ²
/// whatever δ. Atoms of a mixture count with their norms, the row with norm 1.
/// @throws InvalidArgument  if the model is not valid or δ is not in [0, √2].
/// Source  docs/theory/dictionary_recovery.md#consistency.
[[nodiscard]] double cross_talk(const data::DictionaryModel& model, bool on, double distance = 0.0);

/// Expected errors per (sample, unit): missed and false activations.
struct LabelError {
  double miss = 0;         ///< of a unit that should be on
  double false_alarm = 0;  ///< of a unit that should be off
  double rate = 0;         ///< of wrong entries among all N·m
};

/// With Q the normal tail, s₀ and s₁ the two cross-talks, L = |c| cos θ:
///   miss = E_c Q((L − λ)/s₁),   false alarm = Q(λ/s₀), twice that for signed codes.
/// Mixture: pair by pair, Q((λ − cos θ â_i·a_j)/s) with s² = σ² + sin²θ ‖a_j‖²/d.
/// @param threshold  λ >= 0: of the gate, or −bias; data units.
/// @throws InvalidArgument  unless λ >= 0 is finite and δ in [0, √2].
/// Accuracy: cross-talk is taken as Gaussian: 3 % of `rate`·m for k >= 2 and d >= 128.
/// Source  docs/theory/dictionary_recovery.md#consistency.
[[nodiscard]] LabelError label_error(const data::DictionaryModel& model, double threshold,
                                     double distance);

/// P(all m codes of a sample are right) = exp(−m · rate of label_error).
/// @throws InvalidArgument  as label_error.
[[nodiscard]] double code_consistency(const data::DictionaryModel& model, double threshold,
                                      double distance);

/// The threshold in (0, high] of least label-error rate (mixture: up to the largest norm), to 1e-3
/// of it. A gate that takes the k largest is right whenever some threshold is: its consistency is
/// at least that of this one.
/// @throws InvalidArgument  as label_error.
[[nodiscard]] double best_threshold(const data::DictionaryModel& model, double distance);

}  // namespace twofold::theory
