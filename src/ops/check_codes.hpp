// Shape checks shared by the reference and the fast ops on sparse codes.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

#include "twofold/core/error.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

/// X: N×d, W: m×d with m, d >= 1 and m an int32.
template <typename Scalar>
void check_atoms(const ConstView<Scalar>& X, const ConstView<Scalar>& W, std::string_view where) {
  if (W.rows() < 1 || W.cols() < 1) {
    throw InvalidArgument(where,
                          fmt::format("there must be atoms, got W of {}x{}", W.rows(), W.cols()));
  }
  if (W.rows() > std::numeric_limits<std::int32_t>::max()) {
    throw InvalidArgument(where, fmt::format("at most 2^31 - 1 atoms, got {}", W.rows()));
  }
  if (X.cols() != W.cols()) {
    throw InvalidArgument(
        where, fmt::format("samples have dimension {}, the atoms {}", X.cols(), W.cols()));
  }
}

/// Codes of N samples and m atoms, every index in [0, m).
template <typename Scalar>
void check_codes(const SparseCodes<Scalar>& codes, Index N, Index m, std::string_view where) {
  if (codes.rows() != N || codes.atoms != m) {
    throw InvalidArgument(
        where, fmt::format("codes are {}x{}, expected {}x{}", codes.rows(), codes.atoms, N, m));
  }
  const auto size = static_cast<std::int64_t>(codes.index.size());
  if (codes.offset.front() != 0 || codes.offset.back() != size ||
      !std::is_sorted(codes.offset.begin(), codes.offset.end()) ||
      codes.value.size() != codes.index.size()) {
    throw InvalidArgument(where, "offsets, indices and values of the codes do not fit together");
  }
  // Unsigned: a negative index is larger than any other. One pass without a branch.
  std::uint32_t largest = 0;
  for (const std::int32_t i : codes.index)
    largest = std::max(largest, static_cast<std::uint32_t>(i));
  if (size > 0 && static_cast<std::int64_t>(largest) >= m) {
    throw InvalidArgument(where, fmt::format("an index of the codes is outside [0, {}): {}", m,
                                             static_cast<std::int32_t>(largest)));
  }
}

template <typename Scalar>
void check_same_shape(const ConstView<Scalar>& expected, const View<Scalar>& output,
                      std::string_view name, std::string_view where) {
  if (output.rows() == expected.rows() && output.cols() == expected.cols()) return;
  throw InvalidArgument(where, fmt::format("{} must be {}x{}, got {}x{}", name, expected.rows(),
                                           expected.cols(), output.rows(), output.cols()));
}

}  // namespace twofold::ops
