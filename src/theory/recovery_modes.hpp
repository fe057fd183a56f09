// Constants of a code law and the stiffness of descent near orthonormal atoms.
#pragma once

#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// q = (k−1)/(m−1): P(j in S | i in S) for i ≠ j; 0 if m = 1.
double pair_ratio(const data::DictionaryModel& model);

/// S = κ₂ + (k−1)κ₁², the stiffness that step_unit undoes.
double leading_stiffness(const data::DictionaryModel& model);

/// κ₄/κ₂².
double kurtosis(const data::DictionaryModel& model);

/// Eigenvalues of the linearised E[G]/p₁ at orthonormal atoms and bias 0, in the off-diagonal
/// matrix E of W = A + E A: where rows and columns of E sum to 0 they are
/// `mean` ± `split` (symmetric, antisymmetric E); where all entries are equal, `uniform`.
/// Directions outside the span of the atoms have stiffness κ₂.
struct Stiffness {
  double mean = 0, split = 0, uniform = 0;
};
Stiffness stiffness(const data::DictionaryModel& model, RecoveryGradient kind);

/// A squared distance or coherence below this is rounding of atoms that are orthogonal: (1e-13)².
inline constexpr double kSquaredRounding = 1e-26;

/// Mean of (â_i·a_j)² over i ≠ j, â_i at unit norm; 0 if m = 1 or if it is rounding.
double mean_square_coherence(const data::DictionaryModel& model);

/// Spread y of the sample's code covariance: the second moment of an atom's row of
/// Ĉ − E Ĉ, (κ₄/κ₂² + k − 1)/(N p₁) with Ĉ = CᵀC/(N p₁ κ₂); m/N for ±1 codes.
double sample_spread(const data::DictionaryModel& model, double samples);

/// A step τ well below the edge on infinite data at bias 0: min(1, 0.6 edge).
double safe_step(const data::DictionaryModel& model, RecoveryGradient kind);

/// The terms of recovery_floor that fall with N; 0 for N = 0. `bias` is its sampling part only.
struct SampleFloor {
  double sampling = 0, noise = 0, bias = 0;
};
SampleFloor sample_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                         std::uint64_t samples, double bias);

}  // namespace twofold::theory
