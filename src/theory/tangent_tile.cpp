#include "tangent_tile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tangent_map.hpp"
#include "twofold/core/error.hpp"
#include "twofold/linalg/gemm.hpp"

namespace twofold::theory {
namespace {

constexpr Index kRowBlock = 256;  // samples that are normalised by one thread

template <typename Scalar>
Eigen::RowVectorXd direction(const ConstView<Scalar>& samples, Index i, double norm) {
  return samples.row(i).template cast<double>() / norm;
}

}  // namespace

template <std::floating_point Scalar>
TangentTiles<Scalar>::TangentTiles(ThreadPool& pool, ConstView<Scalar> samples,
                                   std::string_view where)
    : samples_(samples),
      unit_(samples.rows(), samples.cols()),
      norms_(samples.rows()),
      exact_norms_(samples.rows()) {
  if (samples.rows() < 1 || samples.cols() < 1) {
    throw InvalidArgument(where,
                          fmt::format("no samples: got {}x{}", samples.rows(), samples.cols()));
  }
  parallel_for(pool, size(), kRowBlock, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      const Eigen::RowVectorXd row = samples_.row(i).template cast<double>();
      if (!row.allFinite()) {
        throw InvalidArgument(where, fmt::format("row {} has an entry that is not finite", i));
      }
      exact_norms_[i] = row.stableNorm();
      norms_[i] = static_cast<Scalar>(exact_norms_[i]);
      const double divisor = exact_norms_[i] > 0.0 ? exact_norms_[i] : 1.0;
      unit_.row(i) = (row / divisor).template cast<Scalar>();
    }
  });
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::cosines(Index row, Index column, View<Scalar> tile) const {
  gemm(Trans::No, Trans::Yes, Scalar(1), unit_.middleRows(row, tile.rows()),
       unit_.middleRows(column, tile.cols()), Scalar(0), tile);
}

template <std::floating_point Scalar>
void TangentTiles<Scalar>::map(Index row, Index column, const KernelRates& rates,
                               View<Scalar> tile) const {
  const Factors factors{(rates.encoder + rates.decoder) / (2.0 * std::numbers::pi),
                        rates.decoder / (2.0 * std::numbers::pi)};
  const TangentMap<Scalar> map{static_cast<Scalar>(factors.cosine),
                               static_cast<Scalar>(factors.sine)};
  VectorOf<Scalar> cosines(tile.cols());
  for (Index i = 0; i < tile.rows(); ++i) {
    Scalar* const values = tile.data() + i * tile.outerStride();
    std::copy_n(values, tile.cols(), cosines.data());
    const Scalar largest = map(norms_[row + i], norms_.data() + column, values, tile.cols());
    if (largest > Scalar(kNearlyParallel)) repair(row, column, i, factors, cosines, tile);
  }
}

// Near cos θ = ±1 the cosine has lost θ: these few entries are computed again, in double.
template <std::floating_point Scalar>
void TangentTiles<Scalar>::repair(Index row, Index column, Index i, const Factors& factors,
                                  const VectorOf<Scalar>& cosines, View<Scalar>& tile) const {
  const double norm = exact_norms_[row + i];
  const Eigen::RowVectorXd x = direction(samples_, row + i, norm);
  for (Index j = 0; j < tile.cols(); ++j) {
    if (std::abs(cosines[j]) <= Scalar(kNearlyParallel)) continue;
    const double other = exact_norms_[column + j];
    if (row + i == column + j) {
      tile(i, j) = static_cast<Scalar>(factors.cosine * std::numbers::pi * norm * norm);
      continue;
    }
    const Eigen::RowVectorXd y = direction(samples_, column + j, other);
    const PairAngle angle = pair_angle(x.data(), y.data(), x.size());
    tile(i, j) = static_cast<Scalar>(
        norm * other *
        (factors.cosine * angle.cosine * angle.supplement + factors.sine * angle.sine));
  }
}

template <std::floating_point Scalar>
void transpose_blocked(const ConstView<Scalar>& from, View<Scalar> to) {
  constexpr Index kSide = 16;
  for (Index i = 0; i < from.rows(); i += kSide) {
    const Index rows = std::min(kSide, from.rows() - i);
    for (Index j = 0; j < from.cols(); j += kSide) {
      const Index columns = std::min(kSide, from.cols() - j);
      const Scalar* const source = from.data() + i * from.outerStride() + j;
      Scalar* const target = to.data() + j * to.outerStride() + i;
      for (Index b = 0; b < columns; ++b) {
        for (Index a = 0; a < rows; ++a) {
          target[b * to.outerStride() + a] = source[a * from.outerStride() + b];
        }
      }
    }
  }
}

template class TangentTiles<float>;
template class TangentTiles<double>;
template void transpose_blocked<float>(const ConstView<float>&, View<float>);
template void transpose_blocked<double>(const ConstView<double>&, View<double>);

}  // namespace twofold::theory
