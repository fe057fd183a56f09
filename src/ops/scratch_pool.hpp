// Pieces of scratch memory, of which a thread takes one while it works.
#pragma once

#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

namespace twofold::ops {

/// As many pieces as threads may work at once, at most 32. A thread gets the first that is free, so
/// that few are in use and stay in the caches.
template <typename Piece>
class ScratchPool {
 public:
  void add(Piece piece) {
    assert(pieces_.size() < 32);
    pieces_.push_back(std::move(piece));
  }

  /// A piece, while this lives.
  class Lease {
   public:
    explicit Lease(ScratchPool& pool) noexcept : taken_(pool.taken_) {
      std::uint32_t taken = taken_.load();
      do {
        bit_ = ~taken & (taken + 1);
      } while (!taken_.compare_exchange_weak(taken, taken | bit_));
      piece_ = &pool.pieces_[static_cast<std::size_t>(std::countr_zero(bit_))];
    }
    ~Lease() { taken_.fetch_and(~bit_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Piece* operator->() const noexcept { return piece_; }
    Piece& operator*() const noexcept { return *piece_; }

   private:
    std::atomic<std::uint32_t>& taken_;
    std::uint32_t bit_;
    Piece* piece_;
  };

 private:
  std::vector<Piece> pieces_;
  std::atomic<std::uint32_t> taken_ = 0;
};

}  // namespace twofold::ops
