// Averages over the uniform k-subsets S of {0, ..., m−1} that contain a given set T of one or two
// indices.
#pragma once

#include <array>

#include "twofold/linalg/matrix.hpp"

namespace twofold::theory {

/// P(r given indices are all in S) = k(k−1)...(k−r+1)/(m(m−1)...(m−r+1)) for r = 0 ... 4.
inline std::array<double, 5> inclusion_probabilities(Index k, Index m) {
  std::array<double, 5> p{1.0, 0.0, 0.0, 0.0, 0.0};
  for (Index r = 0; r < 4 && r < k; ++r) {
    const auto at = static_cast<std::size_t>(r);
    p[at + 1] = p[at] * static_cast<double>(k - r) / static_cast<double>(m - r);
  }
  return p;
}

/// E[1(T ⊂ S) Σ_{j in S} f_j] from the sum over T and the sum over all indices.
inline double single_sum(double p_t, double p_next, double over_t, double over_all) {
  return p_t * over_t + p_next * (over_all - over_t);
}

}  // namespace twofold::theory
