// Post-mortem: what trained neurons show, in the quantities the theory predicts.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// a_j = c mean_i <w_i, v_j>², the gain that the second moment of the neurons implies.
/// @param neurons  N×d.  @param basis  d×p, eigenvectors v_j in columns.
[[nodiscard]] Vector empirical_gain(const Matrix& neurons, const Matrix& basis, double odd_slope);

/// ‖mean_i w_i‖ / √(mean_i ‖w_i‖²): 0 for a symmetric cloud, about 1/√N for an iid one.
[[nodiscard]] double cloud_asymmetry(const Matrix& neurons);

/// Loss that the linear part x̂ = c C x alone would have on data with second moment S:
/// ½ tr((I − cC) S (I − cC)). Measured loss minus this is the energy of the even part.
[[nodiscard]] double linear_part_loss(const Matrix& neurons, const Matrix& S, double odd_slope);

}  // namespace twofold::theory
