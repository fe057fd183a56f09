// The loss of an infinitely wide network, step by step: E_t = (I − ηΘ)^t E_0.
#pragma once

#include <optional>
#include <string>

#include "twofold/theory/tangent_kernel.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

// E_t = X − X̂_t, n×d, one sample a row. The loss depends on E_0 by the Gram matrix S = E_0 E_0ᵀ
// alone, so that its mean over random starts is the loss of the mean S.
namespace twofold::theory {

/// S = XXᵀ: the start whose output is 0 (antisymmetric neurons).
[[nodiscard]] Matrix silent_start(const ConstView<double>& X);

/// E S = XXᵀ + Γ of the plain start, whose output u_0 is a Gaussian process of covariance Γ/d per
/// coordinate: E L_0 = ¾ Σ ‖x_i‖².
/// @throws InvalidArgument  if Γ is not n×n.
[[nodiscard]] Matrix plain_start(const ConstView<double>& X, const Matrix& decoder_kernel);

/// L_t = ½ Σ_k (1 − η λ_k)^{2t} v_kᵀ S v_k.
///
/// t counts steps; η λ_k is dimensionless. Modes with λ_k = 0 keep their part of the loss, which is
/// 0 for samples that are copies of each other, as their targets are too.
class LossCurve {
 public:
  /// @param start  S, n×n.  @param step  η > 0.
  /// @throws InvalidArgument  if the spectrum did not converge, S has another size, or η is not
  ///                          finite and positive.
  LossCurve(const TangentSpectrum& spectrum, const Matrix& start, double step);

  /// L_t, t >= 0, data². Accuracy: relative error about t eps.
  [[nodiscard]] double loss(double t) const;

  /// The first t with L_t <= target > 0, if there is one before 2^53.
  /// Empty where η >= 2/λ_max: the linearised loss then does not fall for good.
  [[nodiscard]] std::optional<double> steps_to(double target) const;

  /// (ln L_b − ln L_a)/(b − a): what a fit of a run over the same window is to be compared with.
  /// @throws InvalidArgument  unless 0 <= a < b.
  [[nodiscard]] double slope(double a, double b) const;

  /// 2 ln|1 − η λ_min|, approached from below as t → ∞ if the step is stable.
  [[nodiscard]] double asymptotic_slope() const;

 private:
  Vector factors_;   // 1 − η λ_k
  Vector energies_;  // ½ v_kᵀ S v_k
  Index rank_;
};

/// E_t of one start: (I − ηΘ)^t E_0, n×d.
/// @throws InvalidArgument  as LossCurve; t >= 0.
[[nodiscard]] Matrix residual_at(const TangentSpectrum& spectrum, const ConstView<double>& E_0,
                                 double step, double t);

}  // namespace twofold::theory
