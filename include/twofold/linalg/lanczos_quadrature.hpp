// Sums over the spectrum of a symmetric matrix that is known by its products.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/symmetric_operator.hpp"

namespace twofold {

/// tr Bᵀ f(A) B ≈ Σ_k weights_k f(nodes_k) for any f.
struct [[nodiscard]] SpectralQuadrature {
  Vector nodes;    ///< descending, within the range of the spectrum up to rounding
  Vector weights;  ///< >= 0, sum ‖B‖²
};

/// What Lanczos from some columns knows about the ends of a spectrum.
struct [[nodiscard]] SpectrumEnds {
  double largest = 0.0;        ///< a lower bound of the largest eigenvalue the columns see
  double largest_error = 0.0;  ///< an eigenvalue lies within this distance of `largest`
  double smallest = 0.0;       ///< an upper bound of the smallest
};

/// Gauss quadrature of the spectral measure of each column of B, by Lanczos from that column.
///
/// All columns advance together: one product with an n×q matrix a step. The three-term recurrence
/// is not reorthogonalised; copies of converged nodes then appear, which share their weight.
/// Columns never mix, so A may stand for several matrices, one for each group of columns.
/// Exact for polynomials of degree 2 steps − 1 while no node has converged; afterwards as exact as
/// for a matrix with eigenvalues moved by rounding. Memory 3 n q doubles.
/// Source: G. H. Golub, G. Meurant, Matrices, Moments and Quadrature, 2010, chapters 4 and 6.
class ColumnLanczos {
 public:
  /// @param B  n×q, q >= 1; columns of zeros count for nothing. @throws InvalidArgument  if empty.
  explicit ColumnLanczos(Matrix B);

  /// One product with A. A column ends where its space is invariant; false once all have.
  bool advance(const SymmetricOperator& A);

  [[nodiscard]] int steps() const noexcept { return steps_; }

  /// Of columns first, ..., first + count − 1, after the steps so far. No nodes before the first.
  [[nodiscard]] SpectralQuadrature quadrature(Index first, Index count) const;
  /// Of the same; all 0 before the first step. NaN where a product was not finite.
  [[nodiscard]] SpectrumEnds ends(Index first, Index count) const;

 private:
  struct Column {
    std::vector<double> alpha, beta;
    double energy = 0.0;  // squared norm of the column
    double scale = 0.0;   // largest entry so far
    bool open = true;
  };
  void advance_column(Index j);

  std::vector<Column> columns_;
  Matrix direction_, before_, image_;
  int steps_ = 0;
};

/// ColumnLanczos over all columns of B at once.
/// @param steps  products with A, >= 1. @throws InvalidArgument  if B is empty or steps < 1.
SpectralQuadrature lanczos_quadrature(const SymmetricOperator& A, const ConstView<double>& B,
                                      int steps);

}  // namespace twofold
