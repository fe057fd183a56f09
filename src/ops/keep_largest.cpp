#include "keep_largest.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "sparse_kernels.hpp"

namespace twofold::ops {
namespace {

// Entries that are looked at between two rises of the threshold.
constexpr Index kStretch = 256;

// Keeps the k best of `count` candidates in their order and returns the k-th rank.
template <typename Scalar>
Scalar prune(Index count, const GateRule<Scalar>& rule, std::vector<Scalar>& ranks,
             std::int32_t* index, Scalar* value) {
  ranks.resize(static_cast<std::size_t>(count));
  std::transform(value, value + count, ranks.begin(), [&](Scalar v) { return rule.rank(v); });
  const auto last = ranks.begin() + rule.k - 1;
  std::nth_element(ranks.begin(), last, ranks.end(), std::greater<>());
  const Scalar limit = *last;
  // Those above the limit come before `last`; what is left of k goes to the first ties.
  Index ties = rule.k - std::count_if(ranks.begin(), last, [&](Scalar r) { return r > limit; });
  Index kept = 0;
  for (Index i = 0; i < count; ++i) {
    const Scalar rank = rule.rank(value[i]);
    if (rank < limit || (rank == limit && ties-- <= 0)) continue;
    index[kept] = index[i];
    value[kept] = value[i];
    ++kept;
  }
  return limit;
}

}  // namespace

template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Scalar>& ranks, std::int32_t* index, Scalar* value) {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  Scalar limit = 0;  // those of lower rank are out; and those of equal rank that come now
  Index kept = 0;
  for (Index start = 0; start < m; start += kStretch) {
    const Index length = std::min(kStretch, m - start);
    kept += rule.positive ? kernels.keep_above(z + start, length, start, Scalar{0}, limit,
                                               index + kept, value + kept)
                          : kernels.keep_magnitude(z + start, length, start, limit, index + kept,
                                                   value + kept);
    const bool end = start + length == m;
    if (kept <= rule.k || (!end && kept < 2 * rule.k + kStretch / 2)) continue;
    limit = prune(kept, rule, ranks, index, value);
    kept = rule.k;
    if (!rule.positive) limit = std::nextafter(limit, std::numeric_limits<Scalar>::infinity());
  }
  return kept;
}

template Index keep_largest(const float*, Index, const GateRule<float>&, std::vector<float>&,
                            std::int32_t*, float*);
template Index keep_largest(const double*, Index, const GateRule<double>&, std::vector<double>&,
                            std::int32_t*, double*);

}  // namespace twofold::ops
