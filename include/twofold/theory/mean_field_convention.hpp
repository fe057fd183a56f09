// Conventions of the weight-tied autoencoder in the mean-field scaling, and their conversion.
//
// All of twofold uses x̂ = (1/N) Σ_i w_i σ(<w_i, x>), loss ½‖x − x̂‖² (summed over coordinates,
// averaged over the batch), penalty (λ/2N) Σ‖w_i‖² and the step w ← w − η (N ∂L/∂w + λ w).
// Other texts differ by factors of 2, N or d; here each factor has a name.
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// How a user writes penalty, loss and step. The comment gives what (λ, η) of twofold equal.
enum class Convention {
  MeanField,        ///< (λ_u/2N) Σ‖w‖², ½‖·‖²:     λ = λ_u,        η = e
  UnhalvedPenalty,  ///< (λ_u/N) Σ‖w‖²:              λ = 2 λ_u,      η = e
  ThetaPenalty,     ///< (λ_u/N) Σ‖θ‖², w = κθ:      λ = 2 λ_u / κ², η = ε κ²
  UnhalvedLoss,     ///< loss ‖·‖², (λ_u/2N) Σ‖w‖²:  λ = λ_u / 2,    η = 2 e
  StandardSum,  ///< x̂ = Pᵀσ(Px), ½‖·‖², P −= lr (∇ + wd P):  λ = wd,       η = lr
  StandardMean,  ///< the same with the MSE averaged over B·d:   λ = wd d / 2,  η = 2 lr / d
};

/// Sizes that a conversion may need.
struct ConventionSizes {
  double kappa = 1.0;   ///< κ in w = κ θ; √d is the natural choice (ThetaPenalty only)
  Index dimension = 1;  ///< d (StandardMean only)
  Index neurons = 1;    ///< N (scale of the weights of StandardSum, StandardMean)
};

/// The three numbers that change between conventions.
struct Hyperparameters {
  double penalty;     ///< λ >= 0
  double step;        ///< η > 0; time is t = η · steps in every convention
  double init_scale;  ///< r0 > 0: standard deviation of one weight at the start
};

/// User's numbers -> twofold's.
/// @throws InvalidArgument  unless penalty >= 0, step > 0, init_scale > 0, kappa > 0,
///                          dimension >= 1, neurons >= 1, all finite.
/// Accuracy  a few ulp. Source  docs/theory/mean_field.md#conventions.
[[nodiscard]] Hyperparameters to_mean_field(Convention convention, const Hyperparameters& user,
                                            const ConventionSizes& sizes = {});

/// twofold's numbers -> the user's; the inverse of `to_mean_field`.
[[nodiscard]] Hyperparameters from_mean_field(Convention convention, const Hyperparameters& ours,
                                              const ConventionSizes& sizes = {});

/// Whether trajectories agree for this activation. StandardSum and StandardMean absorb the
/// factor 1/N into the weights, which needs σ(k z) = k σ(z), k > 0 (identity, ReLU, leaky ReLU).
[[nodiscard]] bool convention_applies(Convention convention, const model::Activation& activation);

}  // namespace twofold::theory
