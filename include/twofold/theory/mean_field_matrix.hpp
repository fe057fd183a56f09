// The mean-field limit for neurons whose second moment does not commute with the data's.
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// Exact dynamics of the neurons when the even part of σ cancels (paired neurons, mirrored
/// batches, any N, any data) and the odd part is c u:
///
///   A = c RᵀR/N,   H = c [(I − A) S + S (I − A)] − λ I,   V ← μ V + η R H,   R ← R + V.
///
/// R is the N×d matrix of neurons itself (or a factor with the same RᵀR/N). The second moment
/// C = RᵀR/N is never iterated: rounding would seed directions outside its range, and they
/// grow like e^{2(2 c s_1 − λ) t}. Cost O(min(N, d) d²) per step; if N > d the N×d factor is
/// replaced at the start by its d×d triangular factor.
/// Source  docs/theory/mean_field.md#recursion.
class MatrixRecursion {
 public:
  /// @param neurons    N×d, one neuron per row.
  /// @param odd_slope  c > 0.   @param penalty  λ >= 0.   @param momentum  μ in [0, 1).
  /// @throws InvalidArgument  on an empty or non-finite matrix or a bad number.
  MatrixRecursion(const Matrix& neurons, double odd_slope, double penalty, double momentum = 0.0);

  /// One step with second moment S (d×d): the population's, or the batch's own XᵀX/B.
  /// @throws InvalidArgument  if S is not d×d or step_size is not > 0.
  void step(const Matrix& S, double step_size);

  /// One step on a batch X (B×d), S = XᵀX/B.
  void step_on_batch(ConstView<double> X, double step_size);

  [[nodiscard]] Matrix second_moment() const;  ///< C = RᵀR/N, d×d
  [[nodiscard]] Matrix gain() const;           ///< A = c C, d×d
  /// ½ tr((I − A) S (I − A)), the loss on data with second moment S.
  [[nodiscard]] double loss(const Matrix& S) const;

 private:
  Matrix factor_;    // R / √N
  Matrix velocity_;  // V / √N
  double odd_slope_, penalty_, momentum_;
};

/// Neurons in the basis of the p leading eigenvectors: W V_p, N×p. With S = diag(s_1..s_p) the
/// recursion then costs O(p³) per step. Directions left out stay unlearned: add ½ Σ_{j>p} s_j.
/// @param basis  d×d', one eigenvector per column, leading first; 1 <= p <= d'.
[[nodiscard]] Matrix in_leading_components(const Matrix& neurons, const Matrix& basis, Index p);

}  // namespace twofold::theory
