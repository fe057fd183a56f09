// Gradient of the population loss for finitely many neurons and Gaussian data: no sampling noise.
#pragma once

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// Activations whose Gaussian kernel has a closed form.
enum class PopulationActivation { Relu, Erf };

struct PopulationGradient {
  Matrix gradient;  ///< N ∂L/∂w_i + λ w_i, N×d
  double loss;      ///< ½ E‖x − x̂‖², without the penalty
};

/// Loss and gradient for x ~ N(0, S) and x̂ = (1/N) Σ w_i σ(<w_i, x>).
///
///   L   = ½ tr S − (1/N) Σ_i M(w_i) + (1/2N²) Σ_ij <w_i, w_j> K(w_i, w_j)
///   g_i = −∂M(w_i) + (1/N) Σ_j [ K_ij w_j + <w_i, w_j> ∂_a K(w_i, w_j) ] + λ w_i
///
/// with K(a, b) = E σ(<a,x>) σ(<b,x>) (arc-cosine kernel, arcsine kernel) and
/// M(a) = E <a,x> σ(<a,x>). A neuron without variance (wᵀSw = 0) has zero kernel and gradient
/// λ w under ReLU.
///
/// @param W  N×d neurons.  @param S  d×d symmetric positive semidefinite.
/// @throws InvalidArgument  if shapes disagree or a number is not finite or λ < 0.
/// Cost 8 N² d flop and N² arc cosines; no N×N matrix is formed. Bitwise the same for any pool.
/// Source  docs/theory/mean_field.md#width.
[[nodiscard]] PopulationGradient population_gradient(const Matrix& W, const Matrix& S,
                                                     PopulationActivation activation,
                                                     double penalty, ThreadPool& pool);

/// Gradient descent with the population gradient: W ← W − η g, `steps` times.
struct PopulationRun {
  Matrix neurons;
  double loss;       ///< after the last step; not finite if the run diverged
  Index steps_done;  ///< fewer than asked if the loss became non-finite
};
[[nodiscard]] PopulationRun population_descent(Matrix W, const Matrix& S,
                                               PopulationActivation activation, double penalty,
                                               double step_size, Index steps, ThreadPool& pool);

}  // namespace twofold::theory
