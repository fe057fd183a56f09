#include "experiment/one_bit_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "experiment/one_bit_simulation.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/decode/linear.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/ops/encoder_operator.hpp"
#include "twofold/ops/packed_bits.hpp"

namespace twofold::experiment {
namespace {

constexpr Index kChunk = 8192;  // rows encoded at once; bounds the memory

// Zeros become ± the least normal number: their sign is a coin's, their size nothing.
void break_ties(MatrixF& rows, std::uint64_t seed, std::string_view split) {
  const RandomStream coins(seed, "experiment.one_bit.ties/" + std::string(split));
  for (Index i = 0; i < rows.size(); ++i) {
    float& x = rows.data()[i];
    if (x == 0.0F) {
      x = static_cast<float>(coins.sign(static_cast<std::uint64_t>(i))) *
          std::numeric_limits<float>::min();
    }
  }
}

MatrixF codes_of(const ops::EncoderOperator<float>& encoder, const MatrixF& rows,
                 ThreadPool& pool) {
  std::vector<std::uint8_t> codes(
      static_cast<std::size_t>(rows.rows() * ops::code_bytes(encoder.code_length())));
  ops::encode<float>(pool, encoder, rows, codes);
  return ops::unpack_codes<float>(codes, encoder.code_length());
}

}  // namespace

FitRows read_fit_rows(const OneBitSetting& setting, const data::Dataset& dataset) {
  FitRows rows;
  rows.fit = encoded_rows(setting, *dataset.train, 0, setting.fit_samples());
  require(dataset.test != nullptr, "experiment::one_bit",
          "there are no test rows: leave some to the second entry of data.split");
  rows.test =
      encoded_rows(setting, *dataset.test, 0, static_cast<Index>(setting.spec.decode.samples));
  return rows;
}

void break_ties(FitRows& rows, std::uint64_t seed) {
  break_ties(rows.fit, seed, "fit");
  break_ties(rows.test, seed, "test");
}

numerics::MeanAndError fitted_loss(const FitRows& rows, const model::Encoder& encoder,
                                   ThreadPool& pool) {
  const ops::EncoderOperator<float> B(encoder);
  decode::LeastSquaresDecoder sums(B.dimension(), B.code_length());
  for (Index begin = 0; begin < rows.fit.rows(); begin += kChunk) {
    const Index count = std::min(kChunk, rows.fit.rows() - begin);
    const MatrixF X = rows.fit.middleRows(begin, count);
    sums.add(pool, X, codes_of(B, X, pool));
  }
  const decode::LinearDecoder A = sums.solve();
  const MatrixF decoder = A.decoder.cast<float>();
  const MatrixF Y = codes_of(B, rows.test, pool);
  MatrixF estimate(Y.rows(), B.dimension());
  multiply(pool, Trans::No, Trans::Yes, 1.0F, Y, decoder, 0.0F, estimate);
  return row_error(rows.test, estimate);
}

}  // namespace twofold::experiment
