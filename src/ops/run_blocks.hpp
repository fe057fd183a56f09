#pragma once

#include "twofold/core/parallel.hpp"

namespace twofold::ops {

/// body(i) for i < count, by the pool where that pays: below so many flops a pass takes less time
/// than waking the threads does. The blocks are the same either way, and so are the bits.
template <typename Body>
void run_blocks(ThreadPool& pool, double flops, Index count, Body&& body) {
  constexpr double kSerialFlops = 4e6;
  if (flops >= kSerialFlops) return pool.run(count, body);
  for (Index i = 0; i < count; ++i) body(i);
}

}  // namespace twofold::ops
