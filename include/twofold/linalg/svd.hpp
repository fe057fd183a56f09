// Thin singular value decomposition (LAPACK dgesdd).
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold {

/// A = U diag(values) Vᵀ with k = min(m, n).
struct [[nodiscard]] Svd {
  Matrix u;       ///< m×k, orthonormal columns.
  Vector values;  ///< k, descending, >= 0.
  Matrix v;       ///< n×k, orthonormal columns; the first entry of largest magnitude in each
                  ///< is positive.
  SolveStatus status = SolveStatus::Converged;  ///< MaxIterations or NonFinite: all results NaN.
};

/// @param A  m×n, any shape, also empty.
/// Accuracy: |A - U diag(values) Vᵀ| within c max(m, n) eps |A|, c of order 1.
Svd svd(const ConstView<double>& A);

}  // namespace twofold
