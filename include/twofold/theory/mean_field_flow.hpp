// Mean-field limit of the weight-tied autoencoder, activations with a linear odd part: closed form.
//
// For σ(u) = c u + even(u) and sign-symmetric data and neurons the limit is a linear
// autoencoder x̂ = A x, and principal directions decouple: with u_j the second moment of the
// neurons along direction j and a_j = c u_j the gain,
//   du_j/dt = 2 u_j (α_j − β_j u_j),   α_j = 2 c s_j − λ,   β_j = 2 c² s_j,   t = η · steps.
// Derivation: docs/theory/mean_field.md#phases.
#pragma once

#include <optional>
#include <string_view>

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// The data of the closed form.
struct FlowProblem {
  Vector spectrum;          ///< s_j >= 0, eigenvalues of E[x xᵀ], any order, not all zero
  double odd_slope = 0.5;   ///< c > 0: odd part of σ is c u (ReLU, GELU, SiLU, softplus: 1/2)
  double penalty = 0.0;     ///< λ >= 0
  double init_scale = 0.2;  ///< r0 > 0: u_j(0) = r0²
};

/// The spectrum with rounding removed: entries in [−1e-10 s_max, 0) become 0.
/// @throws InvalidArgument  if it is empty, not finite, more negative than that, or all zero.
[[nodiscard]] Vector checked_spectrum(const Vector& spectrum, std::string_view where);

/// u_j(t) = 1 / (e^{−2 α_j t}/r0² + β_j φ_j),  φ = (1 − e^{−2 α t})/α  (2t at α = 0).
///
/// @param time  t >= 0, may be infinite. t = η · steps for small steps η.
/// @return      second moments u_j(t); where e^{−2 α t} overflows, u_j = 0.
/// @throws InvalidArgument  on a bad problem or a time that is negative or NaN.
/// Accuracy  relative 1e-13 for 2|α|t < 100. Source  docs/theory/mean_field.md#phases.
[[nodiscard]] Vector closed_form_scale(const FlowProblem& problem, double time);

/// a_j = c u_j, the gain on direction j: x̂_j = a_j x_j.
[[nodiscard]] Vector gain(const Vector& scale, double odd_slope);

/// a_j(∞) = (1 − λ/(2 c s_j))_+. A null direction (s_j = 0) at λ = 0 keeps its gain c r0².
/// Source  docs/theory/mean_field.md#shrinkage.
[[nodiscard]] Vector gain_limit(const FlowProblem& problem);

/// Time at which u_j reaches half its limit: ln(u_∞/u_0 − 1) / (2 α_j).
/// @return  nothing if direction j never grows (α_j <= 0) or starts at u_0 >= u_∞/2.
/// Source  docs/theory/mean_field.md#learning-time.
[[nodiscard]] std::optional<double> half_time(const FlowProblem& problem, Index j);

/// K_λ = #{ j : s_j > λ/(2c) }, the number of directions that are learned in the end.
[[nodiscard]] Index learned_count(const Vector& spectrum, double odd_slope, double penalty);

/// L = ½ Σ_j s_j (1 − a_j)², without the penalty. For test data put in s_j = v_jᵀ S_test v_j.
/// @throws InvalidArgument  if the lengths differ.
[[nodiscard]] double loss(const Vector& spectrum, const Vector& gains);

/// Stopping at t with λ = 0 acts as a soft threshold on eigenvalues at
///   s* = ln(1/(c r0²) − 1) / (4 c t).
/// @return  nothing if c r0² >= 1/2 (every direction starts past its half rise).
/// @throws InvalidArgument  unless odd_slope, init_scale and time are > 0.
[[nodiscard]] std::optional<double> stopping_threshold(double odd_slope, double init_scale,
                                                       double time);

}  // namespace twofold::theory
