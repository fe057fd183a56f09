// What finitely many neurons cost: the excess loss of the even part, and how many are needed.
#pragma once

#include <string_view>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// Share of the even part's energy that remains after its constant mode has relaxed: the
/// relative variance of |g|, 1 − 2/π. At t = 0 the share is 1; later it decays slowly.
inline constexpr double kEvenShare = 0.36338022763241865692;
/// Best single guess for the share over a run; measured, between 0 and kEvenShare.
inline constexpr double kEvenShareTypical = 0.18;

/// κ: the even part of σ grows like κ|u|. ReLU, jump ReLU, GELU, SiLU, softplus 1/2, leaky ReLU
/// |1 − α|/2, all others 0 (ELU too: its width error is not modelled). The formulas below are
/// exact in κ for ReLU and leaky ReLU; for the smooth ones they hold where √q is large.
[[nodiscard]] double even_slope(const model::Activation& activation);

/// ψ = φ κ²/N, the coefficient `even_excess` of the recursion and the flow; 0 unless the
/// neurons are iid (paired and balanced neurons cancel the even part).
/// @param share  φ in [0, 1].  @param neurons  N >= 1, or 0 for the limit N = ∞.
[[nodiscard]] double even_excess(const model::Activation& activation, std::string_view init,
                                 Index neurons, double share = kEvenShare);

/// Excess loss φ κ² trC tr(CS)/(2N); for ReLU φ trA tr(AS)/(2N).
/// @param trace_gain  tr A.  @param trace_gain_data  tr(A S).  @param neurons  N >= 1.
[[nodiscard]] double width_excess(const model::Activation& activation, double trace_gain,
                                  double trace_gain_data, Index neurons, double share = kEvenShare);

/// Least number of neurons whose span can hold K directions with both signs: 2K.
[[nodiscard]] Index structural_minimum(Index learned);

/// Neurons for an excess of at most `excess` times L0 = ½ tr S.
/// iid: max(2K, φ κ²/c² trA tr(AS)/(2 excess L0)); paired or balanced: 2K.
/// @param spectrum, gains  s_j and a_j at the time of interest.  @param excess  > 0.
[[nodiscard]] Index neurons_for_excess(const model::Activation& activation, std::string_view init,
                                       const Vector& spectrum, const Vector& gains, Index learned,
                                       double excess);

}  // namespace twofold::theory
