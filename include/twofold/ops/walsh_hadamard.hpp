// The fast Walsh-Hadamard transform.
#pragma once

#include <concepts>
#include <span>

namespace twofold::ops {

/// x <- H x in place, H[i,j] = (-1)^{popcount(i & j)}: symmetric, H² = N I, not normalised.
///
/// @param x  length N = 2^k, k >= 0. Throws InvalidArgument otherwise.
/// Cost: N log2 N additions. Exact for integers while |x|_1 stays below 2^24 (float), 2^53
/// (double); else relative error about k eps. NaN and infinity propagate. Allocates nothing.
template <std::floating_point Scalar>
void walsh_hadamard(std::span<Scalar> x);

}  // namespace twofold::ops
