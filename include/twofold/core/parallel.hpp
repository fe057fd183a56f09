// The one thread pool: parallel loops over fixed blocks, sums with a fixed tree.
//
// Blocks are cut by the caller and never depend on the number of threads, so every
// result is bitwise the same for any pool size.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace twofold {

using Index = std::ptrdiff_t;

/// A fixed set of threads; the calling thread is one of them.
///
/// Plain std::thread: no OpenMP runtime that could clash with another one in the
/// process, no global setting or affinity is touched, and ThreadSanitizer sees all
/// of it. Not re-entrant: `run` inside `run` on the same pool executes serially.
class ThreadPool {
 public:
  /// @param threads  number of threads, >= 1. Throws InvalidArgument otherwise.
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int size() const noexcept;

  /// Calls body(block) once for each block in [0, num_blocks), in any order, on any
  /// thread; returns when all are done. The first exception thrown by `body` (the one
  /// of the lowest block) is rethrown here after all blocks ended. Allocates nothing.
  template <typename Body>
  void run(Index num_blocks, Body&& body) {
    using Plain = std::remove_reference_t<Body>;
    run_blocks(
        num_blocks, [](void* b, Index block) { (*static_cast<Plain*>(b))(block); },
        const_cast<void*>(static_cast<const void*>(std::addressof(body))));
  }

 private:
  void run_blocks(Index num_blocks, void (*call)(void*, Index), void* body);
  struct State;
  std::unique_ptr<State> state_;
};

/// Threads the machine offers this process (respects affinity and cgroup limits), >= 1.
[[nodiscard]] int available_threads();

/// Number of blocks of `block_size` that cover `count`.
[[nodiscard]] constexpr Index num_blocks(Index count, Index block_size) noexcept {
  return (count + block_size - 1) / block_size;
}

/// body(begin, end) over [0, count) in blocks of `block_size`.
template <typename Body>
void parallel_for(ThreadPool& pool, Index count, Index block_size, Body&& body) {
  pool.run(num_blocks(count, block_size), [&](Index block) {
    const Index begin = block * block_size;
    const Index end = begin + block_size < count ? begin + block_size : count;
    body(begin, end);
  });
}

/// Adds values pairwise in a tree that depends on their number only. Needs `+=`.
template <typename T>
[[nodiscard]] T tree_sum(std::vector<T> values) {
  for (std::size_t stride = 1; stride < values.size(); stride *= 2) {
    for (std::size_t i = 0; i + stride < values.size(); i += 2 * stride) {
      values[i] += values[i + stride];
    }
  }
  return values.empty() ? T{} : std::move(values.front());
}

/// Sum over blocks of partial(begin, end), bitwise the same for any pool size.
template <typename T, typename Partial>
[[nodiscard]] T parallel_sum(ThreadPool& pool, Index count, Index block_size, Partial&& partial) {
  std::vector<T> sums(static_cast<std::size_t>(num_blocks(count, block_size)));
  parallel_for(pool, count, block_size, [&](Index begin, Index end) {
    sums[static_cast<std::size_t>(begin / block_size)] = partial(begin, end);
  });
  return tree_sum(std::move(sums));
}

}  // namespace twofold
