// How near descent comes to a dictionary: population, sampling, noise and bias, in closed form.
#pragma once

#include <cstdint>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// Where descent ends: squared distances ‖W − A‖_F², summed over atoms (data², atoms have norm 1).
struct RecoveryFloor {
  double population = 0;  ///< infinite data, no bias
  double sampling = 0;    ///< of a fixed batch of N samples, noise apart
  double noise = 0;       ///< of the noise σ in N samples
  double bias = 0;        ///< of a bias that stays (relu, non-negative codes), sampling included
  [[nodiscard]] double total() const noexcept { return population + sampling + noise + bias; }
};

/// Closed forms on consistent codes, g = mean of (a_i·a_j)² over i ≠ j (1/d for random atoms),
/// q = (k−1)/(m−1), r = κ₄/κ₂²:
///
///   population   (2q)² Σ_i ‖P_i AᵀA a_i‖² (Full), q² (...) (DecoderOnly), P_i orthogonal to a_i;
///                4(k−1)²/d and (k−1)²/d for random atoms. Non-negative: the recursion itself
///   sampling     F m² g/N,  F = 2(k−1)(r + k − 1)/k · ((1 − 2q)/(1 + 3q))² (Full),
///                (k−1)(r + k − 2)/k (DecoderOnly)
///   noise        m² (d−1) σ² (1 + σ²/κ₂)/(N k κ₂); mixture: sum of mixture_floors
///   bias         non-negative: m(m−1) v² + sampling, v of bias_drift; mixture: 0
///
/// @param samples  N; 0 for infinitely many.
/// @param bias     b <= 0 at the end; 0 for a jump or hard threshold.
/// @throws InvalidArgument  as population_gradient.
/// Accuracy: population 25 % (leading order in k/m), sampling 5 to 15 %, noise 6 % at m/N = 0.04;
/// bias first order in b: 20 % for |b| <= 0.1. Source  docs/theory/dictionary_recovery.md#floors.
[[nodiscard]] RecoveryFloor recovery_floor(const data::DictionaryModel& model,
                                           RecoveryGradient kind, std::uint64_t samples,
                                           double bias);

/// Noise floor of each mixture component, E‖w_j − a_j/α_j‖² with α_j = ‖a_j‖:
///   Full (d−1) σ² (1 + σ²/α²)/(N p_j α²); DecoderOnly: σ²/α² -> σ²/(α + b)² in the bracket.
/// @param samples  N >= 1.
/// @throws InvalidArgument  if the model is no mixture, N = 0, or b is not in (−α_j, 0] for all j.
/// Source  docs/theory/dictionary_recovery.md#floors.
[[nodiscard]] Vector mixture_floors(const data::DictionaryModel& model, std::uint64_t samples,
                                    RecoveryGradient kind = RecoveryGradient::Full,
                                    double bias = 0.0);

/// v: what a bias that stays adds to each off-diagonal entry of W Aᵀ, non-negative codes and
/// orthonormal atoms, β = −b, first order in β:
///   Full         q(2βκ₁ − β²)/(κ₂ + (k−1)κ₁² + q(3κ₂ + (3k−7)κ₁²)),
///   DecoderOnly  q(βκ₁ − β²)/(κ₂ + (k−1)κ₁² + q(κ₂ + (k−3)κ₁²)).
/// @throws InvalidArgument  if the model is not one of non-negative codes, or b > 0.
/// Source  docs/theory/dictionary_recovery.md#bias.
[[nodiscard]] double bias_drift(const data::DictionaryModel& model, double bias,
                                RecoveryGradient kind = RecoveryGradient::Full);

/// Samples N for a squared error of ε² per atom (mean over atoms) above the population floor at
/// bias 0: sampling + noise = m ε². 0 if neither term is there.
/// @throws InvalidArgument  unless ε² > 0 is finite.
/// Source  docs/theory/dictionary_recovery.md#sample-size.
[[nodiscard]] double needed_samples(const data::DictionaryModel& model, RecoveryGradient kind,
                                    double squared_error);

}  // namespace twofold::theory
