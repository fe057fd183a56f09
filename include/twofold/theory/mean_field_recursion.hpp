// The mean-field limit at a finite step size: what gradient descent itself does.
#pragma once

#include <cstdint>
#include <span>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/theory/mean_field_odd_slope.hpp"

namespace twofold::theory {

/// What a recursion starts from.
struct RecursionProblem {
  Vector spectrum;               ///< s_j >= 0, not all zero
  model::Activation activation;  ///< any with moments m(q); linear odd part: m = c
  double penalty = 0.0;          ///< λ >= 0
  double init_scale = 0.2;       ///< r0 > 0
  double momentum = 0.0;         ///< μ in [0, 1), heavy ball
  double even_excess = 0.0;      ///< φ κ²/N >= 0, see mean_field_width.hpp; 0 for N = ∞
};

/// Gradient descent on the amplitudes r_j = √u_j, one number per principal direction:
///
///   v_j ← μ v_j + η r_j ( 2 s_j [m(q)(1 − a_j) + m'(q) p] − λ − ψ (q + n s_j) ),   r_j ← r_j + v_j
///   q = Σ u_j s_j,  n = Σ u_j,  a_j = m(q) u_j,  p = Σ u_j s_j (1 − a_j),  ψ = even_excess.
///
/// Exact for an activation with a linear odd part (m = c, m' = 0) when neurons start as a
/// balanced frame and each batch is the full mirrored data set; for others it is the
/// finite-step form of the norm-concentrated limit. Cost O(d) per step.
/// Source  docs/theory/mean_field.md#recursion.
class Recursion {
 public:
  /// @throws InvalidArgument  on a bad spectrum, penalty, init_scale, momentum or even_excess.
  explicit Recursion(RecursionProblem problem);

  /// `steps` steps of size `step_size` > 0.
  /// A step above the stability limit makes the state grow or become NaN; see `finite`.
  void advance(std::int64_t steps, double step_size);

  /// One step for each entry: any schedule of step sizes is followed exactly.
  void advance(std::span<const double> step_sizes);

  [[nodiscard]] Vector scale() const;                  ///< u_j = r_j²
  [[nodiscard]] Vector gain() const;                   ///< a_j = m(q) u_j
  [[nodiscard]] double time() const { return time_; }  ///< Σ η over the steps taken
  /// ½ Σ s_j (1 − a_j)² + ½ ψ n q; the last term is the excess of finite width.
  [[nodiscard]] double loss() const;
  [[nodiscard]] bool finite() const;  ///< no amplitude has overflowed

 private:
  void step(double step_size);

  RecursionProblem problem_;
  OddSlope slope_;
  Vector amplitude_, velocity_;
  double time_ = 0.0;
};

}  // namespace twofold::theory
