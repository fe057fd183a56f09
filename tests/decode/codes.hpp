// Vectors with iid coordinates and their codes, for the decoder tests.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/core/random.hpp"
#include "twofold/data/scalar_prior.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::decode {

/// Rows of iid coordinates; `norm_stored`: each scaled to norm √d, as a codec with a norm does.
inline Matrix sample_rows(const data::ScalarPrior& prior, Index rows, Index d, bool norm_stored,
                          std::uint64_t seed) {
  const RandomStream stream(seed, "decoder tests");
  Matrix X(rows, d);
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < d; ++j) {
      X(i, j) = prior.sample(stream, static_cast<std::uint64_t>(i * d + j));
    }
    if (norm_stored) X.row(i) *= std::sqrt(static_cast<double>(d)) / X.row(i).norm();
  }
  return X;
}

/// sign(B x) through packed bits, as ±1.
template <std::floating_point Scalar>
MatrixOf<Scalar> codes_of(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                          const Matrix& X) {
  const auto bytes = X.rows() * ops::code_bytes(encoder.code_length());
  std::vector<std::uint8_t> packed(static_cast<std::size_t>(bytes));
  const MatrixOf<Scalar> rows = X.template cast<Scalar>();
  ops::encode(pool, encoder, rows, packed);
  return ops::unpack_codes<Scalar>(packed, encoder.code_length());
}

/// Square error per coordinate, mean over the rows and its standard error.
template <typename Estimate>
numerics::MeanAndError error_of(const Estimate& estimate, const Matrix& X) {
  std::vector<double> errors;
  for (Index i = 0; i < X.rows(); ++i) {
    errors.push_back((estimate.row(i).template cast<double>() - X.row(i)).squaredNorm() /
                     static_cast<double>(X.cols()));
  }
  return numerics::mean_and_error(errors);
}

}  // namespace twofold::decode
