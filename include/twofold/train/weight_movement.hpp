// How far training moved the weights, and how many activations it switched.
#pragma once

#include <type_traits>

#include "twofold/linalg/matrix.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::train {

struct WeightMovement {
  double encoder = 0;      ///< ‖ΔB‖_F; of tied weights ‖ΔW‖_F
  double decoder = 0;      ///< ‖ΔA‖_F; 0 for tied weights
  double largest_row = 0;  ///< max_r ‖Δb_r‖
  double flips = 0;        ///< fraction of the pairs (r, i) whose 1(⟨b_r, x_i⟩ >= 0) changed
};

/// From `start` to `end`, in the units of the weights.
/// @param X  n×d, one sample per row.
/// @throws InvalidArgument  if shapes disagree.
/// Sums of squares in double. Cost 4nNd flops. Bitwise the same for any pool size.
template <std::floating_point Scalar>
[[nodiscard]] WeightMovement weight_movement(std::type_identity_t<ConstView<Scalar>> X,
                                             const model::Weights<Scalar>& start,
                                             const model::Weights<Scalar>& end, ThreadPool& pool);

}  // namespace twofold::train
