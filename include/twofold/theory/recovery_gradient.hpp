// The population gradient of a weight-tied autoencoder on a known dictionary, and what steps along
// it do: contraction, step edge, the recursion and where it ends.
//
// All of it holds on consistent codes: the active units of a sample are those of its true support.
#pragma once

#include <cstdint>

#include "twofold/data/dictionary_model.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// Which gradient is followed.
enum class RecoveryGradient {
  Full,         ///< both terms, as back-propagation has them
  DecoderOnly,  ///< the encoder's term is left out
};

/// E[G] (m×d) of the loss ½‖x − Σ z_i w_i‖², z_i = w_iᵀx + b on the support; descent subtracts it.
///
/// Exact for rows of any norm and each of the three code laws, with the Full gradient the
/// derivative of the population loss at fixed supports.
/// @param W     m×d.
/// @param bias  b <= 0, shared by all units; 0 for signed codes.
/// @throws InvalidArgument  if the model is not valid, shapes disagree or the bias is outside its
///         domain.
/// Accuracy: rounding. Cost O(m² d + m³), a mixture O(m d).
/// Source  docs/theory/dictionary_recovery.md#population-gradient.
[[nodiscard]] Matrix population_gradient(const data::DictionaryModel& model, const Matrix& W,
                                         double bias, RecoveryGradient kind);

/// tan θ'/tan θ of one normalised step on a component with unit mean, τ = ζ p, λ = cos θ,
/// c = (λ + b)²:
///   Full (1 − τc)/(1 − τc + τ),   DecoderOnly (1 − τc)/(1 − τc + τ(1 + b/λ)).
/// Exact for a mixture. Signed codes: to leading order, b = 0.
/// @throws InvalidArgument  unless τ > 0, λ in (0, 1] and b <= 0.
/// Source  docs/theory/dictionary_recovery.md#contraction.
[[nodiscard]] double contraction(double tau, double lambda, double bias,
                                 RecoveryGradient kind = RecoveryGradient::Full);

/// The step ζ that is called τ = 1: 1/max p (mixture), (m/k)/(κ₂ + (k−1)κ₁²) (codes), which is
/// m/(k κ₂) for signed ones. In 1/data².
/// Source  docs/theory/dictionary_recovery.md#step.
[[nodiscard]] double step_unit(const data::DictionaryModel& model);

/// Largest stable τ near the dictionary, in units of step_unit; infinity if there is none.
///
/// Mixture: exact, 2/(2(1+b)² − 1) for unit means (DecoderOnly 2/((1+b)(1+2b))), the least over
/// components. Codes: exact for orthonormal atoms at b = 0, near 2; signed codes 2/(1 + 3q) and
/// DecoderOnly 2/(1 + q), q = (k−1)/(m−1). Infinite data: N samples divide it by (1 + √(m/N))².
/// @throws InvalidArgument  if the model is not valid or b is outside its domain.
/// Source  docs/theory/dictionary_recovery.md#step.
[[nodiscard]] double step_edge(const data::DictionaryModel& model, double bias,
                               RecoveryGradient kind = RecoveryGradient::Full);

/// The atoms at unit norm: what rows of W are compared with.
[[nodiscard]] Matrix unit_atoms(const data::DictionaryModel& model);

/// Rows at distance δ of the unit atoms, directions at random: cos θ a + sin θ u, u ⟂ a.
/// @throws InvalidArgument  unless 0 <= δ <= √2, and d >= 2 where δ > 0.
[[nodiscard]] Matrix displaced_atoms(const data::DictionaryModel& model, double distance,
                                     std::uint64_t seed);

/// Descent on infinite data: W <- W − ζ E[G], w_i <- w_i/‖w_i‖.
class PopulationDescent {
 public:
  /// @param start  m×d; rows are normalised.
  /// @throws InvalidArgument  as population_gradient, or if a row is 0.
  PopulationDescent(data::DictionaryModel model, RecoveryGradient kind, Matrix start);

  /// One step of size τ·step_unit at bias b. A row that becomes 0 or not finite ends as NaN.
  void advance(double tau, double bias);

  [[nodiscard]] const Matrix& rows() const noexcept { return W_; }
  /// ‖W − A‖_F² with A at unit norm.
  [[nodiscard]] double error() const { return (W_ - target_).squaredNorm(); }

 private:
  data::DictionaryModel model_;
  RecoveryGradient kind_;
  double unit_;
  Matrix W_, target_;
};

/// ‖W − A‖_F² where population descent from A ends: the recursion itself, not its leading order.
///
/// Ends when a step changes W by less than 1e-12 ‖W‖, or after `iterations`.
/// @param bias  as in population_gradient; of the whole run.
/// @throws InvalidArgument  as population_gradient, or unless τ > 0 and iterations >= 0.
/// Source  docs/theory/dictionary_recovery.md#floors.
[[nodiscard]] double population_floor(const data::DictionaryModel& model, RecoveryGradient kind,
                                      double tau = 1.0, int iterations = 200, double bias = 0.0);

}  // namespace twofold::theory
