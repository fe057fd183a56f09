// Codes of the samples of one task.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sparse_kernels.hpp"

namespace twofold::ops {

/// The buffers are as long as ever was needed; the first `size` entries count.
template <std::floating_point Scalar>
struct BlockCodes {
  std::vector<std::int32_t> index;
  std::vector<Scalar> value;
  std::vector<Index> count;  ///< of each row
  Index size = 0;

  void clear() {
    size = 0;
    count.clear();
  }
  /// keep(index, value) appends one row of at most m entries and returns how many.
  template <typename Keep>
  void add_row(Index m, Keep&& keep) {
    const auto needed = static_cast<std::size_t>(size + m + kLanes<Scalar>);
    if (needed > index.size()) {
      index.resize(std::max(needed, 2 * index.size()));
      value.resize(index.size());
    }
    count.push_back(keep(index.data() + size, value.data() + size));
    size += count.back();
  }
};

}  // namespace twofold::ops
