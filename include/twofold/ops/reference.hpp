// The definition of correct: plain loops, sums in double, one sample after the other.
//
// Kept for ever. Every faster op is tested against these functions.
#pragma once

#include <type_traits>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops::reference {

/// As ops::reconstruct.
template <std::floating_point Scalar>
void reconstruct(std::type_identity_t<ConstView<Scalar>> X, const model::Weights<Scalar>& weights,
                 const model::Activation& activation, std::type_identity_t<View<Scalar>> Xhat);

/// As ops::loss.
template <std::floating_point Scalar>
[[nodiscard]] double loss(std::type_identity_t<ConstView<Scalar>> X,
                          const model::Weights<Scalar>& weights,
                          const model::Activation& activation);

/// As ops::loss_gradient.
template <std::floating_point Scalar>
double loss_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     const model::Weights<Scalar>& weights, const model::Activation& activation,
                     model::Weights<Scalar>& gradient);

}  // namespace twofold::ops::reference
