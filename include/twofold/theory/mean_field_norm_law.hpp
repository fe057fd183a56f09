// L2+: the mean-field limit with the full law of the norm, for few dominant directions.
#pragma once

#include <memory>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/theory/mean_field_bounded.hpp"

namespace twofold::theory {

class MeanSlopeTable;

/// Gradient flow of the exact loss restricted to Gaussian clouds of neurons with covariance
/// diag(u) in the PCA basis. For samples x (rows of X), v = Σ_j u_j x_j², e_j = 1 − u_j m(v),
/// P = Σ_j u_j x_j² e_j:
///
///   du_k/dt = 2 u_k { 2 mean_x[ x_k² m(v) e_k + P m'(v) x_k² ] − λ },   L = ½ mean_x Σ_j x_j²
///   e_j².
///
/// Same frozen-logistic midpoint rule as NormConcentrated; O(M d) per step for M samples.
/// m is read from a table (cubic Hermite in ln v, error < 1e-9), m' is the table's derivative,
/// so the flow is exactly the gradient of the loss it reports. Time is t = η · steps.
/// Source  docs/theory/mean_field.md#norm-law.
class NormLaw {
 public:
  /// @param samples  M×d, rows in the PCA basis (1500 to 2000 rows suffice).
  /// @throws InvalidArgument  on empty or non-finite samples, penalty < 0 or init_scale <= 0.
  NormLaw(const Matrix& samples, const model::Activation& activation, double penalty,
          double init_scale);

  void step(double h);
  /// As NormConcentrated::advance_to.
  [[nodiscard]] SolveStatus advance_to(double time);

  [[nodiscard]] double time() const { return state_.time; }
  [[nodiscard]] const Vector& scale() const { return state_.scale; }
  void set_scale(const Vector& scale);  ///< start from other second moments u_j > 0
  [[nodiscard]] Vector gain() const;    ///< slope of x̂_j on x_j: u_j mean[x_j² m]/mean[x_j²]
  [[nodiscard]] double loss() const;
  /// Loss per direction, ½ mean_x x_j² e_j².
  [[nodiscard]] Vector loss_by_direction() const;
  /// Second moments of the samples, mean_x x_j².
  [[nodiscard]] const Vector& spectrum() const { return spectrum_; }
  /// du_j/dt at the present state.
  [[nodiscard]] Vector velocity() const;

 private:
  void coefficients(const Vector& u, Vector& alpha, Vector& beta) const;

  Matrix squares_;  // x_j², M×d
  Vector spectrum_;
  std::shared_ptr<const MeanSlopeTable> table_;
  double penalty_;
  FlowState state_;
};

}  // namespace twofold::theory
