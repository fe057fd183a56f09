// When to stop training, chosen by leaving samples out, without training.
#pragma once

#include "twofold/theory/tangent_kernel.hpp"

namespace twofold::theory {

struct StoppingOptions {
  Index folds = 0;             ///< parts left out in turn; 0: one sample at a time
  Index times_per_decade = 4;  ///< >= 1, of the geometric grid of numbers of steps
  double smallest = 0.0;       ///< λ_min of Θ above 0, which ends the grid; 0: to be computed
};

/// Error on left-out samples after t steps, started at zero output.
struct [[nodiscard]] StoppingTime {
  double steps;          ///< best t of the grid; infinite if interpolation is best
  double error;          ///< (1/n) Σ_i ‖x_i − f_{−i,t}(x_i)‖² there, data²
  double interpolation;  ///< the same for t = ∞
  Vector times;          ///< the grid, from 0 to where the slowest mode of Θ has e^{-20} left
  Vector errors;         ///< error at each time of the grid
};

/// Exact: the samples of a fold are taken out, the rest is decomposed and "trained". (The shortcut
/// "residual over one minus leverage" is exact for ridge but not for gradient descent.)
/// Fold f of F holds the samples i = f mod F.
/// @param X     n×d, n >= 2.  @param kernel  Km of all samples, n×n.  @param step  η > 0.
/// @throws InvalidArgument  if sizes disagree, n < 2, η is not positive, folds is not 0 or in
///                          [2, n], times_per_decade < 1, or smallest < 0.
/// Cost 10 F n³ flops for F folds, shared by the pool; bitwise the same for any pool size.
/// Source: docs/theory/tangent_kernel.md#inductive-bias.
StoppingTime stopping_time(ThreadPool& pool, const ConstView<double>& X, const Matrix& kernel,
                           double step, const StoppingOptions& options = {});

}  // namespace twofold::theory
