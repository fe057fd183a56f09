#include "twofold/decode/unrolled_decoder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "row_blocks.hpp"
#include "twofold/core/error.hpp"
#include "unrolled_layer.hpp"

namespace twofold::decode {
namespace {

void require_rate(double rate, std::string_view where) {
  if (rate > 0.0 && std::isfinite(rate)) return;
  throw InvalidArgument(where, fmt::format("rate must be finite and > 0, got {}", rate));
}

void require_layer(const UnrolledLayer& layer, std::size_t t, std::string_view where) {
  if (!(layer.v > 0.0)) {
    throw InvalidArgument(where, fmt::format("v of layer {} must be > 0, got {}", t + 1, layer.v));
  }
  const auto& f = layer.denoiser;
  const bool table = f.family == DenoiserFamily::Table;
  const bool whole = table ? !f.parameters.empty() && f.spacing > 0.0 : f.parameters.size() == 3;
  if (!whole) {
    throw InvalidArgument(where, fmt::format("the denoiser of layer {} has {} parameters", t + 1,
                                             f.parameters.size()));
  }
}

template <typename Scalar>
void require_matrices(const std::vector<MatrixOf<Scalar>>& matrices, std::size_t layers, Index n,
                      Index d, std::string_view where) {
  if (matrices.size() != layers) {
    throw InvalidArgument(where,
                          fmt::format("{} free matrices for {} layers", matrices.size(), layers));
  }
  for (const auto& matrix : matrices) {
    if (matrix.rows() == n && matrix.cols() == d) continue;
    throw InvalidArgument(where, fmt::format("free matrices must be {}x{}, got {}x{}", n, d,
                                             matrix.rows(), matrix.cols()));
  }
}

}  // namespace

template <std::floating_point Scalar>
void UnrolledState<Scalar>::resize(Index k, Index n, Index d) {
  for (auto* matrix : {&m, &s, &s_slope}) matrix->resize(k, n);
  for (auto* matrix : {&xb, &x, &x_slope}) matrix->resize(k, d);
}

template <std::floating_point Scalar>
void require_decoder(const UnrolledDecoder<Scalar>& decoder,
                     const ops::EncoderOperator<Scalar>& encoder, std::string_view where) {
  require(!decoder.layers.empty(), where, "needs at least one layer, got none");
  if (decoder.rate != encoder.rate()) {
    throw InvalidArgument(where, fmt::format("the decoder is for rate {}, the encoder has {}",
                                             decoder.rate, encoder.rate()));
  }
  for (std::size_t t = 0; t < decoder.layers.size(); ++t) {
    require_layer(decoder.layers[t], t, where);
  }
  if (decoder.forward.empty() && decoder.backward.empty()) return;
  for (const auto* matrices : {&decoder.forward, &decoder.backward}) {
    require_matrices(*matrices, decoder.layers.size(), encoder.code_length(), encoder.dimension(),
                     where);
  }
}

template <std::floating_point Scalar>
MatrixOf<Scalar> UnrolledDecoder<Scalar>::apply(ThreadPool& pool,
                                                const ops::EncoderOperator<Scalar>& encoder,
                                                std::type_identity_t<ConstView<Scalar>> Y) const {
  constexpr auto where = "decode::UnrolledDecoder::apply";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_decoder(*this, encoder, where);
  MatrixOf<Scalar> estimate(Y.rows(), encoder.dimension());
  parallel_for(pool, Y.rows(), kRowsPerBlock, [&](Index begin, Index end) {
    const RowRange rows{0, end - begin};
    const ConstView<Scalar> codes = Y.middleRows(begin, rows.count);
    UnrolledProducts<Scalar> products(*this, encoder);
    UnrolledState<Scalar> states[2];
    for (auto& state : states) {
      state.resize(rows.count, encoder.code_length(), encoder.dimension());
    }
    for (std::size_t t = 0; t < layers.size(); ++t) {
      unrolled_layer(*this, t, codes, t == 0 ? nullptr : &states[(t - 1) % 2], states[t % 2], rows,
                     products);
    }
    estimate.middleRows(begin, rows.count) = states[(layers.size() - 1) % 2].x;
  });
  return estimate;
}

template <std::floating_point Scalar>
Vector UnrolledDecoder<Scalar>::parameters() const {
  std::vector<double> all;
  for (const auto& layer : layers) {
    for (const auto scalar : kUnrolledScalars) all.push_back(layer.*scalar);
    all.insert(all.end(), layer.denoiser.parameters.begin(), layer.denoiser.parameters.end());
  }
  return Eigen::Map<const Vector>(all.data(), static_cast<Index>(all.size()));
}

template <std::floating_point Scalar>
void UnrolledDecoder<Scalar>::set_parameters(const Vector& parameters) {
  const Index count = this->parameters().size();
  if (parameters.size() != count) {
    throw InvalidArgument("decode::UnrolledDecoder::set_parameters",
                          fmt::format("needs {} numbers, got {}", count, parameters.size()));
  }
  const double* next = parameters.data();
  for (auto& layer : layers) {
    for (const auto scalar : kUnrolledScalars) layer.*scalar = *next++;
    for (double& parameter : layer.denoiser.parameters) parameter = *next++;
  }
}

template <std::floating_point Scalar>
void UnrolledDecoder<Scalar>::free_matrices(const ops::EncoderOperator<Scalar>& encoder) {
  const Index d = encoder.dimension();
  MatrixOf<Scalar> transposed(d, encoder.code_length());
  VectorOf<Scalar> scratch;
  encoder.forward(MatrixOf<Scalar>::Identity(d, d), transposed, scratch);
  const MatrixOf<Scalar> B = transposed.transpose();
  forward.assign(layers.size(), B);
  backward.assign(layers.size(), B);
}

template <std::floating_point Scalar>
UnrolledDecoder<Scalar> unrolled_decoder(std::span<const model::LayerForm> layers, double rate,
                                         const data::ScalarPrior& prior,
                                         const UnrolledOptions& options) {
  constexpr auto where = "decode::unrolled_decoder";
  require(!layers.empty(), where, "needs at least one layer, got none");
  require_rate(rate, where);
  UnrolledDecoder<Scalar> decoder{rate, {}, {}, {}};
  for (const auto& form : layers) {
    UnrolledLayer layer;
    layer.c = form.c;
    layer.e = form.c * form.alpha;
    layer.q_m = form.q;
    layer.v = form.v;
    layer.w = form.w;
    layer.b = form.b;
    layer.q_x = rate <= 1.0 ? form.q : 0.0;
    layer.denoiser = fit_denoiser(options.denoiser, prior, form.tau, options.table);
    decoder.layers.push_back(std::move(layer));
  }
  return decoder;
}

template <std::floating_point Scalar>
UnrolledDecoder<Scalar> naive_unrolled_decoder(int layers, double rate,
                                               const UnrolledOptions& options) {
  constexpr auto where = "decode::naive_unrolled_decoder";
  if (layers < 1) {
    throw InvalidArgument(where, fmt::format("layers must be >= 1, got {}", layers));
  }
  require_rate(rate, where);
  UnrolledLayer layer;
  layer.denoiser = naive_denoiser(options.denoiser, options.table);
  UnrolledDecoder<Scalar> decoder{rate, {layer}, {}, {}};
  layer.c = 1.0;
  layer.b = rate <= 1.0 ? 1.0 : 0.0;
  decoder.layers.resize(static_cast<std::size_t>(layers), layer);
  return decoder;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                            \
  template struct UnrolledState<Scalar>;                                                       \
  template struct UnrolledDecoder<Scalar>;                                                     \
  template void require_decoder(const UnrolledDecoder<Scalar>&,                                \
                                const ops::EncoderOperator<Scalar>&, std::string_view);        \
  template UnrolledDecoder<Scalar> unrolled_decoder(std::span<const model::LayerForm>, double, \
                                                    const data::ScalarPrior&,                  \
                                                    const UnrolledOptions&);                   \
  template UnrolledDecoder<Scalar> naive_unrolled_decoder(int, double, const UnrolledOptions&)

TWOFOLD_INSTANTIATE(float);
TWOFOLD_INSTANTIATE(double);

#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::decode
