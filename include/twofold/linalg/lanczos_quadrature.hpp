// Sums over the spectrum of a symmetric matrix that is known by its products.
#pragma once

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/symmetric_operator.hpp"

namespace twofold {

/// tr Bᵀ f(A) B ≈ Σ_k weights_k f(nodes_k) for any f.
struct [[nodiscard]] SpectralQuadrature {
  Vector nodes;    ///< descending, within the range of the spectrum up to rounding
  Vector weights;  ///< >= 0, sum ‖B‖²
};

/// Gauss quadrature of the spectral measure of each column of B, by Lanczos from that column.
///
/// All columns advance together: one product with an n×q matrix a step. The three-term recurrence
/// is not reorthogonalised; copies of converged nodes then appear, which share their weight.
/// @param B      n×q, q >= 1; columns of zeros count for nothing.
/// @param steps  products with A, >= 1. A column ends earlier where its space is invariant.
/// @throws InvalidArgument  if B is empty or steps < 1.
/// Memory 3 n q doubles. Exact for polynomials of degree 2 steps − 1 while no node has converged;
/// afterwards as exact as for a matrix with eigenvalues moved by rounding.
/// Source: G. H. Golub, G. Meurant, Matrices, Moments and Quadrature, 2010, chapters 4 and 6.
SpectralQuadrature lanczos_quadrature(const SymmetricOperator& A, const ConstView<double>& B,
                                      int steps);

}  // namespace twofold
