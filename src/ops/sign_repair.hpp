// No neuron fires for a rounding error.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Largest ‖x‖ of the rows; infinite or NaN if they are.
[[nodiscard]] double largest_norm(ConstView<float> X);

/// Z(r, s) = ⟨b_r, x_s⟩ in single precision, row by row: those within the bound
/// |error| <= d 2⁻²⁴ ‖b_r‖ ‖x_s‖ of a sum in any order, whose sign may be wrong, are computed again
/// in double.
/// @param largest  of the rows of X
void repair_signs(ConstView<float> B, ConstView<float> X, double largest, float* Z);

}  // namespace twofold::ops
