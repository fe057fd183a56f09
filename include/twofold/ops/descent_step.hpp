// One step of gradient descent on a batch, in one pass over the weights after that of the loss.
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>

#include "twofold/ops/workspace.hpp"

namespace twofold::ops {

/// V <- momentum V - step ∂L/∂W - decay W,  W <- W + V.
template <std::floating_point Scalar>
struct Descent {
  Scalar step;          ///< η, in units of ∂L/∂W
  Scalar momentum = 0;  ///< where 0, V is not kept
  Scalar decay = 0;     ///< ηλ of a penalty (λ/2) ‖W‖²
};

/// Descent of L as in ops::loss_gradient, on tied weights W without bias. Each weight is read and
/// written once after the loss is known; there is no array of gradients, unless the batch is longer
/// than Blocking::chunk.
template <std::floating_point Scalar>
class DescentStep {
 public:
  /// As Workspace.
  DescentStep(Index batch, Index d, Index neurons, FloatProducts products = FloatProducts::Float);

  /// L of a batch, B×d, one sample per row: as ops::loss. X must stay as it is until descend.
  /// @throws InvalidArgument  as loss_gradient, or if the weights are not tied or have a bias.
  [[nodiscard]] double loss(std::type_identity_t<ConstView<Scalar>> X,
                            const model::Weights<Scalar>& weights,
                            const model::Activation& activation, ThreadPool& pool);

  /// One update by the last batch.
  /// @param weights   those of the last loss.
  /// @param velocity  V, n×d; not looked at without momentum.
  /// Cost 10Bnd flops with that of loss. Bitwise the same for any number of threads; allocates
  /// nothing, but an array of gradients where the decay is above one half.
  void descend(model::Weights<Scalar>& weights, const Descent<Scalar>& descent,
               MatrixOf<Scalar>& velocity, ThreadPool& pool);

  /// As Workspace.
  [[nodiscard]] std::string_view arithmetic(const model::Weights<Scalar>& weights,
                                            const model::Activation& activation) const noexcept {
    return workspace_.arithmetic(weights, activation);
  }

 private:
  [[nodiscard]] bool is_one_chunk() noexcept;

  Workspace<Scalar> workspace_;
  std::optional<ConstView<Scalar>> X_;
  model::Activation activation_;
  model::Weights<Scalar> gradient_;  // of a batch of several chunks
};

}  // namespace twofold::ops
