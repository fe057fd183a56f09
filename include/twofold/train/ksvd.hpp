// K-SVD, a baseline for dictionaries of sparse codes.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::train {

struct KsvdOptions {
  Index sparsity = 1;            ///< k in [1, m], atoms of a sample
  std::int64_t iterations = 20;  ///< >= 0
};

/// Losses are 1/(2N) Σ ‖x − x̂‖².
struct [[nodiscard]] KsvdResult {
  Matrix atoms;                     ///< W, m×d, rows of unit norm
  ops::SparseCodes<double> codes;   ///< of the last iteration, at `atoms`; empty without any
  std::vector<double> coding_loss;  ///< of each iteration, after its pursuit
  std::vector<double> loss;         ///< and after its atoms were updated: never above coding_loss
  std::int64_t replaced = 0;        ///< atoms that no sample used, over all iterations
  StopRequest stop = StopRequest::None;
};

/// Iterations of
///   codes  C by orthogonal matching pursuit with k atoms;
///   atoms  one after the other, with E the residual without atom j on the samples that use it and
///          c their values:  w_j <- Eᵀc/‖Eᵀc‖,  c <- E w_j   (one power step of the rank-1
///          problem),
///   then atoms that no sample uses become the worst explained samples, normalised.
///
/// @param X      N×d, N >= 1, finite.
/// @param start  m×d, finite, no zero row; rows are normalised first.
/// @throws InvalidArgument  if shapes, values or options are outside their domain.
/// The update never raises the loss; a pursuit may, being greedy. Ends early, with `stop` set, if
/// the observer asks for it. Cost of an iteration: the pursuit, then 6d flops a non-zero code.
/// Bitwise the same for any pool size.
/// Source: Aharon, Elad and Bruckstein, IEEE TSP 54 (2006) 4311; the power step: Rubinstein,
/// Zibulevsky and Elad, Technion CS-2008-08.
KsvdResult ksvd(const ConstView<double>& X, Matrix start, const KsvdOptions& options,
                ThreadPool& pool, Observer& observer = no_observer());

}  // namespace twofold::train
