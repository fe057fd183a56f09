// Matrices with iid N(0,1) entries for the tests.
#pragma once

#include <span>
#include <string_view>

#include "twofold/core/random.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::test {

template <typename Scalar = double>
MatrixOf<Scalar> random_matrix(Index rows, Index columns, std::string_view name) {
  MatrixOf<Scalar> result(rows, columns);
  RandomStream(1, name).fill_normal(
      0, std::span<Scalar>(result.data(), static_cast<std::size_t>(result.size())));
  return result;
}

/// Awkward sizes: around powers of two and the blocks of the kernels.
inline constexpr Index kSizes[] = {1, 3, 7, 63, 64, 65};

}  // namespace twofold::test
