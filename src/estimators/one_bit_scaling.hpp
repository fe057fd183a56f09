// How the bits are shared among coordinates: candidates for the energies of a codec.
#pragma once

#include <vector>

#include "twofold/linalg/matrix.hpp"

namespace twofold::estimators {

/// Energies (mean 1 over the non-zero ones) that may be best: those of theory::best_scaling, and
/// for n < d those that spread the bits over more than n coordinates.
/// @param variances  >= 0, not all 0.
[[nodiscard]] std::vector<Vector> candidate_energies(const Vector& variances, Index code_length);

/// The best energies with linear decoding on k > n coordinates, where the noise is
/// τ = πk/(2n) − 1: energy_i = level √variance_i − τ, k as large as all stay positive. Empty if
/// there is no such k. Source  docs/codec.md#scaling.
[[nodiscard]] Vector spread_energies(const Vector& variances, Index code_length);

}  // namespace twofold::estimators
