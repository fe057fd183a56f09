// Transposition of large pieces of matrices.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// to <- fromᵀ in squares of 16, both row-major and apart.
template <std::floating_point Scalar>
void transpose_blocked(const ConstView<Scalar>& from, View<Scalar> to);

}  // namespace twofold::theory
