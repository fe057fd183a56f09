#include "activate.hpp"

namespace twofold::ops {
namespace {

// Two plain loops: the compiler vectorises those of the piecewise linear activations.
template <typename A, typename Scalar>
void apply(const A& a, std::span<Scalar> codes, std::span<Scalar> slopes) noexcept {
  for (std::size_t i = 0; i < slopes.size(); ++i) slopes[i] = a.slope(codes[i]);
  for (Scalar& code : codes) code = a.value(code);
}

}  // namespace

template <std::floating_point Scalar>
void activate(const model::Activation& activation, std::span<Scalar> codes,
              std::span<Scalar> slopes) noexcept {
  std::visit(
      [&]<typename A>(const A& a) {
        if constexpr (model::Elementwise<A>) apply(a, codes, slopes);
      },
      activation);
}

template void activate(const model::Activation&, std::span<float>, std::span<float>) noexcept;
template void activate(const model::Activation&, std::span<double>, std::span<double>) noexcept;

}  // namespace twofold::ops
