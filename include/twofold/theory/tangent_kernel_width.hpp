// How many neurons a prediction of the tangent kernel needs.
#pragma once

#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {

/// Least N whose features can interpolate n samples in general position: n where one factor is
/// trained, ⌈n/2⌉ where both are. Below it the loss cannot reach 0.
/// @throws InvalidArgument  if samples < 1 or the rates are invalid.
[[nodiscard]] Index structural_width(Index samples, const KernelRates& rates);

/// max_t ‖E_t − E_t^∞‖/‖E_0‖ of a plain start is about C/√N at a step of 1/λ_max.
/// C = 3.5 for the encoder alone (and whenever r_A < r_W), 1.5 where the decoder moves at least as
/// fast. Measured on random samples, n and d from 5 to 80: 3 to 7 and 1.2 to 2.1; at 1.8/λ_max up
/// to 17 and 4.5. trajectory_fluctuation computes it for given samples and steps. An antisymmetric
/// start has half the independent neurons: √2 times as much.
/// @throws InvalidArgument  if neurons < 1 or the rates are invalid.
[[nodiscard]] double trajectory_error(Index neurons, const KernelRates& rates);

/// The N at which trajectory_error is `tolerance`, at least the structural width.
/// @param tolerance  in (0, 1].  Source: docs/theory/tangent_kernel.md#width.
[[nodiscard]] Index practical_width(Index samples, const KernelRates& rates, double tolerance);

/// What the data contribute to the sufficient widths.
struct WidthProblem {
  Index samples = 0;            ///< n
  Index dimension = 0;          ///< d
  double largest_gram = 0.0;    ///< ‖X‖₂², data²
  double encoder_lowest = 0.0;  ///< λ_min(K), data²
  double decoder_lowest = 0.0;  ///< λ_min(Γ), data²
  double start_energy = 0.0;    ///< ‖E_0‖², data²
};

/// Widths for which linear convergence can be proved. **Scaling laws only**: for n = 10, d = 6 they
/// are 1e11 to 1e14, while networks of 25 to 100 neurons train; joint is not always the smaller
/// one. Infinite where the λ_min concerned is 0.
struct SufficientWidths {
  double kernel;  ///< 32 d λ_n/λ_0(K) ln(nd/δ): the encoder kernel at the start is near its mean
  double weak;    ///< 163 n² d⁴ λ_n ‖E_0‖²/λ_0(K)⁴
  double joint;   ///< 256 d λ_n³ ‖E_0‖²/λ_0(Γ)⁴
};

/// @param failure  δ in (0, 1), probability that the first of them fails.
/// @throws InvalidArgument  for numbers that are not finite or negative, n or d < 1.
/// Source: docs/theory/tangent_kernel.md#width.
[[nodiscard]] SufficientWidths sufficient_widths(const WidthProblem& problem,
                                                 double failure = 0.01);

}  // namespace twofold::theory
