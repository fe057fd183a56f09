#include "twofold/model/weights.hpp"

#include <fmt/format.h>

#include "twofold/core/error.hpp"

namespace twofold::model {

// The messages are built only when they are thrown: these checks run at every step.
template <std::floating_point Scalar>
void check_shapes(const Weights<Scalar>& w, std::string_view where) {
  const Index n = w.neurons(), d = w.dimension();
  if (n < 1 || d < 1) {
    throw InvalidArgument(where, fmt::format("encoder must not be empty, got {}x{}", n, d));
  }
  if (!w.tied() && (w.decoder.rows() != n || w.decoder.cols() != d)) {
    throw InvalidArgument(where, fmt::format("decoder must be empty (tied) or {}x{}, got {}x{}", n,
                                             d, w.decoder.rows(), w.decoder.cols()));
  }
  if (w.has_bias() && w.bias.size() != n) {
    throw InvalidArgument(
        where, fmt::format("bias must be empty or of length {}, got {}", n, w.bias.size()));
  }
}

template <std::floating_point Scalar>
void check_same_shapes(const Weights<Scalar>& w, const Weights<Scalar>& g, std::string_view where) {
  const auto same = [](const auto& a, const auto& b) {
    return a.rows() == b.rows() && a.cols() == b.cols();
  };
  if (same(w.encoder, g.encoder) && same(w.decoder, g.decoder) && same(w.bias, g.bias)) return;
  throw InvalidArgument(
      where, fmt::format("gradient must have the shapes of the weights: encoder {}x{}, decoder "
                         "{}x{}, bias {}; got {}x{}, {}x{}, {}",
                         w.encoder.rows(), w.encoder.cols(), w.decoder.rows(), w.decoder.cols(),
                         w.bias.size(), g.encoder.rows(), g.encoder.cols(), g.decoder.rows(),
                         g.decoder.cols(), g.bias.size()));
}

template <std::floating_point Scalar>
Weights<Scalar> zeros_like(const Weights<Scalar>& w) {
  Weights<Scalar> zeros;
  zeros.encoder.setZero(w.encoder.rows(), w.encoder.cols());
  zeros.decoder.setZero(w.decoder.rows(), w.decoder.cols());
  zeros.bias.setZero(w.bias.size());
  zeros.scale = w.scale;
  return zeros;
}

template void check_shapes(const Weights<float>&, std::string_view);
template void check_shapes(const Weights<double>&, std::string_view);
template void check_same_shapes(const Weights<float>&, const Weights<float>&, std::string_view);
template void check_same_shapes(const Weights<double>&, const Weights<double>&, std::string_view);
template Weights<float> zeros_like(const Weights<float>&);
template Weights<double> zeros_like(const Weights<double>&);

}  // namespace twofold::model
