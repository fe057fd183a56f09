// Non-negative matrix factorisation, a baseline for dictionaries without signs.
#pragma once

#include <cstdint>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::train {

/// X ≈ C W with C, W >= 0. Losses are 1/(2N) ‖max(X, 0) − C W‖².
struct [[nodiscard]] NmfResult {
  Matrix atoms;              ///< W, m×d, rows of unit norm (or 0)
  Matrix codes;              ///< C, N×m
  std::vector<double> loss;  ///< at the start and after each iteration; never rises but by rounding
  double negative = 0.0;     ///< ‖min(X, 0)‖²/‖X‖², what no such factors can express
  StopRequest stop = StopRequest::None;
};

/// Multiplicative updates, factor by factor:
///   C <- C ∘ (X Wᵀ) / (C W Wᵀ),   W <- W ∘ (Cᵀ X) / (Cᵀ C W).
///
/// @param X      N×d, N >= 1, finite. Entries below 0 count as 0: noise, see `negative`.
/// @param start  m×d, finite, not all 0. An entry that is not positive would stay 0 for ever and
///               becomes 1e-3 of the mean size of all. C starts at X Wᵀ, likewise made positive.
/// @throws InvalidArgument  if shapes or values are outside their domain.
/// Ends early, with `stop` set, if the observer asks for it. Cost of an iteration 6Nmd flops at
/// the speed of gemm, and as much for small products. Bitwise the same for any pool size.
/// Source: Lee and Seung, NIPS 13 (2001) 556.
NmfResult multiplicative_nmf(const ConstView<double>& X, Matrix start, std::int64_t iterations,
                             ThreadPool& pool, Observer& observer = no_observer());

}  // namespace twofold::train
