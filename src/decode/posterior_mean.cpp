#include "twofold/decode/posterior_mean.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "row_blocks.hpp"
#include "twofold/core/error.hpp"

namespace twofold::decode {

template <std::floating_point Scalar>
MatrixOf<Scalar> posterior_mean(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                const data::ScalarPrior& prior,
                                std::type_identity_t<ConstView<Scalar>> Y, double noise) {
  require_codes(Y.cols(), encoder.code_length(), "decode::posterior_mean");
  if (!(noise > 0.0 && std::isfinite(noise))) {
    throw InvalidArgument("decode::posterior_mean",
                          fmt::format("noise must be finite and > 0, got {}", noise));
  }
  const double gain = std::sqrt(0.5 * std::numbers::pi) / encoder.rate();
  MatrixOf<Scalar> estimate(Y.rows(), encoder.dimension());
  parallel_for(pool, Y.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    VectorOf<Scalar> scratch;
    auto rows = estimate.middleRows(begin, end - begin);
    encoder.backward(Y.middleRows(begin, end - begin), rows, scratch);
    for (Index i = 0; i < rows.rows(); ++i) {
      for (Index j = 0; j < rows.cols(); ++j) {
        const double w = gain * static_cast<double>(rows(i, j));
        rows(i, j) = static_cast<Scalar>(prior.posterior(w, noise).mean);
      }
    }
  });
  return estimate;
}

template MatrixF posterior_mean(ThreadPool&, const ops::EncoderOperator<float>&,
                                const data::ScalarPrior&, ConstView<float>, double);
template Matrix posterior_mean(ThreadPool&, const ops::EncoderOperator<double>&,
                               const data::ScalarPrior&, ConstView<double>, double);

}  // namespace twofold::decode
