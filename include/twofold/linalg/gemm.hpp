// Matrix products by OpenBLAS: C = alpha op(A) op(B) + beta C.
#pragma once

#include <type_traits>

#include "twofold/linalg/matrix.hpp"

namespace twofold {

/// op(A) = A or Aᵀ.
enum class Trans { No, Yes };

/// C <- alpha op(A) op(B) + beta C on the calling thread.
///
/// @tparam Scalar  float or double; deduced from alpha and beta.
/// @param A, B     op(A): m×k, op(B): k×n.
/// @param C        m×n, must not overlap A or B; not read if beta = 0.
/// @throws InvalidArgument  if shapes disagree or a dimension exceeds 2^31 - 1.
/// Empty shapes are allowed (k = 0 gives beta C). NaN and infinity propagate.
/// Accuracy: |error| <= k eps |alpha| |op(A)| |op(B)| entry by entry.
template <std::floating_point Scalar>
void gemm(Trans trans_a, Trans trans_b, Scalar alpha, std::type_identity_t<ConstView<Scalar>> A,
          std::type_identity_t<ConstView<Scalar>> B, Scalar beta,
          std::type_identity_t<View<Scalar>> C);

/// The same product over fixed tiles of C, shared by the threads of the pool.
///
/// Bitwise the same for any pool size (not bitwise equal to gemm, whose summation order
/// may depend on the shape). Allocates nothing.
template <std::floating_point Scalar>
void multiply(ThreadPool& pool, Trans trans_a, Trans trans_b, Scalar alpha,
              std::type_identity_t<ConstView<Scalar>> A, std::type_identity_t<ConstView<Scalar>> B,
              Scalar beta, std::type_identity_t<View<Scalar>> C);

}  // namespace twofold
