// What gradient descent on a weight-tied autoencoder does to a dictionary: without training it.
//
// All of it holds while the codes are consistent, that is, the active units of a sample are those
// of its true support; `code_consistency` says how likely that is.
#pragma once

#include <vector>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/theory/code_consistency.hpp"
#include "twofold/theory/recovery_assumptions.hpp"
#include "twofold/theory/recovery_floor.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// ‖W_t − A‖_F² for t = 0 ... T, atoms at unit norm.
///
/// The exact population recursion from rows at distance δ, plus what N samples add:
///   - the spread of the sample's code covariance about its mean (codes only), Marchenko-Pastur
///     with the variance y of sample_spread: it sets the rate near noiseless orthonormal atoms;
///   - the floors of sampling, noise and bias, which enter as (1 − Π contraction)² (fixed batch)
///     or settle at α/(2 − α) of their value, α = 1 − contraction (fresh batches).
/// Never more than 2m, the value of random rows.
/// @throws InvalidArgument  as check_run. Cost of an iteration: a population gradient, until the
///         recursion rests.
/// Accuracy: d = m = 128, k = 3, N = 5000, orthonormal, σ = 0, δ = 0.3: twelve iterations within
/// 1 % at τ = 1/2; at τ = 1 too low by 4, 5, 11, 21 % at t = 1 ... 4 and more later. Random atoms,
/// d = 256: the final value within 6 %. Fresh batches: 6 % over ten iterations at τ <= 1/2.
/// Source  docs/theory/dictionary_recovery.md#curve.
[[nodiscard]] std::vector<double> recovery_curve(const data::DictionaryModel& model,
                                                 const RecoveryRun& run);

/// Everything `twofold predict` prints. Squared distances are ‖W − A‖_F².
struct RecoveryPrediction {
  double floor = 0, floor_decoder_only = 0;  ///< population floors of the two gradients, bias 0
  double noise_term = 0;                     ///< of σ in N samples
  double sampling_term = 0;                  ///< of N samples without noise
  double bias_term = 0;    ///< of the bias that is left at the end, sampling included
  double final_error = 0;  ///< what this run ends at: the last value of `error`
  double step = 0;         ///< ζ
  double step_edge = 0;    ///< the largest stable ζ on infinite data; infinity if there is none
  double consistency = 0;  ///< P(all codes of a sample are right) at the end
  double label_error = 0;  ///< wrong entries among N·m at the end
  std::vector<double> iteration, error;  ///< recovery_curve
  std::vector<Assumption> assumptions;
};

/// With fresh batches noise_term, sampling_term and the sampling part of bias_term are those of
/// one batch times α/(2 − α).
/// @throws InvalidArgument  as check_run.
[[nodiscard]] RecoveryPrediction predict_recovery(const data::DictionaryModel& model,
                                                  const RecoveryRun& run);

}  // namespace twofold::theory
