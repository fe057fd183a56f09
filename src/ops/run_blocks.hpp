// Fixed blocks of work: the same for any number of threads, and so are the bits.
#pragma once

#include <algorithm>

#include "span_of_rows.hpp"

namespace twofold::ops {

/// body(i) for i < count, by the pool where that pays: below so many flops a pass takes less time
/// than waking the threads does.
template <typename Body>
void run_blocks(ThreadPool& pool, double flops, Index count, Body&& body) {
  constexpr double kSerialFlops = 4e6;
  if (flops >= kSerialFlops) return pool.run(count, body);
  for (Index i = 0; i < count; ++i) body(i);
}

/// body(span) for the blocks of `size` rows, of `count` rows in all, that are strip `strip` of
/// `strips` nearly equal ones.
template <typename Body>
void for_each_block(Index count, Index size, Index strips, Index strip, Body&& body) {
  const Index blocks = num_blocks(count, size), end = blocks * (strip + 1) / strips;
  for (Index block = blocks * strip / strips; block < end; ++block) {
    body(Span{block * size, std::min(size, count - block * size)});
  }
}

}  // namespace twofold::ops
