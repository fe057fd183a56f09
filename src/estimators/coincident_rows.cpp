#include "coincident_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <tuple>
#include <utility>

#include "twofold/core/random.hpp"

namespace twofold::estimators {
namespace {

constexpr double kSameAngle = 1e-7;  // radians
constexpr double kSameNorm = 1e-6;   // relative
// |x̂·r| of rows at an angle θ differ by at most 2 sin(θ/2); the rest is rounding of x̂·r.
constexpr double kNeighbours = 1.001 * kSameAngle;

// |x̂·r| and the number of the row, ascending; without rows of zeros.
std::vector<std::pair<double, Index>> projections(const ConstView<double>& X, std::uint64_t seed) {
  Vector direction(X.cols());
  RandomStream(seed, "coincident rows")
      .fill_normal(0, std::span(direction.data(), static_cast<std::size_t>(direction.size())));
  direction.normalize();
  std::vector<std::pair<double, Index>> sorted;
  for (Index i = 0; i < X.rows(); ++i) {
    const double norm = X.row(i).stableNorm();
    if (norm > 0.0) sorted.emplace_back(std::abs((X.row(i) / norm).dot(direction)), i);
  }
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace

std::vector<CoincidentRows> coincident_rows(const ConstView<double>& X, Index most,
                                            std::uint64_t seed) {
  const auto sorted = projections(X, seed);
  std::array<std::vector<CoincidentRows>, 3> kinds;
  for (std::size_t a = 0; a < sorted.size(); ++a) {
    const Vector x = X.row(sorted[a].second).transpose();
    Index found = 0;
    for (std::size_t b = a + 1; b < sorted.size() && found < most; ++b) {
      if (sorted[b].first - sorted[a].first > kNeighbours) break;
      const Vector y = X.row(sorted[b].second).transpose();
      const double angle = theory::angle(x, y);
      const bool opposite = std::numbers::pi - angle <= kSameAngle;
      if (angle > kSameAngle && !opposite) continue;
      ++found;
      const double p = x.stableNorm(), q = y.stableNorm();
      const bool same = std::abs(p - q) <= kSameNorm * std::max(p, q);
      const Coincidence kind = opposite ? Coincidence::Opposite
                               : same   ? Coincidence::Copy
                                        : Coincidence::Scaled;
      const auto [first, second] = std::minmax(sorted[a].second, sorted[b].second);
      kinds[static_cast<std::size_t>(kind)].push_back({first, second, kind});
    }
  }
  std::vector<CoincidentRows> result;
  for (auto& pairs : kinds) {
    std::ranges::sort(pairs, {},
                      [](const CoincidentRows& p) { return std::tie(p.first, p.second); });
    const auto kept = std::min(pairs.size(), static_cast<std::size_t>(most));
    result.insert(result.end(), pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(kept));
  }
  return result;
}

}  // namespace twofold::estimators
