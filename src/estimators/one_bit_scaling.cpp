#include "one_bit_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>

#include "twofold/theory/one_bit_limit.hpp"

namespace twofold::estimators {
namespace {

// Rescales to mean 1 over the non-zero entries.
Vector normalised(Vector energies) {
  const auto used = static_cast<double>((energies.array() > 0.0).count());
  energies *= used / energies.sum();
  return energies;
}

}  // namespace

Vector spread_energies(const Vector& variances, Index code_length) {
  std::vector<double> sorted(variances.data(), variances.data() + variances.size());
  std::ranges::sort(sorted, std::greater<>());
  std::vector<double> sums(1, 0.0);  // of the k largest deviations
  for (double& s : sorted) {
    s = std::sqrt(s);
    sums.push_back(sums.back() + s);
  }
  const auto n = static_cast<std::size_t>(code_length);
  for (std::size_t k = sorted.size(); k > n; --k) {
    const double noise =
        0.5 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n) - 1.0;
    const double level = static_cast<double>(k) * (1.0 + noise) / sums[k];
    const double least = sorted[k - 1];
    if (!(least > 0.0 && level * least > noise)) continue;
    if (k < sorted.size() && sorted[k] == least) continue;  // equal variances stay together
    Vector energies = Vector::Zero(variances.size());
    for (Index i = 0; i < variances.size(); ++i) {
      const double s = std::sqrt(variances[i]);
      if (s >= least) energies[i] = level * s - noise;
    }
    return normalised(std::move(energies));
  }
  return {};
}

std::vector<Vector> candidate_energies(const Vector& variances, Index code_length) {
  std::vector<Vector> list{normalised(theory::best_scaling(variances, code_length).share)};
  Vector spread = spread_energies(variances, code_length);
  if (spread.size() > 0) list.push_back(std::move(spread));
  return list;
}

}  // namespace twofold::estimators
