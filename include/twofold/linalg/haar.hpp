// Random orthogonal matrices.
#pragma once

#include <cstdint>

#include "twofold/core/random.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold {

/// A d×d orthogonal matrix with Haar (uniform) distribution, d >= 0.
///
/// QR of a matrix of iid N(0,1) entries, with the diagonal of R made positive: without that the
/// law is not Haar. A function of (stream, index) only; different indices are independent.
/// Throws InvalidArgument if d < 0. Accuracy: |QᵀQ - I| of order d eps.
/// Source: F. Mezzadri, Notices of the AMS 54 (2007) 592.
[[nodiscard]] Matrix haar_orthogonal(Index d, const RandomStream& stream, std::uint64_t index);

}  // namespace twofold
