#include "twofold/decode/unrolled_gradient.hpp"

#include <fmt/format.h>

#include <cmath>

#include "row_blocks.hpp"
#include "twofold/core/error.hpp"
#include "unrolled_layer.hpp"

namespace twofold::decode {
namespace {

template <typename A, typename B>
double dot(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  return a.template cast<double>().cwiseProduct(b.template cast<double>()).sum();
}

/// The way back for a block of rows: ∂L/∂(m, s, xb, x̂) of a layer from those of the layer above.
template <typename Scalar>
class BackwardPass {
 public:
  BackwardPass(const UnrolledDecoder<Scalar>& decoder, std::vector<UnrolledState<Scalar>>& states,
               UnrolledProducts<Scalar>& products, RowRange rows)
      : decoder_(decoder),
        states_(states),
        products_(products),
        rows_(rows),
        dx_(rows.count, states.front().x.cols()),
        dxb_carry_(MatrixOf<Scalar>::Zero(rows.count, dx_.cols())),
        dm_carry_(MatrixOf<Scalar>::Zero(rows.count, states.front().m.cols())),
        ds_carry_(dm_carry_),
        z_(dm_carry_),
        back_(dxb_carry_) {}

  /// Starts from ∂L/∂x̂ = 2 (x̂ - x)/(k d); returns the square error of the block.
  double start(const ConstView<Scalar>& X) {
    const auto error = part(states_.back().x) - part(X);
    dx_ = static_cast<Scalar>(2.0 / static_cast<double>(X.size())) * error;
    return dot(error, error);
  }

  /// Layer t; its derivatives are added to `out`, scalars first.
  void layer(std::size_t t, double* out) {
    through_denoiser(t, out + kUnrolledScalars.size());
    const UnrolledLayer& layer = decoder_.layers[t];
    auto& state = states_[t];
    const auto dxb = part(state.x_slope);
    const auto m = part(state.m), s = part(state.s);
    const auto weights = signal_weights(layer, decoder_.rate);
    UnrolledLayer d;
    products_.times_w_back(t, dxb, z_);
    d.w = (decoder_.rate <= 1.0 ? 1.0 : 1.0 / decoder_.rate) * dot(z_, s);
    const MatrixOf<Scalar> ds = static_cast<Scalar>(weights.used) * z_ + ds_carry_;
    auto dm = part(state.s_slope);
    // s = √v y λ(y m/√v) is homogeneous: ∂s/∂v = (s - m ∂s/∂m)/(2v).
    d.v = dot(ds, s - m.cwiseProduct(dm)) / (2.0 * layer.v);
    dm = ds.cwiseProduct(dm) + static_cast<Scalar>(weights.kept) * z_ + dm_carry_;
    if (t > 0) to_layer_below(t, d);
    for (std::size_t i = 0; i < kUnrolledScalars.size(); ++i) out[i] += d.*kUnrolledScalars[i];
  }

 private:
  template <typename Rows>
  auto part(Rows& matrix) const {
    return matrix.middleRows(rows_.begin, rows_.count);
  }

  /// x_slope, so far f'(xb), becomes ∂L/∂xb.
  void through_denoiser(std::size_t t, double* out) {
    const auto& denoiser = decoder_.layers[t].denoiser;
    auto& state = states_[t];
    for (Index i = 0; i < rows_.count; ++i) {
      for (Index j = 0; j < dx_.cols(); ++j) {
        denoiser.add_gradient(static_cast<double>(state.xb(rows_.begin + i, j)),
                              static_cast<double>(dx_(i, j)), out);
      }
    }
    auto dxb = part(state.x_slope);
    dxb = dx_.cwiseProduct(dxb) + dxb_carry_;
  }

  void to_layer_below(std::size_t t, UnrolledLayer& d) {
    const UnrolledLayer& layer = decoder_.layers[t];
    auto& state = states_[t];
    auto& below = states_[t - 1];
    const auto dxb = part(state.x_slope);
    const auto dm = part(state.s_slope);
    products_.times_v_back(t, dm, back_);
    d.c = dot(back_, part(below.x));
    d.e = -dot(dm, part(below.s));
    d.q_m = -dot(dm, part(below.m));
    d.b = dot(dxb, part(below.x));
    d.q_x = -dot(dxb, part(below.xb));
    dx_ = static_cast<Scalar>(layer.b) * dxb + static_cast<Scalar>(layer.c) * back_;
    dxb_carry_ = static_cast<Scalar>(-layer.q_x) * dxb;
    dm_carry_ = static_cast<Scalar>(-layer.q_m) * dm;
    ds_carry_ = static_cast<Scalar>(-layer.e) * dm;
  }

