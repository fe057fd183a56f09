// Eigenvalues and eigenvectors of a real symmetric matrix (LAPACK dsyevd).
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold {

/// A = V diag(values) Vᵀ.
struct [[nodiscard]] SymmetricEigen {
  Vector values;   ///< n, descending.
  Matrix vectors;  ///< n×n, column k belongs to values[k]; orthonormal. In each column the
                   ///< entry of largest magnitude (the first of equals) is positive.
  SolveStatus status = SolveStatus::Converged;  ///< MaxIterations or NonFinite: all results NaN.
};

/// All eigenvalues and eigenvectors.
///
/// @param A  n×n, 0 <= n <= 32 000, by value (it is the work space); only its lower triangle
///           is read for the decomposition, the whole of it is checked for NaN and infinity.
/// @throws InvalidArgument  if A is not square or too large.
/// Accuracy: |A - V diag(values) Vᵀ| and |VᵀV - I| within c n eps |A| and c n eps, c of order 1.
SymmetricEigen symmetric_eigen(Matrix A);

/// Eigenvalues only: the same without `vectors` (which stays empty), two to four times faster.
SymmetricEigen symmetric_eigenvalues(Matrix A);

}  // namespace twofold
