#include "twofold/theory/tangent_kernel_gram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tangent_tile.hpp"
#include "transpose_blocked.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy_matrix_writer.hpp"

namespace twofold::theory {
namespace {

struct Range {
  Index begin, count;
};

Range tile_range(Index tile, Index size) {
  const Index begin = tile * kTangentTile;
  return {begin, std::min(kTangentTile, size - begin)};
}

template <typename Scalar>
void mirror(View<Scalar> lower, View<Scalar> upper, bool diagonal) {
  if (diagonal) {
    lower.template triangularView<Eigen::StrictlyUpper>() = lower.transpose();
  } else {
    transpose_blocked<Scalar>(lower, upper);
  }
}

// Rows [begin, end) of the kernel, columns [0, end), with the square on the diagonal complete.
template <typename Scalar>
void fill_panel(ThreadPool& pool, const TangentTiles<Scalar>& tiles, const KernelRates& rates,
                Index begin, Index end, View<Scalar> panel) {
  const Index first = begin / kTangentTile, last = num_blocks(end, kTangentTile);
  const Index above = first * (first + 1) / 2;  // tiles of the lower triangle before this panel
  pool.run(last * (last + 1) / 2 - above, [&](Index number) {
    // Tile `number` of the panel is in tile row r with r(r + 1)/2 - above tiles before it.
    Index row = first;
    while ((row + 1) * (row + 2) / 2 - above <= number) ++row;
    const Index column = number + above - row * (row + 1) / 2;
    const Range i = tile_range(row, end), j = tile_range(column, end);
    auto lower = panel.block(i.begin - begin, j.begin, i.count, j.count);
    tiles.fill(i.begin, j.begin, rates, lower);
    if (column < first) return;
    mirror<Scalar>(lower, panel.block(j.begin - begin, i.begin, j.count, i.count), row == column);
  });
}

struct PanelBytes {
  double fixed, per_tile_row;
};

// Each thread has a tile of cosines or, later, of transposed entries.
template <typename Scalar>
PanelBytes panel_bytes(Index n, Index d, int threads, FloatProducts products) {
  return {unit_rows_memory<Scalar>(n, d, products),
          static_cast<double>(kTangentTile) * sizeof(Scalar) *
              (static_cast<double>(n) +
               static_cast<double>(threads) * static_cast<double>(kTangentTile + 16))};
}

// Largest number of whole tile rows whose panel and transposed pieces fit the limit.
Index panel_rows(Index n, const PanelBytes& bytes, double limit) {
  const double fit = std::floor((limit - bytes.fixed) / bytes.per_tile_row);
  require(fit >= 1.0, "theory::write_tangent_gram",
          fmt::format("needs at least {:.4g} GB of memory, the limit is {:.4g}",
                      1e-9 * (bytes.fixed + bytes.per_tile_row), 1e-9 * limit));
  const auto tiles = static_cast<double>(num_blocks(n, kTangentTile));
  return kTangentTile * static_cast<Index>(std::min(fit, tiles));
}

// The part of a panel left of its diagonal square, transposed, goes above the diagonal.
template <typename Scalar>
void write_mirror(ThreadPool& pool, const data::NpyMatrixWriter<Scalar>& writer,
                  const MatrixOf<Scalar>& panel, Index begin, Index rows) {
  parallel_for(pool, begin, kTangentTile, [&](Index from, Index to) {
    MatrixOf<Scalar> piece(to - from, rows);
    transpose_blocked<Scalar>(panel.block(0, from, rows, to - from), piece);
    writer.write(from, begin, piece);
  });
}

}  // namespace

template <std::floating_point Scalar>
void tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                  const KernelRates& rates, View<Scalar> gram, FloatProducts products) {
  constexpr auto where = "theory::tangent_gram";
  const Index n = X.rows();
  require(gram.rows() == n && gram.cols() == n, where,
          fmt::format("the matrix of {} samples is {}x{}", n, gram.rows(), gram.cols()));
  check_rates(rates, where);
  const TangentTiles<Scalar> tiles(pool, X, products, where);
  fill_panel<Scalar>(pool, tiles, rates, 0, n, gram);
}

template <std::floating_point Scalar>
double written_gram_memory(Index samples, Index dimension, int threads, FloatProducts products) {
  const PanelBytes bytes = panel_bytes<Scalar>(samples, dimension, threads, products);
  return bytes.fixed + bytes.per_tile_row;
}

template <std::floating_point Scalar>
void write_tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                        const KernelRates& rates, data::NpyMatrixWriter<Scalar>& writer,
                        double memory_limit, const std::function<void(Index)>& after_rows,
                        FloatProducts products) {
  constexpr auto where = "theory::write_tangent_gram";
  const Index n = X.rows();
  const Index height =
      panel_rows(n, panel_bytes<Scalar>(n, X.cols(), pool.size(), products), memory_limit);
  check_rates(rates, where);
  const TangentTiles<Scalar> tiles(pool, X, products, where);
  MatrixOf<Scalar> panel(std::min(height, n), n);
  for (Index begin = 0; begin < n; begin += height) {
    const Index end = std::min(begin + height, n), rows = end - begin;
    fill_panel<Scalar>(pool, tiles, rates, begin, end, panel.topRows(rows));
    write_mirror(pool, writer, panel, begin, rows);
    parallel_for(pool, rows, kTangentTile, [&](Index from, Index to) {
      writer.write(begin + from, 0, panel.block(from, 0, to - from, end));
    });
    if (after_rows) after_rows(end);
  }
}

template <std::floating_point Scalar>
void write_tangent_gram(ThreadPool& pool, std::type_identity_t<ConstView<Scalar>> X,
                        const KernelRates& rates, const std::filesystem::path& path,
                        double memory_limit, FloatProducts products) {
  data::NpyMatrixWriter<Scalar> writer(path, X.rows(), X.rows());
  write_tangent_gram<Scalar>(pool, X, rates, writer, memory_limit, {}, products);
  writer.commit();
}

template void tangent_gram<float>(ThreadPool&, ConstView<float>, const KernelRates&, View<float>,
                                  FloatProducts);
template void tangent_gram<double>(ThreadPool&, ConstView<double>, const KernelRates&, View<double>,
                                   FloatProducts);
template void write_tangent_gram<float>(ThreadPool&, ConstView<float>, const KernelRates&,
                                        const std::filesystem::path&, double, FloatProducts);
template void write_tangent_gram<double>(ThreadPool&, ConstView<double>, const KernelRates&,
                                         const std::filesystem::path&, double, FloatProducts);
template void write_tangent_gram<float>(ThreadPool&, ConstView<float>, const KernelRates&,
                                        data::NpyMatrixWriter<float>&, double,
                                        const std::function<void(Index)>&, FloatProducts);
template void write_tangent_gram<double>(ThreadPool&, ConstView<double>, const KernelRates&,
                                         data::NpyMatrixWriter<double>&, double,
                                         const std::function<void(Index)>&, FloatProducts);
template double written_gram_memory<float>(Index, Index, int, FloatProducts);
template double written_gram_memory<double>(Index, Index, int, FloatProducts);

}  // namespace twofold::theory
