// Symmetric matrices known by their products: extreme eigenvalues and linear systems.
#pragma once

#include <cstdint>
#include <functional>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold {

/// out <- A in for a symmetric n×n matrix A; in and out are n×q and do not overlap.
using SymmetricOperator = std::function<void(const ConstView<double>& in, View<double> out)>;

struct LanczosOptions {
  double tolerance = 1e-8;  ///< of each eigenvalue, relative; > 0
  int max_products = 300;   ///< >= 1; memory 8 n max_products bytes
  std::uint64_t seed = 1;   ///< of RandomStream(seed, "lanczos"), the first vector
};

/// The ends of a spectrum.
struct [[nodiscard]] ExtremeEigenvalues {
  double largest = 0.0;
  double smallest = 0.0;
  double largest_error = 0.0;  ///< an eigenvalue lies within this distance of `largest`
  double smallest_error = 0.0;
  int products = 0;                             ///< products with A
  SolveStatus status = SolveStatus::Converged;  ///< MaxIterations: `largest` is a lower and
                                                ///< `smallest` an upper bound of the true ends
};

/// Lanczos with full reorthogonalisation from a random vector.
///
/// Converged when both errors are below tolerance · max(|value|, 1e-10 |largest|), or when the
/// vectors span an invariant space. Eigenvalues that the first vector does not see (of probability
/// 0) are not found. Deterministic if the operator is.
/// @param n  >= 1.  @throws InvalidArgument  for n < 1 or an option outside its range.
/// Accuracy: the errors, plus c eps |A|. Source: G. H. Golub, C. F. Van Loan, Matrix Computations,
/// 4th ed., section 10.3.
ExtremeEigenvalues extreme_eigenvalues(const SymmetricOperator& A, Index n,
                                       const LanczosOptions& options = {});

struct ConjugateGradientOptions {
  double tolerance = 1e-10;   ///< of ‖b − Ax‖/‖b‖, each column; > 0
  int max_iterations = 1000;  ///< >= 1
};

struct [[nodiscard]] LinearSolution {
  Matrix x;               ///< n×q
  double residual = 0.0;  ///< largest ‖b − Ax‖/‖b‖ of a column, as the iteration carries it along
  int iterations = 0;  ///< products with A
  SolveStatus status = SolveStatus::Converged;
};

/// A x = b for positive semi-definite A by conjugate gradients, all columns of B at once.
///
/// Started at 0 the iterates stay in the range of A, so for singular consistent systems x = A⁺ b.
/// Diverged if a direction p with pᵀAp <= 0 is met (A is not semi-definite, or b not in its range).
/// @param B  n×q; a column of zeros gives zeros.
/// @throws InvalidArgument  if B is empty or an option is outside its range.
LinearSolution conjugate_gradient(const SymmetricOperator& A, const ConstView<double>& B,
                                  const ConjugateGradientOptions& options = {});

}  // namespace twofold
