// Rows that the tests of this layer encode.
#pragma once

#include <cmath>
#include <memory>

#include "twofold/core/random.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/estimators/one_bit_codec.hpp"
#include "twofold/estimators/one_bit_fit.hpp"

namespace twofold::estimators {

/// rows×d, entry (i, j) = mean + deviations_j u, u of the prior.
inline Matrix draw_rows(Index rows, const Vector& deviations, const data::ScalarPrior& prior,
                        double mean = 0.0, std::uint64_t seed = 1) {
  const RandomStream stream(seed, "estimators.test");
  Matrix X(rows, deviations.size());
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < X.cols(); ++j) {
      const auto place = static_cast<std::uint64_t>(i * X.cols() + j);
      X(i, j) = mean + deviations[j] * prior.sample(stream, place);
    }
  }
  return X;
}

/// j^{-power} for j = 1, 2, ...
inline Vector falling(Index d, double power) {
  Vector v(d);
  for (Index j = 0; j < d; ++j) v[j] = std::pow(static_cast<double>(j + 1), -power);
  return v;
}

inline OneBitCodec fitted(const Matrix& X, const OneBitFitOptions& options = {}) {
  ThreadPool pool(1);
  return fit_one_bit_codec(data::ArraySource<double>(X), options, pool).codec;
}

inline std::vector<std::uint8_t> encoded(const OneBitCodec& codec, const Matrix& X,
                                         int threads = 1) {
  ThreadPool pool(threads);
  std::vector<std::uint8_t> records(static_cast<std::size_t>(X.rows() * codec.record_bytes()));
  codec.encode(pool, ConstView<double>(X), records);
  return records;
}

inline MatrixF decoded(const OneBitCodec& codec, std::span<const std::uint8_t> records,
                       int threads = 1, Reconstruction output = Reconstruction::PosteriorMean) {
  ThreadPool pool(threads);
  MatrixF X(static_cast<Index>(records.size()) / codec.record_bytes(), codec.dimension());
  codec.decode(pool, records, X, output);
  return X;
}

}  // namespace twofold::estimators
