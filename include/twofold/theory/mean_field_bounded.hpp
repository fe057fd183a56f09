// Mean-field limit for a general activation when norms concentrate, and with their full law.
//
// Only the odd part of σ matters, through m(q) = E σ'(√q g). Derivation and range of validity:
// docs/theory/mean_field.md#bounded and #norm-law.
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"

namespace twofold::theory {

/// Data of a flow with a general activation. Time is t = η · steps.
struct BoundedProblem {
  Vector spectrum;               ///< s_j >= 0, not all zero
  model::Activation activation;  ///< one with Gaussian moments m(q), m'(q)
  double penalty = 0.0;          ///< λ >= 0
  double init_scale = 0.2;       ///< r0 > 0
  double even_excess = 0.0;      ///< φ κ²/N >= 0 (mean_field_width.hpp); 0 for N = ∞
};

/// Where an integration in time stands.
struct FlowState {
  Vector scale;  ///< u_j >= 0
  double time = 0.0;
  double next_step = 0.0;  ///< proposed length of the next step; 0 = choose one
};

/// L2, norm-concentrated flow: <w, x> is Gaussian with one variance q for every x,
///
///   q = Σ u_j s_j,  a_j = m(q) u_j,  p = Σ u_j s_j (1 − a_j),
///   du_j/dt = 2 u_j { 2 s_j [m(q)(1 − a_j) + m'(q) p] − λ − ψ (q + n s_j) }.
///
/// Integrated by the frozen-logistic midpoint rule: with the coupling frozen each u_j is a
/// logistic curve and is advanced exactly, so u_j stays positive and small eigenvalues cost
/// nothing. Order 2. O(d) per step. Error of the limit itself is about 1.5/d_eff in u.
class NormConcentrated {
 public:
  /// @throws InvalidArgument  on a bad spectrum, penalty, init_scale or even_excess.
  explicit NormConcentrated(BoundedProblem problem);

  /// One midpoint step of length h > 0.
  void step(double h);

  /// Advances to `time` >= time() with steps chosen by step doubling; the steps grow
  /// geometrically when the flow slows down.
  /// @return  Converged, MaxIterations (a million steps) or NonFinite.
  [[nodiscard]] SolveStatus advance_to(double time);

  /// One step of that kind, not beyond `end`.
  [[nodiscard]] SolveStatus adaptive_step(double end);

  [[nodiscard]] double time() const { return state_.time; }
  [[nodiscard]] const Vector& scale() const { return state_.scale; }  ///< u_j
  [[nodiscard]] Vector gain() const;                                  ///< a_j = m(q) u_j
  [[nodiscard]] double q() const { return state_.scale.dot(problem_.spectrum); }
  /// ½ Σ s_j (1 − a_j)² + ½ ψ n q.
  [[nodiscard]] double loss() const;

 private:
  // Rates of du_j/dt = 2 u_j (α_j − β_j u_j) with the coupling frozen at u.
  void coefficients(const Vector& u, Vector& alpha, Vector& beta) const;

  BoundedProblem problem_;
  OddSlope slope_;
  FlowState state_;
};

/// A stationary point of the norm-concentrated flow.
struct FixedPoint {
  Vector gain;   ///< a_j
  Vector scale;  ///< u_j = a_j / m(q)
  double q = 0.0, p = 0.0;
  SolveStatus status = SolveStatus::Converged;
};

/// a_j = (1 + (m'/m) p − λ/(2 m s_j))_+ with q = Σ a_j s_j/m and p = Σ a_j s_j (1 − a_j)/m.
///
/// Nested bracketed roots: for each q the largest p in [0, q], then the largest q; a q without
/// inner root is skipped. If nothing is learned all gains are 0. A null direction (s_j = 0)
/// has gain 0 here; in the flow with λ = 0 it keeps u_j = r0².
/// Accuracy  1e-10 relative in q where the root is simple.
[[nodiscard]] FixedPoint fixed_point(const Vector& spectrum, const model::Activation& activation,
                                     double penalty);

}  // namespace twofold::theory
