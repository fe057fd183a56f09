// One pass over a finite source in chunks that fit in memory.
#pragma once

#include <algorithm>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of a chunk: about 4 million numbers, a multiple of 256, a function of d only, so
/// that sums over chunks have the same bits for any pool and any amount of memory.
[[nodiscard]] inline Index chunk_rows(Index dimension) {
  return std::clamp<Index>((Index{1} << 22) / dimension / 256 * 256, 256, 8192);
}

/// Fills `rows` with the rows from `first` on, in parallel.
template <typename Scalar>
void read_parallel(const Source& source, ThreadPool& pool, std::uint64_t first, View<Scalar> rows) {
  parallel_for(pool, rows.rows(), 64, [&](Index begin, Index end) {
    source.read(first + static_cast<std::uint64_t>(begin),
                View<Scalar>(rows.middleRows(begin, end - begin)));
  });
}

/// visit(chunk) for consecutive rows of a finite source.
template <typename Scalar, typename Visit>
void for_each_chunk(const Source& source, ThreadPool& pool, Visit&& visit) {
  const std::uint64_t size = source.size();
  const auto most = static_cast<std::uint64_t>(chunk_rows(source.dimension()));
  MatrixOf<Scalar> chunk(static_cast<Index>(std::min(size, most)), source.dimension());
  for (std::uint64_t first = 0; first < size; first += most) {
    const auto count = static_cast<Index>(std::min(most, size - first));
    const View<Scalar> rows(chunk.topRows(count));
    read_parallel<Scalar>(source, pool, first, rows);
    visit(ConstView<Scalar>(rows));
  }
}

/// Σ of the rows in double, bitwise the same for any pool size.
template <typename Scalar>
[[nodiscard]] Vector column_sums(ThreadPool& pool, const ConstView<Scalar>& rows) {
  return parallel_sum<Vector>(pool, rows.rows(), 256, [&](Index begin, Index end) -> Vector {
    return rows.middleRows(begin, end - begin).template cast<double>().colwise().sum().transpose();
  });
}

}  // namespace twofold::data
