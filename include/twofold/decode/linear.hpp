// The linear decoder x̂ = A y.
#pragma once

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold::decode {

/// a of A* = a Bᵀ, the best linear decoder of an orthogonal encoder: c1 for r <= 1,
/// c1/(1 + (r - 1) c1²) for r >= 1, c1 = √(2/π). For x of unit variance per coordinate.
/// @param rate  r = n/d, finite and > 0; InvalidArgument otherwise.
/// Source: docs/theory/one_bit_decoders.md#linear.
[[nodiscard]] double orthogonal_gain(double rate);

/// A = C K⁻¹, d×n, and how it was found.
struct [[nodiscard]] LinearDecoder {
  Matrix decoder;
  SolveStatus status = SolveStatus::Converged;  ///< NonFinite: NaN or infinity in the sums
};

/// Sums behind the least-squares decoder, over any number of batches:
///   C = E[x yᵀ] (d×n),  K = E[y yᵀ] (n×n),  A = C (K + ridge I)⁻¹.
///
/// The excess error of A over the best is about n/N of the error for N samples: take N >= 40 n.
/// Sums run over fixed blocks of samples in double, the same bits for any pool size.
class LeastSquaresDecoder {
 public:
  /// @param d, n  >= 1; InvalidArgument otherwise.
  LeastSquaresDecoder(Index d, Index n);

  /// Adds a batch: X k×d, Y k×n of ±1.
  /// @throws InvalidArgument  if shapes disagree.
  template <std::floating_point Scalar>
  void add(ThreadPool& pool, const MatrixOf<Scalar>& X, const MatrixOf<Scalar>& Y);

  [[nodiscard]] Index samples() const noexcept { return samples_; }

  /// @param ridge  >= 0, in the unit of K, whose diagonal is 1. Two equal or opposite bits make K
  ///               singular: 1e-6 is enough then, and changes nothing otherwise.
  /// @throws InvalidArgument  if no sample was added, or ridge < 0 or not finite.
  LinearDecoder solve(double ridge = 1e-6) const;

 private:
  Matrix cross_, gram_;  // sums, not means
  Index samples_ = 0;
};

}  // namespace twofold::decode
