// The sign that a vector determined up to its sign is given.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold {

/// +1 or -1, such that the first entry of largest magnitude becomes positive.
template <typename Derived>
double orientation(const Eigen::MatrixBase<Derived>& vector) {
  Index largest = 0;
  vector.cwiseAbs().maxCoeff(&largest);
  return vector[largest] < 0.0 ? -1.0 : 1.0;
}

}  // namespace twofold
