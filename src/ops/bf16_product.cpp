#include "bf16_product.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "lane_sum.hpp"
#include "twofold/core/processor.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace twofold::ops {
namespace {

// To nearest, ties to even. A NaN may become another number: its row has no finite norm, hence no
// finite bound, and all its products are computed again.
Bf16Pair rounded(float x) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
}

}  // namespace

template <Index kMembers>
void pack_bf16(const ConstView<float>& M, Bf16Pair* out) noexcept {
  const Index d = M.cols(), pairs = bf16_pairs(d);
  // A few rows and pairs at a time, so that the lines written to stay in the cache.
  constexpr Index kPairs = 16;
  for (Index begin = 0; begin < pairs; begin += kPairs) {
    const Index end = std::min(begin + kPairs, pairs);
    for (Index row = 0; row < kMembers; ++row) {
      const float* x = row < M.rows() ? M.data() + row * M.outerStride() : nullptr;
      for (Index p = begin; p < end; ++p) {
        const Bf16Pair low = x == nullptr ? 0 : rounded(x[2 * p]);
        const Bf16Pair high = x == nullptr || 2 * p + 1 == d ? 0 : rounded(x[2 * p + 1]);
        out[p * kMembers + row] = low | high << 16;
      }
    }
  }
}

Bf16Norms bf16_norms(const float* x, Index d) noexcept {
  const auto square = [](float v) { return static_cast<double>(v) * static_cast<double>(v); };
  const auto lost = [](float v) { return v - std::bit_cast<float>(rounded(v) << 16); };  // exact
  const Bf16Norms norms{std::sqrt(lane_sum(d, [&](Index j) { return square(x[j]); })),
                        std::sqrt(lane_sum(d, [&](Index j) { return square(lost(x[j])); }))};
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return norms.norm + norms.rounding < kInfinity ? norms : Bf16Norms{kInfinity, kInfinity};
}

double bf16_error(const Bf16Norms& x, const Bf16Norms& w, Index d) noexcept {
  constexpr double kLarge = 1e38, kLeast = 0x1p-126;
  const double x_length = x.norm + x.rounding, w_length = w.norm + w.rounding;
  if (!(x_length < kLarge && w_length < kLarge && x_length * w_length < kLarge)) {
    return std::numeric_limits<double>::infinity();
  }
  const auto terms = static_cast<double>(d);
  return x.rounding * w.norm + x_length * w.rounding + 0x1p-23 * (terms + 2) * x_length * w_length +
         kLeast * terms * (x_length + w_length + 1);
}

template void pack_bf16<kBf16Samples>(const ConstView<float>&, Bf16Pair*) noexcept;
template void pack_bf16<kBf16Atoms>(const ConstView<float>&, Bf16Pair*) noexcept;

#if defined(__x86_64__)

namespace {

// 24 sums in registers; each pair of numbers is one load of 64 atoms and six of one sample.
__attribute__((target("avx512f,avx512bf16"))) void product(const Bf16Pair* samples,
                                                           const Bf16Pair* atoms, Index pairs,
                                                           float* out, Index stride) noexcept {
  constexpr int kWide = kBf16Atoms / 16;
  __m512 sum[kBf16Samples][kWide];
#pragma GCC unroll 6
  for (auto& row : sum) {
#pragma GCC unroll 4
    for (__m512& s : row) s = _mm512_setzero_ps();
  }
  for (Index p = 0; p < pairs; ++p, samples += kBf16Samples, atoms += kBf16Atoms) {
    __m512bh a[kWide];
#pragma GCC unroll 4
    for (int g = 0; g < kWide; ++g)
      a[g] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(atoms + 16 * g));
#pragma GCC unroll 6
    for (int s = 0; s < kBf16Samples; ++s) {
      const auto x = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(samples[s])));
#pragma GCC unroll 4
      for (int g = 0; g < kWide; ++g) sum[s][g] = _mm512_dpbf16_ps(sum[s][g], a[g], x);
    }
  }
#pragma GCC unroll 6
  for (int s = 0; s < kBf16Samples; ++s) {
#pragma GCC unroll 4
    for (int g = 0; g < kWide; ++g) _mm512_storeu_ps(out + s * stride + 16 * g, sum[s][g]);
  }
}

}  // namespace

Bf16Kernel bf16_kernel() noexcept {
  return has(Instructions::Avx512Bf16) ? product : nullptr;
}

#else

Bf16Kernel bf16_kernel() noexcept {
  return nullptr;
}

#endif

}  // namespace twofold::ops
