// Reconstruction and loss of a batch.
#pragma once

#include <type_traits>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/ops/workspace.hpp"

namespace twofold::ops {

/// x̂_s = scale · A σ(B x_s + b) for every sample, the rows of X.
///
/// @param X          B×d, one sample per row.
/// @param Xhat       B×d, overwritten; must not overlap X.
/// @param workspace  made for at least B samples and these d, n; nothing is allocated here.
/// @throws InvalidArgument  if shapes disagree or B = 0; the contents are not inspected.
/// Cost 4Bnd flops. Bitwise the same for any number of threads. Defined by ops::reference.
template <std::floating_point Scalar>
void reconstruct(std::type_identity_t<ConstView<Scalar>> X, const model::Weights<Scalar>& weights,
                 const model::Activation& activation, std::type_identity_t<View<Scalar>> Xhat,
                 Workspace<Scalar>& workspace, ThreadPool& pool);

/// The loss 1/(2B) Σ_s ‖x_s - x̂_s‖², summed over coordinates (units of the data squared), without
/// regulariser. Arguments and errors as reconstruct; the squares are added up in double.
template <std::floating_point Scalar>
[[nodiscard]] double loss(std::type_identity_t<ConstView<Scalar>> X,
                          const model::Weights<Scalar>& weights,
                          const model::Activation& activation, Workspace<Scalar>& workspace,
                          ThreadPool& pool);

}  // namespace twofold::ops
