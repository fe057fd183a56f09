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

}  // namespace

// The largest of each of L > k parts of the row are L entries. With two parts for each of the k few
// others reach the k-th of them.
template <std::floating_point Scalar>
Scalar lower_bound_of_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                              std::vector<Scalar>& ranks) {
  const Index parts = num_blocks(2 * rule.k, kLanes<Scalar>) * kLanes<Scalar>;
  if (parts >= m / 2) return 0;
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  ranks.resize(static_cast<std::size_t>(parts));
  (rule.positive ? kernels.largest_values : kernels.largest_magnitudes)(z, m, parts, ranks.data());
  return kth_largest(ranks.data(), parts, rule.k);
}

template <std::floating_point Scalar>
Scalar kth_rank(const Scalar* value, Index count, const GateRule<Scalar>& rule,
                std::vector<Scalar>& ranks) {
  ranks.resize(static_cast<std::size_t>(count));
  std::transform(value, value + count, ranks.begin(), [&](Scalar v) { return rule.rank(v); });
  return kth_largest(ranks.data(), count, rule.k);
}

template <std::floating_point Scalar>
Index keep_best(Index count, const GateRule<Scalar>& rule, std::vector<Scalar>& ranks,
                std::int32_t* index, Scalar* value) {
  if (count <= rule.k) return count;
  const Scalar limit = kth_rank(value, count, rule, ranks);
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
  return kept;
}

template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Scalar>& ranks, std::int32_t* index, Scalar* value) {
  const SparseKernels<Scalar>& kernels = sparse_kernels<Scalar>();
  const Scalar limit = lower_bound_of_largest(z, m, rule, ranks);
  Index kept = 0;
  if (rule.positive) {
    const Scalar below = limit > 0 ? std::nextafter(limit, Scalar{0}) : Scalar{0};
    kept = kernels.keep_above(z, m, 0, Scalar{0}, below, index, value);
  } else {
    kept = kernels.keep_magnitude(z, m, 0, limit, index, value);
  }
  return keep_best(kept, rule, ranks, index, value);
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                                \
  template Scalar lower_bound_of_largest(const Scalar*, Index, const GateRule<Scalar>&,            \
                                         std::vector<Scalar>&);                                    \
  template Scalar kth_rank(const Scalar*, Index, const GateRule<Scalar>&, std::vector<Scalar>&);   \
  template Index keep_best(Index, const GateRule<Scalar>&, std::vector<Scalar>&, std::int32_t*,    \
                           Scalar*);                                                               \
  template Index keep_largest(const Scalar*, Index, const GateRule<Scalar>&, std::vector<Scalar>&, \
                              std::int32_t*, Scalar*);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops
