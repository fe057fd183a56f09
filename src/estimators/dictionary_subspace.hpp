// Principal directions of normalised rows.
#pragma once

#include "dictionary_training.hpp"

namespace twofold::estimators {

struct PrincipalDirections {
  Matrix directions;       ///< m×d, orthonormal rows, by falling variance
  double explained = 0.0;  ///< Σ_{i≤m} λ_i/Σ λ_i
  Index agreed = 0;        ///< directions that both halves of the rows have (|cos| > 0.95)
};

/// Eigenvectors of the second moment of all rows.
/// @throws InvalidArgument  above dimension 32 000; Stopped.
/// Cost N d² + 10 d³ flops.
[[nodiscard]] PrincipalDirections principal_directions(const NormalisedRows& rows, Index count,
                                                       ThreadPool& pool,
                                                       DeadlineObserver& observer);

}  // namespace twofold::estimators
