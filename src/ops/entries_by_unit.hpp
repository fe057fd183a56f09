// Codes sorted by unit: what a step needs to add up the gradient of each.
#pragma once

#include <algorithm>
#include <utility>

#include "sparse_scratch.hpp"
#include "twofold/core/parallel.hpp"

namespace twofold::ops {

/// The entries of unit j are [offset[j], offset[j + 1]), samples ascending.
template <typename Scalar>
class EntriesByUnit {
 public:
  std::int64_t* offset = nullptr;  ///< m + 1
  std::int32_t* sample = nullptr;
  Scalar* value = nullptr;
  Scalar* back = nullptr;  ///< or none

  /// Counting sort in parts of the samples: each part counts, then knows its places.
  /// @param codes    entries [begin(s), end(s)) of `index` and `value` for each of N >= 1 samples
  /// @param back_of  of each entry, or nullptr.
  template <typename Codes>
  void sort(const Codes& codes, Index N, const Scalar* back_of, Index m, ThreadPool& pool) {
    // A part costs m counters, and threads that write between each other's entries wait for memory.
    constexpr Index kWorthSharing = 32 * 1024;
    const Index parts =
        std::clamp<Index>(codes.end(N - 1) / std::max(4 * m, kWorthSharing), 1, kMostParts);
    const Index rows = num_blocks(N, parts);
    std::int64_t* places = places_.get(parts * m);
    offset = offset_.get(m + 1);
    parallel_for(pool, N, rows, [&](Index begin, Index end) {
      std::int64_t* count = places + begin / rows * m;
      std::fill(count, count + m, 0);
      for_each(codes, begin, end, [&](Index, Index e) { ++count[codes.index[e]]; });
    });
    std::int64_t total = 0;
    const Index used = num_blocks(N, rows);
    for (Index j = 0; j < m; ++j) {
      offset[j] = total;
      for (Index part = 0; part < used; ++part) {
        std::int64_t& place = places[part * m + j];
        total += std::exchange(place, total);
      }
    }
    offset[m] = total;
    sample = sample_.get(total);
    value = value_.get(total);
    back = back_of != nullptr ? back_.get(total) : nullptr;
    parallel_for(pool, N, rows, [&](Index begin, Index end) {
      std::int64_t* place = places + begin / rows * m;
      for_each(codes, begin, end, [&](Index s, Index e) {
        const std::int64_t to = place[codes.index[e]]++;
        sample[to] = static_cast<std::int32_t>(s);
        value[to] = codes.value[e];
        if (back != nullptr) back[to] = back_of[e];
      });
    });
  }

 private:
  static constexpr Index kMostParts = 8;

  template <typename Codes, typename Visit>
  static void for_each(const Codes& codes, Index begin, Index end, Visit&& visit) {
    for (Index s = begin; s < end; ++s) {
      for (Index e = codes.begin(s); e < codes.end(s); ++e) visit(s, e);
    }
  }

  Scratch<std::int64_t> places_, offset_;
  Scratch<std::int32_t> sample_;
  Scratch<Scalar> value_, back_;
};

}  // namespace twofold::ops
