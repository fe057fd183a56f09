// Cosines to kernel entries, one row at a time: what takes the time beside the matrix product.
#pragma once

#include "twofold/core/parallel.hpp"

namespace twofold::theory {

/// Coefficients of norms·[cosine_factor cos θ (π − θ) + sine_factor sin θ].
template <typename Scalar>
struct TangentMap {
  Scalar cosine_factor, sine_factor;

  /// values[j] <- the kernel at cos θ = cosines[j] and the norms row_norm · norms[j]. Returns the
  /// largest |cos θ|. In float, acos is a polynomial of degree 7 with an error of 2e-8 (Abramowitz
  /// and Stegun, 4.4.46). The same bits on every machine.
  Scalar operator()(Scalar row_norm, const Scalar* norms, const Scalar* cosines, Scalar* values,
                    Index count) const;
};

}  // namespace twofold::theory
