#include "twofold/ops/walsh_hadamard.hpp"

#include <fmt/format.h>

#include <bit>

#include "hadamard_kernels.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {

template <std::floating_point Scalar>
void walsh_hadamard(std::span<Scalar> x) {
  if (!std::has_single_bit(x.size())) {
    throw InvalidArgument("ops::walsh_hadamard",
                          fmt::format("length must be a power of two, got {}", x.size()));
  }
  hadamard_kernels<Scalar>().narrow_to_wide(x.data(), x.size());
}

template void walsh_hadamard(std::span<float>);
template void walsh_hadamard(std::span<double>);

}  // namespace twofold::ops
