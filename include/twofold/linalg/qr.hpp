// Thin QR decomposition (LAPACK dgeqrf, dorgqr).
#pragma once

#include "twofold/linalg/matrix.hpp"

namespace twofold {

/// A = Q R.
struct [[nodiscard]] ThinQr {
  Matrix q;  ///< m×n, QᵀQ = I.
  Matrix r;  ///< n×n, upper triangular, diagonal >= 0: unique if A has full column rank.
};

/// @param A  m×n with m >= n >= 0. NaN or infinity in A gives NaN throughout.
/// @throws InvalidArgument  if m < n.
/// Accuracy: |A - QR| and |QᵀQ - I| within c n eps |A| and c n eps, c of order 1. A column that
/// depends on those before it yields some unit vector orthogonal to them.
ThinQr thin_qr(const ConstView<double>& A);

/// The factor Q alone.
[[nodiscard]] Matrix thin_q(const ConstView<double>& A);

}  // namespace twofold
