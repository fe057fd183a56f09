#include "sign_repair.hpp"

#include <algorithm>
#include <cmath>

#include "lane_sum.hpp"

namespace twofold::ops {
namespace {

#if defined(__x86_64__)
#define TWOFOLD_FOR_EACH_PROCESSOR __attribute__((target_clones("default", "avx2", "avx512f")))
#else
#define TWOFOLD_FOR_EACH_PROCESSOR
#endif

TWOFOLD_FOR_EACH_PROCESSOR
bool any_within(const float* z, Index count, float bound) {
  int found = 0;
  for (Index i = 0; i < count; ++i) found |= static_cast<int>(std::fabs(z[i]) <= bound);
  return found != 0;
}

TWOFOLD_FOR_EACH_PROCESSOR
float squared_norm(const float* x, Index d) {
  constexpr Index kLanes = 16;  // partial sums, so that the loop has no chain
  float lane[kLanes] = {};
  Index k = 0;
  for (; k + kLanes <= d; k += kLanes) {
    for (Index l = 0; l < kLanes; ++l) lane[l] += x[k + l] * x[k + l];
  }
  float sum = 0;
  for (; k < d; ++k) sum += x[k] * x[k];
  for (const float s : lane) sum += s;
  return sum;
}

double norm(const float* x, Index d) {
  return std::sqrt(static_cast<double>(squared_norm(x, d)));
}

}  // namespace

double largest_norm(ConstView<float> X) {
  double largest = 0;
  for (Index s = 0; s < X.rows(); ++s) largest = std::max(largest, norm(X.row(s).data(), X.cols()));
  return largest;
}

void repair_signs(ConstView<float> B, ConstView<float> X, double largest, float* Z) {
  const Index d = X.cols(), samples = X.rows();
  // The norms themselves are rounded: a per cent more.
  const double per_norm = 1.01 * static_cast<double>(d) * 0x1p-24 * largest;
  for (Index r = 0; r < B.rows(); ++r) {
    const float* b = B.row(r).data();
    float* z = Z + r * samples;
    const auto bound = static_cast<float>(per_norm * norm(b, d));
    if (!std::isfinite(bound) || !any_within(z, samples, bound)) continue;
    for (Index s = 0; s < samples; ++s) {
      if (!(std::fabs(z[s]) <= bound)) continue;
      const float* x = X.row(s).data();
      z[s] = static_cast<float>(lane_sum(
          d, [&](Index k) { return static_cast<double>(b[k]) * static_cast<double>(x[k]); }));
    }
  }
}

}  // namespace twofold::ops
