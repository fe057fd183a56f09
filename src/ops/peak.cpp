#include "peak.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

namespace twofold::ops {
namespace {

// A register of numbers, and counters as wide, so that one comparison serves both. 16 bytes are
// what every 64-bit machine has; GCC 12 takes wider vectors apart, and choices that are not made by
// masks.
template <typename Scalar>
struct Lanes {
  using Counter = std::conditional_t<sizeof(Scalar) == 4, std::int32_t, std::int64_t>;
  static constexpr Counter kAllButSign = std::numeric_limits<Counter>::max();
  static constexpr Index kCount = 16 / sizeof(Scalar);
  typedef Scalar Numbers __attribute__((vector_size(16)));
  typedef Counter Counters __attribute__((vector_size(16)));
};

// Each lane keeps its largest size and the group where that is; the lanes are compared at the end.
template <typename Scalar, bool kRemove>
[[gnu::always_inline]] inline Peak<Scalar> scan(
    Scalar factor, Scalar q, Scalar* v, std::conditional_t<kRemove, Scalar, const Scalar>* a,
    Index length) noexcept {
  using L = Lanes<Scalar>;
  using Numbers = typename L::Numbers;
  using Counters = typename L::Counters;
  Numbers largest{};
  Counters where{};
  for (typename L::Counter group = 0; group * L::kCount < length; ++group) {
    const Index first = group * L::kCount;
    Numbers x;
    std::memcpy(&x, a + first, sizeof x);
    if constexpr (kRemove) {
      Numbers u;
      std::memcpy(&u, v + first, sizeof u);
      u *= factor;
      x -= q * u;
      std::memcpy(v + first, &u, sizeof u);
      std::memcpy(a + first, &x, sizeof x);
    }
    const auto size = reinterpret_cast<Counters>(x) & L::kAllButSign;
    const Counters more = reinterpret_cast<Numbers>(size) > largest;
    largest =
        reinterpret_cast<Numbers>((size & more) | (reinterpret_cast<Counters>(largest) & ~more));
    where = (group & more) | (where & ~more);
  }
  Peak<Scalar> best{static_cast<Index>(where[0]) * L::kCount, largest[0]};
  for (Index lane = 1; lane < L::kCount; ++lane) {
    const Index at = static_cast<Index>(where[lane]) * L::kCount + lane;
    const bool better = largest[lane] > best.size || (largest[lane] == best.size && at < best.at);
    if (better) best = {at, largest[lane]};
  }
  return best;
}

}  // namespace

template <std::floating_point Scalar>
Peak<Scalar> find_peak(const Scalar* a, Index length) noexcept {
  return scan<Scalar, false>(1, 0, nullptr, a, length);
}

template <std::floating_point Scalar>
Peak<Scalar> remove_direction(Scalar factor, Scalar q, Scalar* v, Scalar* a,
                              Index length) noexcept {
  return scan<Scalar, true>(factor, q, v, a, length);
}

template Peak<float> find_peak(const float*, Index) noexcept;
template Peak<double> find_peak(const double*, Index) noexcept;
template Peak<float> remove_direction(float, float, float*, float*, Index) noexcept;
template Peak<double> remove_direction(double, double, double*, double*, Index) noexcept;

}  // namespace twofold::ops
