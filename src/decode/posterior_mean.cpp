#include "twofold/decode/posterior_mean.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "denoiser_method.hpp"
#include "row_blocks.hpp"
#include "twofold/core/error.hpp"

namespace twofold::decode {

template <std::floating_point Scalar>
MatrixOf<Scalar> posterior_mean(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                                const Denoiser& denoiser, std::type_identity_t<ConstView<Scalar>> Y,
                                double noise) {
  constexpr auto where = "decode::posterior_mean";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_deviations(denoiser.dimension(), encoder.dimension(), where);
  if (!(noise > 0.0 && std::isfinite(noise))) {
    throw InvalidArgument(where, fmt::format("noise must be finite and > 0, got {}", noise));
  }
  const double gain = std::sqrt(0.5 * std::numbers::pi) / encoder.rate();
  MatrixOf<Scalar> estimate(Y.rows(), encoder.dimension());
  parallel_for(pool, Y.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    VectorOf<Scalar> scratch;
    DenoiserScratch denoised;
    auto rows = estimate.middleRows(begin, end - begin);
    encoder.backward(Y.middleRows(begin, end - begin), rows, scratch);
    for (Index i = begin; i < end; ++i) {
      Scalar* x = estimate.row(i).data();
      const auto d = static_cast<std::size_t>(estimate.cols());
      (void)denoiser.method().apply(std::span<const Scalar>(x, d), gain, noise,
                                    std::span<Scalar>(x, d), denoised);
    }
  });
  return estimate;
}

template MatrixF posterior_mean(ThreadPool&, const ops::EncoderOperator<float>&, const Denoiser&,
                                ConstView<float>, double);
template Matrix posterior_mean(ThreadPool&, const ops::EncoderOperator<double>&, const Denoiser&,
                               ConstView<double>, double);

}  // namespace twofold::decode
