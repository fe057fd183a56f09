// Memory for large temporary arrays that is quick to get.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace twofold {

/// At least this much memory begins at a multiple of it, and its pages are this large where the
/// system has such: pages of 4 KB take longer to get than most algorithms to fill them.
inline constexpr std::size_t kLargePage = std::size_t{1} << 21;

/// @throws std::bad_alloc  if there is not so much.
[[nodiscard]] void* allocate_large(std::size_t bytes);
void free_large(void* memory, std::size_t bytes) noexcept;

/// From the functions above. Elements of a vector that are given no value have none.
template <typename T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <typename U>
  LargeAllocator(const LargeAllocator<U>& /*other*/) noexcept {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(allocate_large(count * sizeof(T)));
  }
  void deallocate(T* memory, std::size_t count) noexcept { free_large(memory, count * sizeof(T)); }

  template <typename U>
  void construct(U* place) noexcept {
    ::new (static_cast<void*>(place)) U;
  }
  template <typename U, typename... Values>
  void construct(U* place, Values&&... values) {
    std::construct_at(place, std::forward<Values>(values)...);
  }

  friend bool operator==(const LargeAllocator& /*a*/, const LargeAllocator& /*b*/) { return true; }
};

template <typename T>
using LargeVector = std::vector<T, LargeAllocator<T>>;

}  // namespace twofold