  const UnrolledDecoder<Scalar>& decoder_;
  std::vector<UnrolledState<Scalar>>& states_;
  UnrolledProducts<Scalar>& products_;
  RowRange rows_;
  MatrixOf<Scalar> dx_, dxb_carry_, dm_carry_, ds_carry_;
  MatrixOf<Scalar> z_, back_;
};

/// ∂L/∂V_t = c ∂L/∂mᵀ x̂ and ∂L/∂W_tᵀ = (what W multiplied)ᵀ ∂L/∂xb, from the states on the way
/// back.
template <typename Scalar>
void matrix_gradient(ThreadPool& pool, const UnrolledDecoder<Scalar>& decoder,
                     UnrolledGradient<Scalar>& gradient) {
  constexpr auto yes = Trans::Yes, no = Trans::No;
  gradient.forward.resize(decoder.layers.size());
  gradient.backward.resize(decoder.layers.size());
  for (std::size_t t = 0; t < decoder.layers.size(); ++t) {
    const UnrolledLayer& layer = decoder.layers[t];
    const auto& state = gradient.states[t];
    const auto weights = signal_weights(layer, decoder.rate);
    auto& backward = gradient.backward[t];
    backward.resize(decoder.backward[t].rows(), decoder.backward[t].cols());
    multiply(pool, yes, no, static_cast<Scalar>(weights.used), state.s, state.x_slope, Scalar{0},
             backward);
    if (weights.kept != 0.0) {
      multiply(pool, yes, no, static_cast<Scalar>(weights.kept), state.m, state.x_slope, Scalar{1},
               backward);
    }
    auto& forward = gradient.forward[t];
    forward.setZero(backward.rows(), backward.cols());
    if (t > 0) {
      multiply(pool, yes, no, static_cast<Scalar>(layer.c), state.s_slope, gradient.states[t - 1].x,
               Scalar{0}, forward);
    }
  }
}

}  // namespace

template <std::floating_point Scalar>
void unrolled_gradient(ThreadPool& pool, const ops::EncoderOperator<Scalar>& encoder,
                       const UnrolledDecoder<Scalar>& decoder,
                       std::type_identity_t<ConstView<Scalar>> X,
                       std::type_identity_t<ConstView<Scalar>> Y,
                       UnrolledGradient<Scalar>& gradient) {
  constexpr auto where = "decode::unrolled_gradient";
  require_codes(Y.cols(), encoder.code_length(), where);
  require_decoder(decoder, encoder, where);
  if (X.rows() < 1 || X.rows() != Y.rows() || X.cols() != encoder.dimension()) {
    throw InvalidArgument(where, fmt::format("X must be {}x{}, got {}x{}", Y.rows(),
                                             encoder.dimension(), X.rows(), X.cols()));
  }
  const std::size_t layers = decoder.layers.size();
  gradient.states.resize(layers);
  for (auto& state : gradient.states) state.resize(X.rows(), Y.cols(), X.cols());
  std::vector<Index> offsets{0};  // of each layer's parameters
  for (const auto& layer : decoder.layers) {
    offsets.push_back(offsets.back() + static_cast<Index>(kUnrolledScalars.size() +
                                                          layer.denoiser.parameters.size()));
  }
  // The last entry is the square error.
  const Vector sums =
      parallel_sum<Vector>(pool, X.rows(), kRowsPerBlock, [&](Index begin, Index end) {
        const RowRange rows{begin, end - begin};
        UnrolledProducts<Scalar> products(decoder, encoder);
        for (std::size_t t = 0; t < layers; ++t) {
          unrolled_layer(decoder, t, Y, t == 0 ? nullptr : &gradient.states[t - 1],
                         gradient.states[t], rows, products);
        }
        Vector partial = Vector::Zero(offsets.back() + 1);
        BackwardPass<Scalar> pass(decoder, gradient.states, products, rows);
        partial[offsets.back()] = pass.start(X);
        for (std::size_t t = layers; t-- > 0;) pass.layer(t, partial.data() + offsets[t]);
        return partial;
      });
  gradient.loss = sums[offsets.back()] / static_cast<double>(X.size());
  gradient.parameters = sums.head(offsets.back());
  if (decoder.forward.empty()) {
    gradient.forward.clear();
    gradient.backward.clear();
  } else {
    matrix_gradient(pool, decoder, gradient);
  }
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                  \
  template void unrolled_gradient(ThreadPool&, const ops::EncoderOperator<Scalar>&,  \
                                  const UnrolledDecoder<Scalar>&, ConstView<Scalar>, \
                                  ConstView<Scalar>, UnrolledGradient<Scalar>&)

TWOFOLD_INSTANTIATE(float);
TWOFOLD_INSTANTIATE(double);

#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::decode
