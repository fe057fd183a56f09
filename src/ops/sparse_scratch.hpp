// Work space of the ops on sparse codes, kept by each thread so that nothing is allocated inside.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

#include "twofold/linalg/matrix.hpp"

namespace twofold::ops {

/// Rows of a batch that are worked on at a time; bounds the work space of a thread.
inline constexpr Index kPanel = 4096;

/// Samples of one parallel task: their codes stay in the cache. Work too small to share, less
/// than a waking thread costs, is one task. A function of the shape only.
[[nodiscard]] constexpr Index sample_block(Index rows, double flops_a_row) noexcept {
  constexpr Index kBlock = 64;
  constexpr double kWorthSharing = 4e6;
  return static_cast<double>(rows) * flops_a_row < kWorthSharing ? std::max<Index>(rows, 1)
                                                                 : kBlock;
}

/// Numbers from a multiple of 64 bytes on; grows, never shrinks, keeps nothing when it grows.
template <typename T>
class Scratch {
 public:
  [[nodiscard]] T* get(Index count) {
    if (count > size_) {
      data_.reset();
      data_.reset(static_cast<T*>(
          ::operator new (static_cast<std::size_t>(count) * sizeof(T), std::align_val_t{64})));
      size_ = count;
    }
    return data_.get();
  }

 private:
  struct Delete {
    void operator()(T* p) const noexcept { ::operator delete (p, std::align_val_t{64}); }
  };
  std::unique_ptr<T, Delete> data_;
  Index size_ = 0;
};

}  // namespace twofold::ops
