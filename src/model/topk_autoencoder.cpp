#include "twofold/model/topk_autoencoder.hpp"

#include <fmt/format.h>

#include <span>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::model {

// The messages are built only when they are thrown: these checks run at every step.
template <std::floating_point Scalar>
void check_shapes(const TopKAutoencoder<Scalar>& w, std::string_view where) {
  const Index m = w.units(), d = w.dimension();
  if (m < 1 || d < 1) {
    throw InvalidArgument(where, fmt::format("encoder must not be empty, got {}x{}", m, d));
  }
  if (!w.tied() && (w.decoder.rows() != m || w.decoder.cols() != d)) {
    throw InvalidArgument(where, fmt::format("decoder must be empty (tied) or {}x{}, got {}x{}", m,
                                             d, w.decoder.rows(), w.decoder.cols()));
  }
  const auto check_bias = [&](const VectorOf<Scalar>& bias, Index size, std::string_view name) {
    if (bias.size() == 0 || bias.size() == size) return;
    throw InvalidArgument(
        where, fmt::format("{} must be empty or of length {}, got {}", name, size, bias.size()));
  };
  check_bias(w.encoder_bias, m, "encoder_bias");
  check_bias(w.decoder_bias, d, "decoder_bias");
}

template <std::floating_point Scalar>
TopKAutoencoder<Scalar> zeros_like(const TopKAutoencoder<Scalar>& w) {
  TopKAutoencoder<Scalar> zeros;
  zeros.encoder.setZero(w.encoder.rows(), w.encoder.cols());
  zeros.decoder.setZero(w.decoder.rows(), w.decoder.cols());
  zeros.encoder_bias.setZero(w.encoder_bias.size());
  zeros.decoder_bias.setZero(w.decoder_bias.size());
  return zeros;
}

template <std::floating_point Scalar>
TopKAutoencoder<Scalar> random_topk_autoencoder(const TopKShape& shape,
                                                const VectorOf<Scalar>& center,
                                                std::uint64_t seed) {
  constexpr std::string_view where = "model::random_topk_autoencoder";
  const Index m = shape.units, d = shape.dimension;
  require(m >= 1 && d >= 1, where,
          fmt::format("units and dimension must be >= 1, got {}x{}", m, d));
  require(center.size() == 0 || (shape.decoder_bias && center.size() == d), where,
          fmt::format("the center has {} numbers, dimension is {} {} decoder bias", center.size(),
                      d, shape.decoder_bias ? "with" : "without"));
  TopKAutoencoder<Scalar> w;
  w.encoder.resize(m, d);
  const RandomStream stream(seed, "units");
  for (Index j = 0; j < m; ++j) {
    auto row = w.encoder.row(j);
    stream.fill_normal(static_cast<std::uint64_t>(j),
                       std::span(row.data(), static_cast<std::size_t>(d)));
    row /= row.norm();
  }
  if (!shape.tied) w.decoder = w.encoder;
  if (shape.encoder_bias) w.encoder_bias.setZero(m);
  if (shape.decoder_bias) w.decoder_bias.setZero(d);
  if (center.size() > 0) w.decoder_bias = center;
  return w;
}

#define TWOFOLD_INSTANTIATE(Scalar)                                             \
  template void check_shapes(const TopKAutoencoder<Scalar>&, std::string_view); \
  template TopKAutoencoder<Scalar> zeros_like(const TopKAutoencoder<Scalar>&);  \
  template TopKAutoencoder<Scalar> random_topk_autoencoder(                     \
      const TopKShape&, const VectorOf<Scalar>&, std::uint64_t);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::model
