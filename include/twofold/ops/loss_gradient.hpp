// Loss and gradient of a batch: the work of one training step.
#pragma once

#include "twofold/ops/forward.hpp"

namespace twofold::ops {

/// Loss and its exact derivative with respect to every weight.
///
///   L = 1/(2B) Σ_s ‖e_s‖²,  e_s = x_s - scale Σ_i a_i σ(z_si),  z_si = ⟨b_i, x_s⟩ + bias_i
///   ∂L/∂a_i    = -(scale/B) Σ_s σ(z_si) e_s
///   ∂L/∂b_i    = -(scale/B) Σ_s ⟨a_i, e_s⟩ σ'(z_si) x_s
///   ∂L/∂bias_i = -(scale/B) Σ_s ⟨a_i, e_s⟩ σ'(z_si)
/// Tied weights (a_i = b_i) have the sum of the first two. σ' is the activation's `slope`; for
/// top_k it is 1 on the kept codes and 0 elsewhere.
///
/// @param X          B×d, one sample per row.
/// @param gradient   the shapes of `weights` (model::zeros_like); overwritten.
/// @param workspace  made for at least B samples and these d, n; nothing is allocated here.
/// @return           L, in units of the data squared; the squares are added up in double.
/// @throws InvalidArgument  if shapes disagree or B = 0; the contents are not inspected, and a
///   value that is not finite shows in the loss.
/// Cost 10Bnd flops, five matrix products. Bitwise the same for any number of threads. Defined by
/// ops::reference.
template <std::floating_point Scalar>
double loss_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     const model::Weights<Scalar>& weights, const model::Activation& activation,
                     model::Weights<Scalar>& gradient, Workspace<Scalar>& workspace,
                     ThreadPool& pool);

}  // namespace twofold::ops
