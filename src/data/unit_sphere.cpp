#include "twofold/data/unit_sphere.hpp"

#include <fmt/format.h>

#include <cmath>

#include "twofold/core/error.hpp"

namespace twofold::data {

UnitSphere::UnitSphere(Index dimension, std::uint64_t seed, std::string_view split)
    : dimension_(dimension), stream_(seed, "unit_sphere/" + std::string(split)) {
  require(dimension >= 1, "data::UnitSphere",
          fmt::format("the dimension must be >= 1, got {}", dimension));
}

std::string UnitSphere::description() const {
  return fmt::format("uniform on the unit sphere of dimension {}", dimension_);
}

// The norm is never 0 in practice: that needs all d numbers to be 0, chance 2^-53 for d = 1.
template <typename Scalar>
void UnitSphere::fill_row(std::uint64_t i, std::span<Scalar> out) const {
  stream_.fill_normal(i, out);
  double sum = 0.0;
  for (const Scalar x : out) sum += double{x} * double{x};
  const double norm = std::sqrt(sum);
  for (Scalar& x : out) x = static_cast<Scalar>(x / norm);
}

template void UnitSphere::fill_row(std::uint64_t, std::span<float>) const;
template void UnitSphere::fill_row(std::uint64_t, std::span<double>) const;

}  // namespace twofold::data
