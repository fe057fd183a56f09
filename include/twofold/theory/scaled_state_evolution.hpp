// State evolution of the multi-layer decoder when coordinates have unequal variances.
#pragma once

#include <vector>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/decoder_scalars.hpp"

namespace twofold::theory {

/// Layers 1..L of GVAMP for an orthogonal encoder and x_i = √v_i u_i, u_i of the prior:
/// state_evolution with the average error
///
///   mse = (1/d) Σ_i v_i mmse(τ/v_i).
///
/// Layer 1 sees τ = π/(2r) - 1 (r <= 1) or c/r (r >= 1), c = π/2 - 1, whatever the variances. For a
/// Gaussian prior and r >= 1 coordinate i then keeps the share c/(c + λ_i), λ_i = r v_i, which is
/// the least of all linear decoders; for r < 1 Bᵀ is not the best first step, and later layers
/// gain.
/// @param variances  one per coordinate, finite, >= 0, mean 1 to 1e-6; InvalidArgument otherwise.
/// @param rate       in (0, 1e6].  @param layers  >= 1.
/// Accuracy: mmse is interpolated in (log t, log mmse), relative error below 2e-6 where it exceeds
/// 1e-6 (worst for discrete priors). Few effective coordinates, (Σ v_i)²/Σ v_i² below some hundred,
/// add an error of their own. Cost: 8 evaluations of mmse per factor e between the variances.
/// Source: docs/theory/one_bit_decoders.md#unequal-variances.
[[nodiscard]] std::vector<model::GvampScalars> scaled_state_evolution(
    const data::ScalarPrior& prior, const Vector& variances, double rate, int layers);

/// Σ_i w_i mmse(τ/v_i) / Σ_i w_i: relative error of x with E x_i² = w_i if what was encoded had
/// variances v_i and the denoiser saw noise τ. v_i = 0 counts as 1: nothing is known.
/// @param weights  as many as variances, finite, >= 0, not all 0; InvalidArgument otherwise.
/// @param tau      finite, > 0.
[[nodiscard]] double scaled_error(const data::ScalarPrior& prior, const Vector& variances,
                                  const Vector& weights, double tau);

}  // namespace twofold::theory
