// What a wide network does to inputs it has not seen: f(x) = u_0(x) + k(x) Km⁺ (X − U_0).
#pragma once

#include "twofold/theory/tangent_kernel.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

namespace twofold::theory {

/// What takes the place of 1/λ in Θ⁻¹.
class SpectralFilter {
 public:
  /// 1/λ: training until the loss is 0.
  [[nodiscard]] static SpectralFilter interpolation();
  /// (1 − (1 − ηλ)^t)/λ: t steps η. @throws InvalidArgument  unless η > 0 and t >= 0.
  [[nodiscard]] static SpectralFilter gradient_descent(double step, double steps);
  /// 1/(λ + p), p >= 0 in units of Θ = Km/d; like stopping at t = 1/(ηp).
  [[nodiscard]] static SpectralFilter ridge(double penalty);

  /// At λ > 0.
  [[nodiscard]] double value(double eigenvalue) const;

 private:
  SpectralFilter(double step, double steps, double penalty)
      : step_(step), steps_(steps), penalty_(penalty) {}
  double step_, steps_, penalty_;
};

/// The predictor of N → ∞ for training samples X; zero output at the start unless said.
///
/// f(x) is a combination of training samples: components outside their span are lost, and
/// f(ax) = a f(x) for a >= 0. Memory 4n² + 2nd doubles, cost 10 n³ flops once.
/// Source: docs/theory/tangent_kernel.md#inductive-bias.
class TangentPredictor {
 public:
  /// @throws InvalidArgument  if X is empty or not finite, n is above 32 000, or the rates are
  ///                          invalid. If the decomposition fails, status() says so.
  TangentPredictor(ThreadPool& pool, const ConstView<double>& X, const KernelRates& rates);

  [[nodiscard]] const TangentSpectrum& spectrum() const noexcept { return spectrum_; }
  [[nodiscard]] const TangentKernels& kernels() const noexcept { return kernels_; }
  [[nodiscard]] SolveStatus status() const noexcept { return spectrum_.status; }

  /// Weight of each training sample in the output for each query: p×n.
  /// @param Q  p×d.  @throws InvalidArgument  if the dimension is another or Q is not finite.
  [[nodiscard]] Matrix weights(
      ThreadPool& pool, const ConstView<double>& Q,
      const SpectralFilter& filter = SpectralFilter::interpolation()) const;

  /// f(Q) = weights(Q) X, p×d. With the outputs of a known start, U_Q + weights(Q) (X − U_X).
  [[nodiscard]] Matrix predict(
      ThreadPool& pool, const ConstView<double>& Q,
      const SpectralFilter& filter = SpectralFilter::interpolation()) const;

  /// Variance over plain starts of each coordinate of the output, data², for each query:
  /// (1/d)[Γ(x,x) − 2 w·g(x) + wᵀΓw], w the weights, g(x) the decoder kernel with the samples.
  [[nodiscard]] Vector start_variance(
      ThreadPool& pool, const ConstView<double>& Q,
      const SpectralFilter& filter = SpectralFilter::interpolation()) const;

  /// ‖x − Px‖/‖x‖, P the projection on the span of the training samples: what no amount of training
  /// brings back. In [0, 1]; 0 for x = 0. Directions below 1e-10 of the longest do not count.
  [[nodiscard]] Vector off_span(const ConstView<double>& Q) const;

  /// x_i − f_{−i}(x_i), f_{−i} the predictor of all other samples: n×d,
  ///   row i of (Θ + pI)⁻¹X divided by [(Θ + pI)⁻¹]_ii.
  /// Where p = 0 and the kernel function of x_i is a combination of the others' (copies), the
  /// others reproduce x_i: the row is its interpolation error, 0 up to rounding.
  /// @param penalty  ridge p >= 0 in units of Θ.
  [[nodiscard]] Matrix leave_one_out(double penalty = 0.0) const;

 private:
  [[nodiscard]] Matrix filtered(const Matrix& cross, const SpectralFilter& filter) const;

  Matrix samples_;
  KernelRates rates_;
  TangentKernels kernels_;
  TangentSpectrum spectrum_;
  Matrix span_;  // orthonormal columns, d×rank(X)
};

}  // namespace twofold::theory
