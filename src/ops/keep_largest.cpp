#include "keep_largest.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include "sparse_kernels.hpp"

namespace twofold::ops {
namespace {

// So many numbers are compared each with each: no branch that a processor could guess wrong.
constexpr Index kFew = 32;

// The k-th largest of `count` numbers >= 0, k <= count; may reorder them.
template <typename Scalar>
Scalar kth_largest(Scalar* numbers, Index count, Index k) {
  if (count > kFew) {
    std::nth_element(numbers, numbers + k - 1, numbers + count, std::greater<>());
    return numbers[k - 1];
  }
  Scalar kth = std::numeric_limits<Scalar>::infinity();
  for (Index i = 0; i < count; ++i) {
    std::int32_t above = 0;
    for (Index j = 0; j < count; ++j) above += numbers[j] > numbers[i] ? 1 : 0;
    if (above < k) kth = std::min(kth, numbers[i]);
  }
  return kth;
}

// A rank that at least k entries reach: the largest of each of L > k parts of the row are L
// entries. With two parts for each of the k few others reach it.
template <typename Scalar>
Scalar lower_bound(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Scalar>& ranks) {
  const Index parts = num_blocks(2 * rule.k, kLanes<Scalar>) * kLanes<Scalar>;
  if (parts >= m / 2) return 0;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  ranks.resize(static_cast<std::size_t>(parts));
  (rule.positive ? kernels.largest_values : kernels.largest_magnitudes)(z, m, parts, ranks.data());
  return kth_largest(ranks.data(), parts, rule.k);
}

// Keeps the k best of `count` > k candidates in their order.
template <typename Scalar>
void prune(Index count, const GateRule<Scalar>& rule, std::vector<Scalar>& ranks,
           std::int32_t* index, Scalar* value) {
  ranks.resize(static_cast<std::size_t>(count));
  std::transform(value, value + count, ranks.begin(), [&](Scalar v) { return rule.rank(v); });
  const Scalar limit = kth_largest(ranks.data(), count, rule.k);
  // What those above the limit leave of k goes to the first of the ties.
  Index ties =
      rule.k - std::count_if(ranks.begin(), ranks.end(), [&](Scalar r) { return r > limit; });
  Index kept = 0;
  for (Index i = 0; i < count; ++i) {
    const Scalar rank = rule.rank(value[i]);
    const bool tie = rank == limit && ties > 0;
    ties -= tie ? 1 : 0;
    index[kept] = index[i];
    value[kept] = value[i];
    kept += rank > limit || tie ? 1 : 0;
  }
}

}  // namespace

template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Scalar>& ranks, std::int32_t* index, Scalar* value) {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Scalar limit = lower_bound(z, m, rule, ranks);
  Index kept = 0;
  if (rule.positive) {
    const Scalar below = limit > 0 ? std::nextafter(limit, Scalar{0}) : Scalar{0};
    kept = kernels.keep_above(z, m, 0, Scalar{0}, below, index, value);
  } else {
    kept = kernels.keep_magnitude(z, m, 0, limit, index, value);
  }
  if (kept <= rule.k) return kept;
  prune(kept, rule, ranks, index, value);
  return rule.k;
}

template Index keep_largest(const float*, Index, const GateRule<float>&, std::vector<float>&,
                            std::int32_t*, float*);
template Index keep_largest(const double*, Index, const GateRule<double>&, std::vector<double>&,
                            std::int32_t*, double*);

}  // namespace twofold::ops
