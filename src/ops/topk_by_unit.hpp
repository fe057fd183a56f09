// Codes sorted by unit: what a step needs to add up the gradient of each.
#pragma once

#include <algorithm>
#include <utility>

#include "sparse_scratch.hpp"
#include "topk_slots.hpp"

namespace twofold::ops {

/// The entries of unit j are [offset[j], offset[j + 1]), samples ascending.
template <typename Scalar>
class EntriesByUnit {
 public:
  std::int64_t* offset = nullptr;  ///< m + 1
  std::int32_t* sample = nullptr;
  Scalar* value = nullptr;
  Scalar* back = nullptr;

  /// Counting sort in parts of the samples: each part counts, then knows its places.
  /// @param back_of  of each entry, in the slots of the codes.
  void sort(const TopKSlots<Scalar>& codes, Index N, const Scalar* back_of, Index m,
            ThreadPool& pool) {
    // A part costs m counters: it must have as many entries.
    const Index parts = std::clamp<Index>(N * codes.width / (4 * m), 1, kMostParts);
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
    back = back_.get(total);
    parallel_for(pool, N, rows, [&](Index begin, Index end) {
      std::int64_t* place = places + begin / rows * m;
      for_each(codes, begin, end, [&](Index s, Index e) {
        const std::int64_t to = place[codes.index[e]]++;
        sample[to] = static_cast<std::int32_t>(s);
        value[to] = codes.value[e];
        back[to] = back_of[e];
      });
    });
  }

 private:
  static constexpr Index kMostParts = 8;

  template <typename Visit>
  static void for_each(const TopKSlots<Scalar>& codes, Index begin, Index end, Visit&& visit) {
    for (Index s = begin; s < end; ++s) {
      const Index from = s * codes.width;
      for (Index e = from; e < from + codes.count[s]; ++e) visit(s, e);
    }
  }

  Scratch<std::int64_t> places_, offset_;
  Scratch<std::int32_t> sample_;
  Scratch<Scalar> value_, back_;
};

}  // namespace twofold::ops
