#include "twofold/linalg/second_moment.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold {
namespace {

constexpr Index kTile = 256;          // rows and columns of one output tile
constexpr Index kFloatSamples = 256;  // samples summed in float before double takes over

struct Range {
  Index begin, count;
};

struct Tile {
  Range rows, columns;
};

Range tile_range(Index index, Index dimension) {
  const Index begin = index * kTile;
  return {begin, std::min(kTile, dimension - begin)};
}

// Tiles (0,0), (1,0), (1,1), (2,0), ...: on and below the diagonal, by rows.
Tile lower_tile(Index number, Index dimension) {
  Index row = 0;
  while (number > row) number -= ++row;
  return {tile_range(row, dimension), tile_range(number, dimension)};
}

Index num_lower_tiles(Index dimension) {
  const Index across = num_blocks(dimension, kTile);
  return across * (across + 1) / 2;
}

void add_tile(const ConstView<float>& X, const Tile& tile, View<double> sum) {
  MatrixF product(tile.rows.count, tile.columns.count);
  for (Index begin = 0; begin < X.rows(); begin += kFloatSamples) {
    const auto block = X.middleRows(begin, std::min(kFloatSamples, X.rows() - begin));
    gemm(Trans::Yes, Trans::No, 1.0f, block.middleCols(tile.rows.begin, tile.rows.count),
         block.middleCols(tile.columns.begin, tile.columns.count), 0.0f, product);
    sum += product.cast<double>();
  }
}

void add_tile(const ConstView<double>& X, const Tile& tile, View<double> sum) {
  gemm(Trans::Yes, Trans::No, 1.0, X.middleCols(tile.rows.begin, tile.rows.count),
       X.middleCols(tile.columns.begin, tile.columns.count), 1.0, sum);
}

template <typename Scalar>
Matrix second_moment_of(ThreadPool& pool, const ConstView<Scalar>& X) {
  SecondMoment moment(X.cols());
  moment.add(pool, X);
  return moment.value();
}

}  // namespace

SecondMoment::SecondMoment(Index dimension) {
  require(dimension >= 0, "linalg::SecondMoment",
          fmt::format("dimension must be >= 0, got {}", dimension));
  sum_ = Matrix::Zero(dimension, dimension);
}

template <typename Scalar>
void SecondMoment::add_rows(ThreadPool& pool, const ConstView<Scalar>& samples) {
  const Index dimension = sum_.rows();
  require(samples.cols() == dimension, "linalg::SecondMoment::add",
          fmt::format("samples have length {}, expected {}", samples.cols(), dimension));
  // A tile belongs to one thread, which adds all samples to it in their order.
  pool.run(num_lower_tiles(dimension), [&](Index number) {
    const Tile tile = lower_tile(number, dimension);
    add_tile(samples, tile,
             sum_.block(tile.rows.begin, tile.columns.begin, tile.rows.count, tile.columns.count));
  });
  count_ += static_cast<std::uint64_t>(samples.rows());
}

void SecondMoment::add(ThreadPool& pool, const ConstView<float>& samples) {
  add_rows(pool, samples);
}

void SecondMoment::add(ThreadPool& pool, const ConstView<double>& samples) {
  add_rows(pool, samples);
}

Matrix SecondMoment::value() const {
  require(count_ > 0, "linalg::SecondMoment::value", "no sample was added");
  const Index dimension = sum_.rows();
  const double samples = static_cast<double>(count_);
  Matrix result(dimension, dimension);
  for (Index number = 0; number < num_lower_tiles(dimension); ++number) {
    const auto [rows, columns] = lower_tile(number, dimension);
    const auto sum = sum_.block(rows.begin, columns.begin, rows.count, columns.count);
    auto lower = result.block(rows.begin, columns.begin, rows.count, columns.count);
    if (rows.begin == columns.begin) {
      lower.triangularView<Eigen::Lower>() = sum / samples;
      lower.triangularView<Eigen::StrictlyUpper>() = lower.transpose();
    } else {
      lower = sum / samples;
      result.block(columns.begin, rows.begin, columns.count, rows.count) = lower.transpose();
    }
  }
  return result;
}

Matrix second_moment(ThreadPool& pool, const ConstView<float>& X) {
  return second_moment_of(pool, X);
}

Matrix second_moment(ThreadPool& pool, const ConstView<double>& X) {
  return second_moment_of(pool, X);
}

}  // namespace twofold
