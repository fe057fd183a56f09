// The denoiser of a decoder: posterior means of all coordinates of a vector at one noise level.
#pragma once

#include <concepts>
#include <memory>
#include <span>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::decode {

class DenoiserMethod;

/// Coordinates x_j = deviations_j u_j, u of the prior, observed as r_j = x_j + √τ g_j, g ~ N(0,1):
///
///   E[x_j | r_j] = s f(r_j/s; τ/s²),  Var(x_j | r_j) = s² V(r_j/s; τ/s²),  s = deviations_j
///
/// with f and V mean and variance of the prior's posterior. A deviation of 0 gives 0 for both.
/// A value type; copies share constant state; all functions are const and thread-safe.
/// Source: docs/theory/one_bit_decoders.md#denoiser.
class Denoiser {
 public:
  /// By ScalarPrior::posterior, to its accuracy; a microsecond or so per coordinate.
  /// @param deviations  one per coordinate, finite, >= 0, mean of squares 1 to 1e-6; empty: all
  ///                    are 1, any number of coordinates. InvalidArgument otherwise.
  static Denoiser exact(data::ScalarPrior prior, Vector deviations = {});

  /// By interpolation in tables, in float: about 0.5 ns per coordinate with equal deviations,
  /// 2.5 with unequal ones (AVX-512; 4 and 16 without), after 0.5 ms (200 components: 1.5 ms) for
  /// each factor e^{1/8} of τ/s² that is asked for the first time.
  ///
  /// Accuracy, in units of s: means 1e-3 for τ/s² in [0.03, 100] and p >= 0.1 (3e-3 for p = 0.01),
  /// typically 1e-4; they cost less than 1e-4 of the mean square error. Below 0.03 the same holds
  /// where an observation is likely; halfway between two atoms a mean may be either's. Mean
  /// variance: 3e-4. Beyond τ/s² = 1e4 the answer is continued as if linear, for priors of mean 0.
  /// The same bits on every machine and for any number of threads.
  static Denoiser tabulated(data::ScalarPrior prior, Vector deviations = {});

  /// Number of deviations; 0 where all are 1.
  [[nodiscard]] Index dimension() const noexcept;

  /// x_j <- E[x_j | r_j]; returns mean_j Var(x_j | r_j). x may be r itself.
  /// @param tau  finite, > 0; τ/s² outside [1e-12, 1e12] counts as the nearer end.
  /// @throws InvalidArgument  if lengths disagree or are 0, tau is not finite and > 0, or an r_j is
  ///                          not finite.
  template <std::floating_point Scalar>
  double apply(std::span<const Scalar> r, double tau, std::span<Scalar> x) const;

  /// For the decoders of this layer.
  [[nodiscard]] const DenoiserMethod& method() const noexcept { return *method_; }

 private:
  explicit Denoiser(std::shared_ptr<const DenoiserMethod> method) noexcept;

  std::shared_ptr<const DenoiserMethod> method_;
};

}  // namespace twofold::decode
