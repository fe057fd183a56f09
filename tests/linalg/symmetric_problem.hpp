// Symmetric matrices with a spectrum of one's choice.
#pragma once

#include <cmath>

#include "twofold/core/random.hpp"
#include "twofold/linalg/haar.hpp"
#include "twofold/linalg/symmetric_operator.hpp"

namespace twofold::test {

/// Q below: the eigenvectors, as columns.
inline Matrix rotation(Index n) {
  return haar_orthogonal(n, RandomStream(3, "test"), 0);
}

/// Q diag(values) Qᵀ with a random rotation Q.
inline Matrix with_spectrum(const Vector& values) {
  const Matrix q = rotation(values.size());
  return q * values.asDiagonal() * q.transpose();
}

/// A must outlive it.
inline SymmetricOperator product(const Matrix& A) {
  return [&A](const ConstView<double>& in, View<double> out) { out = A * in; };
}

/// From 1 down to `lowest`.
inline Vector geometric(Index n, double lowest) {
  Vector values(n);
  for (Index k = 0; k < n; ++k) {
    values[k] = std::pow(lowest, static_cast<double>(k) / static_cast<double>(n - 1));
  }
  return values;
}

}  // namespace twofold::test
