// How large a step may be, and how far a real run may stray from the limit.
#pragma once

#include <string>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// Bounds on the step size η; infinite where a mechanism is absent.
struct StepLimits {
  double recursion;  ///< (1 + μ) / max_j(2 c s_j − λ): a principal direction oscillates beyond it
  double even_mode;  ///< (1 + μ) π c/(κ² tr(AS)), ReLU 2π/tr(AS): constant mode of the even part
  double noise;      ///< (1 − μ) B / tr S: single-sample noise diverges beyond it
  double accurate;     ///< 0.03 (1 − μ) B / tr S: noise costs at most about 2 % of L0
  double largest;      ///< the least of recursion, even_mode and noise
  std::string reason;  ///< which of them binds, in words
};

/// @param gains    a_j where tr(AS) is largest, normally the limit gains.
/// @param momentum  μ in [0, 1).
/// @param independent_samples  B: independent samples per batch; a mirrored batch {x, −x} of
///        size B counts B/2; 0 stands for full batch (no noise).
/// @throws InvalidArgument  on a bad spectrum, lengths that differ, or numbers out of range.
/// Source  docs/theory/mean_field.md#step-limits.
[[nodiscard]] StepLimits step_limits(const Vector& spectrum, const Vector& gains,
                                     const model::Activation& activation, double penalty,
                                     double momentum, Index independent_samples);

/// ν = η tr S / B, the strength of the gradient noise; 0 for full batch (B = 0).
[[nodiscard]] double noise_level(const Vector& spectrum, double step, Index independent_samples);

/// η tr(AS)/π for ReLU: the run is unstable above 2 once the even part has a constant mode.
[[nodiscard]] double even_mode_step(const Vector& spectrum, const Vector& gains,
                                    const model::Activation& activation, double step);

/// Half width of the loss band from SGD noise, (0.01 + 0.7 ν) L0; 0 for ν = 0. Empirical.
[[nodiscard]] double noise_band(double noise_level, double initial_loss);

/// d_eff = (tr S)² / tr S²: how many directions share the variance.
[[nodiscard]] double effective_dimension(const Vector& spectrum);

/// What a run is compared under.
struct RunSetting {
  double noise_level = 0.0;        ///< ν
  Index neurons = 0;               ///< N; 0 for no width error (paired and mirrored, or N = ∞)
  bool norm_concentrated = false;  ///< prediction by L2 with a bounded activation
};

/// Largest expected deviation of the loss, in units of L0 = ½ tr S, for η s_1 <= 0.15:
///   0.02 + ν + 0.35 trA tr(AS)/(N L0) + (8/27) ‖s‖ √(2/N)/L0  ( + 0.5/d_eff for L2 ).
/// Empirical, but for the fourth term: two standard deviations of what the scatter of iid
/// neurons at the start does to the loss on a rise. docs/theory/mean_field.md#noise.
[[nodiscard]] double loss_tolerance(const Vector& spectrum, const Vector& gains,
                                    const RunSetting& setting);

}  // namespace twofold::theory
