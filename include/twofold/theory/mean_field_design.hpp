// Inverse design: which penalty, stopping time or width gives a wanted result.
#pragma once

#include <optional>

#include "twofold/linalg/matrix.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {

/// An open interval (low, high); high may be infinite.
struct OpenInterval {
  double low, high;
};

/// Penalties that keep exactly k directions: (2c s_{k+1}, 2c s_k), eigenvalues in descending
/// order; (2c s_1, ∞) for k = 0 and low = 0 for k = d.
/// @return  nothing if s_k = s_{k+1} (no penalty separates them).
/// @throws InvalidArgument  unless 0 <= k <= d and odd_slope > 0.
[[nodiscard]] std::optional<OpenInterval> penalty_to_keep(const Vector& spectrum, Index k,
                                                          double odd_slope);

/// Stopping times between the half rises of directions k and k + 1.
struct StopWindow {
  OpenInterval time;    ///< (t_k, t_{k+1}); high = ∞ if direction k + 1 is never learned
  double separability;  ///< t_{k+1}/t_k; below about 2 there is no clean plateau
};

/// @param k  1 <= k <= d, counted in descending order of eigenvalues.
/// @return  nothing if direction k has no half time, or k and k + 1 rise together.
[[nodiscard]] std::optional<StopWindow> stop_to_keep(const FlowProblem& problem, Index k);

/// Data x = clean + noise of variance τ² per coordinate: s_j = c_j + τ². The stationary gain
/// at λ = 2 c τ² is 1 − τ²/s_j, the Wiener filter on every direction at once.
/// @param noise  τ² >= 0.
[[nodiscard]] double denoising_penalty(double odd_slope, double noise);

/// τ² from the bulk: the median of the lower half of the positive eigenvalues. It is biased
/// upwards by whatever signal the lower half still holds.
[[nodiscard]] double noise_from_bulk(const Vector& spectrum);

/// D = Σ_j (1 − a_j)² c_j + a_j² τ²,  c_j = max(s_j − τ², 0): error against the clean data.
[[nodiscard]] double denoising_error(const Vector& spectrum, double noise, const Vector& gains);

struct BestStop {
  double time;   ///< infinite if training longer never hurts
  double error;  ///< D at that time
};

/// The stopping time that minimises D(t) along the closed form.
/// Global search on 400 log-spaced times, then Brent; relative accuracy 1e-6 in time.
[[nodiscard]] BestStop best_stop_time(const FlowProblem& problem, double noise);

}  // namespace twofold::theory
