#include "keep_largest.hpp"

#include <algorithm>

namespace twofold::ops {

template <std::floating_point Scalar>
Index keep_largest(const Scalar* z, Index m, const GateRule<Scalar>& rule,
                   std::vector<Candidate<Scalar>>& work, std::int32_t* index, Scalar* value) {
  work.clear();
  for (Index i = 0; i < m; ++i) {
    const Scalar rank = rule.rank(z[i]);
    if (rank >= 0) work.push_back({rank, static_cast<std::int32_t>(i)});
  }
  if (std::ssize(work) > rule.k) {
    std::nth_element(work.begin(), work.begin() + rule.k - 1, work.end(),
                     [](const auto& a, const auto& b) { return a.before(b); });
    work.resize(static_cast<std::size_t>(rule.k));
    std::sort(work.begin(), work.end(),
              [](const auto& a, const auto& b) { return a.index < b.index; });
  }
  for (const Candidate<Scalar>& c : work) {
    *index++ = c.index;
    *value++ = z[c.index];
  }
  return std::ssize(work);
}

template Index keep_largest(const float*, Index, const GateRule<float>&,
                            std::vector<Candidate<float>>&, std::int32_t*, float*);
template Index keep_largest(const double*, Index, const GateRule<double>&,
                            std::vector<Candidate<double>>&, std::int32_t*, double*);

}  // namespace twofold::ops
