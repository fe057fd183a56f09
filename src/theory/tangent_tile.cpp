#include "tangent_tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <numbers>

#include "tangent_map.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

constexpr Index kRowBlock = 256;  // samples that are normalised by one thread

// Of a tile on the diagonal, each so many rows are computed up to the diagonal.
constexpr Index kDiagonalRows = 128;

// Split products want their left operand in the level-2 cache.
constexpr Index kPackedBytes = Index{1} << 20;
constexpr Index kLeastRows = 32, kMostRows = 256;

template <typename Scalar>
Eigen::RowVectorXd direction(const ConstView<Scalar>& samples, Index i, double norm) {
  return samples.row(i).template cast<double>() / norm;
}

}  // namespace

template <std::floating_point Scalar>
TangentTiles<Scalar>::TangentTiles(ThreadPool& pool, ConstView<Scalar> samples,
                                   FloatProducts products, std::string_view where)
    : samples_(samples), norms_(samples.rows()), exact_norms_(samples.rows()) {
  const Index n = samples.rows(), d = samples.cols();
  require(n >= 1 && d >= 1, where, fmt::format("no samples: got {}x{}", n, d));
  const bool split = products == FloatProducts::SplitBf16;
  require(!split || std::same_as<Scalar, float>, where, "split_bf16 is for samples in float");
  if (split) {
    packed_.emplace(Packed{SplitOperand(n, d), SplitOperand(n, d)});
  } else {
    unit_.resize(static_cast<std::size_t>(n * d));
  }
  parallel_for(pool, n, kRowBlock, [&](Index begin, Index end) {
    if (!split) {
      return normalise(begin, Eigen::Map<MatrixOf<Scalar>>(&unit_[begin * d], end - begin, d),
                       where);
    }
    if constexpr (std::same_as<Scalar, float>) {
      MatrixF unit(end - begin, d);
      normalise(begin, unit, where);
      packed_->left.pack_left(Trans::No, unit, 1, begin);
      packed_->right.pack_right(Trans::Yes, unit, 1, begin);
    }
  });
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::normalise(Index begin, View<Scalar> unit, std::string_view where) {
  for (Index r = 0; r < unit.rows(); ++r) {
    const Index i = begin + r;
    const Eigen::RowVectorXd row = samples_.row(i).template cast<double>();
    if (!row.allFinite()) {
      throw InvalidArgument(where, fmt::format("row {} has an entry that is not finite", i));
    }
    // Neither the squares nor the reciprocal of a float's norm can overflow.
    constexpr bool kSmallRange = std::same_as<Scalar, float>;
    const double norm = kSmallRange ? row.norm() : row.stableNorm();
    exact_norms_[i] = norm;
    norms_[i] = static_cast<Scalar>(norm);
    if (norm == 0.0) {
      unit.row(r).setZero();
    } else if constexpr (kSmallRange) {
      unit.row(r) = (row * (1.0 / norm)).template cast<Scalar>();
    } else {
      unit.row(r) = row / norm;
    }
  }
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::cosines(Index row, Index column, View<Scalar> tile) const {
  if constexpr (std::same_as<Scalar, float>) {
    if (packed_) {
      return split_multiply(packed_->left.part(row, tile.rows()),
                            packed_->right.part(column, tile.cols()), false, tile);
    }
  }
  gemm(Trans::No, Trans::Yes, Scalar(1), unit().middleRows(row, tile.rows()),
       unit().middleRows(column, tile.cols()), Scalar(0), tile);
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::map(Index row, Index column, const KernelRates& rates,
                               const ConstView<Scalar>& cosines, View<Scalar> tile) const {
  const Factors factors{(rates.encoder + rates.decoder) / (2.0 * std::numbers::pi),
                        rates.decoder / (2.0 * std::numbers::pi)};
  const TangentMap<Scalar> map{static_cast<Scalar>(factors.cosine),
                               static_cast<Scalar>(factors.sine)};
  for (Index i = 0; i < tile.rows(); ++i) {
    const Scalar largest = map(norms_[row + i], norms_.data() + column, cosines.row(i).data(),
                               tile.row(i).data(), tile.cols());
    if (largest > Scalar(kNearlyParallel)) repair(row, column, i, factors, cosines, tile);
  }
}

template <std::floating_point Scalar>
Index TangentTiles<Scalar>::strip_rows() const noexcept {
  if (!packed_) return kTangentTile;
  const Index rows = kPackedBytes / (4 * samples_.cols()) / kLeastRows * kLeastRows;
  return std::clamp(rows, kLeastRows, kMostRows);
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::fill(Index row, Index column, const KernelRates& rates,
                                View<Scalar> tile) const {
  constexpr Index kApart = 16;  // so that rows do not lie a power of two apart
  const Index wanted = std::min(strip_rows(), row == column ? kDiagonalRows : kTangentTile);
  const Index most = std::min(wanted, tile.rows());
  MatrixOf<Scalar> memory(most, tile.cols() + kApart);
  for (Index first = 0; first < tile.rows(); first += most) {
    const Index rows = std::min(most, tile.rows() - first);
    const Index columns = row == column ? first + rows : tile.cols();
    View<Scalar> strip = memory.topLeftCorner(rows, columns);
    cosines(row + first, column, strip);
    map(row + first, column, rates, strip, tile.block(first, 0, rows, columns));
  }
}

// Near cos θ = ±1 the cosine has lost θ: these few entries are computed again, in double.
template <std::floating_point Scalar>
void TangentTiles<Scalar>::repair(Index row, Index column, Index i, const Factors& factors,
                                  const ConstView<Scalar>& cosines, View<Scalar>& tile) const {
  const double norm = exact_norms_[row + i];
  Eigen::RowVectorXd x;
  for (Index j = 0; j < tile.cols(); ++j) {
    if (std::abs(cosines(i, j)) <= Scalar(kNearlyParallel)) continue;
    const double other = exact_norms_[column + j];
    if (row + i == column + j) {
      tile(i, j) = static_cast<Scalar>(factors.cosine * std::numbers::pi * norm * norm);
      continue;
    }
    if (x.size() == 0) x = direction(samples_, row + i, norm);
    const Eigen::RowVectorXd y = direction(samples_, column + j, other);
    const PairAngle angle = pair_angle(x.data(), y.data(), x.size());
    tile(i, j) = static_cast<Scalar>(
        norm * other *
        (factors.cosine * angle.cosine * angle.supplement + factors.sine * angle.sine));
  }
}

template <std::floating_point Scalar>
double unit_rows_memory(Index samples, Index dimension, FloatProducts products) {
  const auto n = static_cast<double>(samples), d = static_cast<double>(dimension);
  const double norms = n * (sizeof(Scalar) + sizeof(double));
  if (products == FloatProducts::Float) return norms + n * d * sizeof(Scalar);
  // Two packed copies.
  const auto room = [](Index size) { return static_cast<double>(split_room(size)); };
  return norms + 2 * room(samples) * room(dimension) * sizeof(float);
}

template class TangentTiles<float>;
template class TangentTiles<double>;
template double unit_rows_memory<float>(Index, Index, FloatProducts);
template double unit_rows_memory<double>(Index, Index, FloatProducts);

}  // namespace twofold::theory
