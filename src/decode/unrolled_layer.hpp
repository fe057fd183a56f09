// One layer of the unrolled decoder on a block of rows.
#pragma once

#include <cmath>
#include <cstddef>
#include <string_view>

#include "twofold/decode/unrolled_gradient.hpp"
#include "twofold/linalg/gemm.hpp"
#include "twofold/numerics/positive_normal.hpp"

namespace twofold::decode {

struct RowRange {
  Index begin, count;
};

/// Throws InvalidArgument in the name of `where` unless the decoder is whole and for this encoder.
template <std::floating_point Scalar>
void require_decoder(const UnrolledDecoder<Scalar>& decoder,
                     const ops::EncoderOperator<Scalar>& encoder, std::string_view where);

/// Products of rows with V, W or their transposes; one per thread at a time.
template <std::floating_point Scalar>
class UnrolledProducts {
 public:
  UnrolledProducts(const UnrolledDecoder<Scalar>& decoder,
                   const ops::EncoderOperator<Scalar>& encoder)
      : decoder_(decoder), encoder_(encoder) {}

  /// Z = X Vᵀ and, for the way back, X = Z V.
  void times_v(std::size_t t, const ConstView<Scalar>& X, View<Scalar> Z) {
    to_code(decoder_.forward, t, X, Z);
  }
  void times_v_back(std::size_t t, const ConstView<Scalar>& Z, View<Scalar> X) {
    to_signal(decoder_.forward, t, Z, X);
  }
  /// X = Z Wᵀ and, for the way back, Z = X W.
  void times_w(std::size_t t, const ConstView<Scalar>& Z, View<Scalar> X) {
    to_signal(decoder_.backward, t, Z, X);
  }
  void times_w_back(std::size_t t, const ConstView<Scalar>& X, View<Scalar> Z) {
    to_code(decoder_.backward, t, X, Z);
  }

 private:
  using Matrices = std::vector<MatrixOf<Scalar>>;

  void to_code(const Matrices& free, std::size_t t, const ConstView<Scalar>& X, View<Scalar> Z) {
    if (free.empty()) {
      encoder_.forward(X, Z, scratch_);
    } else {
      gemm(Trans::No, Trans::Yes, Scalar{1}, X, free[t], Scalar{0}, Z);
    }
  }
  void to_signal(const Matrices& free, std::size_t t, const ConstView<Scalar>& Z, View<Scalar> X) {
    if (free.empty()) {
      encoder_.backward(Z, X, scratch_);
    } else {
      gemm(Trans::No, Trans::No, Scalar{1}, Z, free[t], Scalar{0}, X);
    }
  }

  const UnrolledDecoder<Scalar>& decoder_;
  const ops::EncoderOperator<Scalar>& encoder_;
  VectorOf<Scalar> scratch_;
};

/// xb takes W (kept m + used s): (0, w) for r <= 1, (1/r, w/r) for r > 1.
struct SignalWeights {
  double kept, used;
};

inline SignalWeights signal_weights(const UnrolledLayer& layer, double rate) {
  if (rate <= 1.0) return {0.0, layer.w};
  return {1.0 / rate, layer.w / rate};
}

/// s and ∂s/∂m = λ'(k) = -λ(k)(λ(k) + k), k = y m/√v, from m.
template <std::floating_point Scalar>
void use_signs(const ConstView<Scalar>& Y, double v, UnrolledState<Scalar>& state, RowRange rows) {
  const double deviation = std::sqrt(v);
  for (Index i = rows.begin; i < rows.begin + rows.count; ++i) {
    for (Index j = 0; j < Y.cols(); ++j) {
      const double y = static_cast<double>(Y(i, j));
      const auto bit =
          numerics::positive_normal(y * static_cast<double>(state.m(i, j)) / deviation);
      state.s(i, j) = static_cast<Scalar>(y * deviation * bit.hazard);
      state.s_slope(i, j) = static_cast<Scalar>(-bit.hazard * bit.mean);
    }
  }
}

/// Layer t for the given rows of Y.
/// @param before  the layer below, null for the first.
template <std::floating_point Scalar>
void unrolled_layer(const UnrolledDecoder<Scalar>& decoder, std::size_t t,
                    const ConstView<Scalar>& Y, const UnrolledState<Scalar>* before,
                    UnrolledState<Scalar>& after, RowRange rows,
                    UnrolledProducts<Scalar>& products) {
  const UnrolledLayer& layer = decoder.layers[t];
  const auto part = [rows](auto& matrix) { return matrix.middleRows(rows.begin, rows.count); };
  const auto scalar = [](double value) { return static_cast<Scalar>(value); };
  auto m = part(after.m);
  if (before == nullptr) {
    m.setZero();
  } else {
    products.times_v(t, part(before->x), m);
    m = scalar(layer.c) * m - scalar(layer.e) * part(before->s) -
        scalar(layer.q_m) * part(before->m);
  }
  use_signs(Y, layer.v, after, rows);
  const auto weights = signal_weights(layer, decoder.rate);
  const MatrixOf<Scalar> used = scalar(weights.kept) * m + scalar(weights.used) * part(after.s);
  auto xb = part(after.xb);
  products.times_w(t, used, xb);
  if (before != nullptr) {
    xb += scalar(layer.b) * part(before->x) - scalar(layer.q_x) * part(before->xb);
  }
  for (Index i = rows.begin; i < rows.begin + rows.count; ++i) {
    for (Index j = 0; j < xb.cols(); ++j) {
      const auto f = layer.denoiser.at(static_cast<double>(after.xb(i, j)));
      after.x(i, j) = scalar(f.value);
      after.x_slope(i, j) = scalar(f.slope);
    }
  }
}

}  // namespace twofold::decode
