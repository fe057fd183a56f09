// Rows of a source, evenly spaced, in chunks that fit in memory.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"

namespace twofold::estimators {

constexpr Index kRowsPerTask = 64;

/// Rows of a chunk: a function of d only, so that sums have the same bits on any machine.
[[nodiscard]] inline Index chunk_rows(Index dimension) {
  return std::clamp<Index>((Index{1} << 21) / dimension / kRowsPerTask * kRowsPerTask, kRowsPerTask,
                           4096);
}

/// `count` rows out of `size`, evenly spaced; all of them if count >= size.
class SpacedRows {
 public:
  SpacedRows(std::uint64_t size, std::uint64_t count)
      : count_(std::min(size, count)), step_(size / count_), rest_(size % count_) {}
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// floor(i size/count), without overflow for count < 2^32 or count = size.
  [[nodiscard]] std::uint64_t operator[](std::uint64_t i) const noexcept {
    return i * step_ + i * rest_ / count_;
  }

 private:
  std::uint64_t count_, step_, rest_;
};

inline void stop_if_asked(const Observer& observer) {
  if (const StopRequest reason = observer.stop_requested(); reason != StopRequest::None) {
    throw Stopped{reason};
  }
}

/// visit(first, rows) for these rows of the source, read in parallel.
template <typename Scalar, typename Visit>
void for_each_chunk(const data::Source& source, const SpacedRows& chosen, ThreadPool& pool,
                    std::string_view stage, Observer& observer, Visit&& visit) {
  const auto most = static_cast<std::uint64_t>(chunk_rows(source.dimension()));
  MatrixOf<Scalar> chunk(static_cast<Index>(std::min(chosen.count(), most)), source.dimension());
  for (std::uint64_t first = 0; first < chosen.count(); first += most) {
    stop_if_asked(observer);
    std::vector<std::uint64_t> index(std::min(most, chosen.count() - first));
    for (std::size_t i = 0; i < index.size(); ++i) index[i] = chosen[first + i];
    const auto rows = static_cast<Index>(index.size());
    parallel_for(pool, rows, kRowsPerTask, [&](Index begin, Index end) {
      const std::span<const std::uint64_t> part(index.data() + begin,
                                                static_cast<std::size_t>(end - begin));
      source.gather(part, View<Scalar>(chunk.middleRows(begin, end - begin)));
    });
    visit(first, ConstView<Scalar>(chunk.topRows(rows)));
    observer.progress({.stage = stage,
                       .done = static_cast<std::int64_t>(first + index.size()),
                       .total = static_cast<std::int64_t>(chosen.count())});
  }
}

}  // namespace twofold::estimators
