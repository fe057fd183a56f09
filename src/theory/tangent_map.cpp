#include "tangent_map.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "twofold/core/processor.hpp"

namespace twofold::theory {
namespace {

// π − acos(c), vectorised by the compiler.
[[gnu::always_inline]] inline float supplement_of(float c) {
  const float r = std::fabs(c);
  float p = -0.0012624911f;
  p = p * r + 0.0066700901f;
  p = p * r - 0.0170881256f;
  p = p * r + 0.0308918810f;
  p = p * r - 0.0501743046f;
  p = p * r + 0.0889789874f;
  p = p * r - 0.2145988016f;
  p = p * r + 1.5707963050f;
  const float angle = std::sqrt(1.0f - r) * p;  // acos(|c|)
  return c < 0.0f ? angle : std::numbers::pi_v<float> - angle;
}

[[gnu::always_inline]] inline double supplement_of(double c) {
  return std::acos(-c);
}

// Without sines: where their factor is 0, their roots would take half of the time.
template <bool kSines, typename Scalar>
[[gnu::always_inline]] inline Scalar map_row(const TangentMap<Scalar>& map, Scalar row_norm,
                                             const Scalar* __restrict norms,
                                             const Scalar* __restrict cosines,
                                             Scalar* __restrict values, Index count) {
  constexpr Index kLanes = 16;  // partial maxima, so that the loop has no chain
  Scalar largest[kLanes] = {};
  const auto entry = [&](Index j, Scalar& most) {
    const Scalar raw = cosines[j], size = std::fabs(raw);
    most = size > most ? size : most;
    const Scalar c = raw > 1 ? Scalar(1) : raw < -1 ? Scalar(-1) : raw;
    Scalar value = map.cosine_factor * c * supplement_of(c);
    if constexpr (kSines) value += map.sine_factor * std::sqrt((1 - c) * (1 + c));
    values[j] = row_norm * norms[j] * value;
  };
  Index j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    for (Index lane = 0; lane < kLanes; ++lane) entry(j + lane, largest[lane]);
  }
  for (; j < count; ++j) entry(j, largest[0]);
  return *std::max_element(largest, largest + kLanes);
}

template <typename Scalar>
[[gnu::always_inline]] inline Scalar map_any(const TangentMap<Scalar>& map, Scalar row_norm,
                                             const Scalar* norms, const Scalar* cosines,
                                             Scalar* values, Index count) {
  if (map.sine_factor == 0) return map_row<false>(map, row_norm, norms, cosines, values, count);
  return map_row<true>(map, row_norm, norms, cosines, values, count);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl"))) float map_avx512(
    const TangentMap<float>& map, float row_norm, const float* norms, const float* cosines,
    float* values, Index count) {
  return map_any(map, row_norm, norms, cosines, values, count);
}
__attribute__((target("avx2"))) float map_avx2(const TangentMap<float>& map, float row_norm,
                                               const float* norms, const float* cosines,
                                               float* values, Index count) {
  return map_any(map, row_norm, norms, cosines, values, count);
}
#endif

float map_portable(const TangentMap<float>& map, float row_norm, const float* norms,
                   const float* cosines, float* values, Index count) {
  return map_any(map, row_norm, norms, cosines, values, count);
}

using MapRow = float (*)(const TangentMap<float>&, float, const float*, const float*, float*,
                         Index);

MapRow fastest() {
#if defined(__x86_64__)
  if (has(Instructions::Avx512)) return map_avx512;
  if (has(Instructions::Avx2)) return map_avx2;
#endif
  return map_portable;
}

}  // namespace

template <>
float TangentMap<float>::operator()(float row_norm, const float* norms, const float* cosines,
                                    float* values, Index count) const {
  static const MapRow map = fastest();
  return map(*this, row_norm, norms, cosines, values, count);
}

template <>
double TangentMap<double>::operator()(double row_norm, const double* norms, const double* cosines,
                                      double* values, Index count) const {
  return map_any(*this, row_norm, norms, cosines, values, count);
}

}  // namespace twofold::theory
