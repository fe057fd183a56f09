// Sparse codes by orthogonal matching pursuit: greedy atoms, least-squares values.
#pragma once

#include <type_traits>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

/// When a sample has atoms enough.
struct PursuitOptions {
  Index sparsity = 1;     ///< k in [1, m], the most atoms of a sample
  double residual = 0.0;  ///< >= 0: no more atoms once ‖x − x̂‖ is at most this
};

/// Codes of the rows of X on the atoms W: S = ∅; then, up to k times,
///
///   j = argmax |⟨x − x̂, w_j⟩| (the first of equals),  S <- S ∪ {j},
///   x̂ = projection of x on the span of w_S; the values are its coordinates.
///
/// A sample ends early at `residual`; when no correlation exceeds 100 eps ‖x‖ ‖w‖ (it is explained
/// up to rounding, or 0, or has a NaN); or when the next atom depends on the chosen ones.
///
/// @param X  N×d.  @param W  m×d; rows of unit norm, else the choice favours long ones.
/// @throws InvalidArgument  if shapes or options are outside their domain.
/// Accuracy: of the values about cond(W_S)² eps; of ‖x − x̂‖ beside `residual` √eps ‖x‖.
/// Cost m²d flops once, then 2md + mk² a sample. Bitwise the same for any pool size.
/// Source: correlations are updated by the Gram matrix as in Rubinstein, Zibulevsky and Elad,
/// Technion CS-2008-08, with the chosen atoms' rows of it orthogonalised instead of a Cholesky
/// factor. Defined by reference::orthogonal_matching_pursuit.
template <std::floating_point Scalar>
void orthogonal_matching_pursuit(std::type_identity_t<ConstView<Scalar>> X,
                                 std::type_identity_t<ConstView<Scalar>> W,
                                 const PursuitOptions& options, SparseCodes<Scalar>& codes,
                                 ThreadPool& pool);

namespace reference {

/// The same with an explicit residual and a least-squares solution by QR each time, in double.
template <std::floating_point Scalar>
void orthogonal_matching_pursuit(std::type_identity_t<ConstView<Scalar>> X,
                                 std::type_identity_t<ConstView<Scalar>> W,
                                 const PursuitOptions& options, SparseCodes<Scalar>& codes);

}  // namespace reference
}  // namespace twofold::ops
