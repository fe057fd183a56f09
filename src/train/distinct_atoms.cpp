#include "distinct_atoms.hpp"

#include <algorithm>
#include <numeric>

namespace twofold::train {

MomentStart distinct_atoms(const Matrix& candidates, const std::vector<double>& scores, Index m,
                           const Matrix& X, std::uint64_t seed) {
  constexpr double kSame = 0.755;  // |cos| of two directions at distance 0.7
  std::vector<Index> order(scores.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return scores[static_cast<std::size_t>(a)] > scores[static_cast<std::size_t>(b)];
  });

  MomentStart start;
  start.atoms = sample_start(X, m, seed);
  for (const Index candidate : order) {
    if (start.found == m) break;
    const auto row = candidates.row(candidate);
    if (row.squaredNorm() < 0.5) continue;  // from samples that are all 0
    const auto taken = start.atoms.topRows(start.found);
    if (start.found > 0 && (taken * row.transpose()).cwiseAbs().maxCoeff() >= kSame) continue;
    start.atoms.row(start.found++) = row;
    start.scores.push_back(scores[static_cast<std::size_t>(candidate)]);
  }
  return start;
}

}  // namespace twofold::train
