#include "twofold/ops/reference.hpp"

#include "check_batch.hpp"

namespace twofold::ops::reference {
namespace {

using model::Activation;
using model::Weights;

// h = σ(z) and s = σ'(z) of one sample.
template <typename Scalar>
void activate(const Activation& activation, const VectorOf<Scalar>& z, VectorOf<Scalar>& h,
              VectorOf<Scalar>& s) {
  std::visit(
      [&]<typename A>(const A& a) {
        if constexpr (model::Elementwise<A>) {
          for (Index i = 0; i < z.size(); ++i) {
            h[i] = a.value(z[i]);
            s[i] = a.slope(z[i]);
          }
        } else {
          const auto n = static_cast<std::size_t>(z.size());
          a.apply_row(std::span(z.data(), n), std::span(h.data(), n), std::span(s.data(), n));
        }
      },
      activation);
}

// One sample: its codes, their slopes, and its reconstruction.
template <typename Scalar>
struct Sample {
  VectorOf<Scalar> h, s;
  Vector xhat;
};

template <typename Scalar>
Sample<Scalar> forward(const ConstView<Scalar>& X, Index row, const Weights<Scalar>& w,
                       const Activation& activation) {
  const Index n = w.neurons(), d = w.dimension();
  VectorOf<Scalar> z(n);
  for (Index i = 0; i < n; ++i) {
    double sum = w.has_bias() ? static_cast<double>(w.bias[i]) : 0.0;
    for (Index j = 0; j < d; ++j) {
      sum += static_cast<double>(w.encoder(i, j)) * static_cast<double>(X(row, j));
    }
    z[i] = static_cast<Scalar>(sum);
  }
  Sample<Scalar> sample{VectorOf<Scalar>(n), VectorOf<Scalar>(n), Vector::Zero(d)};
  activate(activation, z, sample.h, sample.s);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < d; ++j) {
      sample.xhat[j] += static_cast<double>(w.scale) * static_cast<double>(sample.h[i]) *
                        static_cast<double>(w.decoder_rows()(i, j));
    }
  }
  return sample;
}

// Gradient in double: sums over the samples.
struct Sums {
  Matrix encoder, decoder;
  Vector bias;
};

template <typename Scalar>
double add_sample(const ConstView<Scalar>& X, Index row, const Weights<Scalar>& w,
                  const Activation& activation, Sums& sums) {
  const Sample<Scalar> sample = forward<Scalar>(X, row, w, activation);
  const Vector x = X.row(row).template cast<double>().transpose();
  const Vector e = x - sample.xhat;
  for (Index i = 0; i < w.neurons(); ++i) {
    double back = 0.0;
    for (Index j = 0; j < w.dimension(); ++j) {
      back += static_cast<double>(w.decoder_rows()(i, j)) * e[j];
    }
    back *= static_cast<double>(sample.s[i]);
    for (Index j = 0; j < w.dimension(); ++j) {
      sums.decoder(i, j) += static_cast<double>(sample.h[i]) * e[j];
      sums.encoder(i, j) += back * x[j];
    }
    sums.bias[i] += back;
  }
  return e.squaredNorm();
}

}  // namespace

template <std::floating_point Scalar>
void reconstruct(std::type_identity_t<ConstView<Scalar>> X, const Weights<Scalar>& w,
                 const Activation& activation, std::type_identity_t<View<Scalar>> Xhat) {
  check_batch<Scalar>(X, w, "ops::reference::reconstruct");
  check_output<Scalar>(X, Xhat, "ops::reference::reconstruct");
  for (Index row = 0; row < X.rows(); ++row) {
    Xhat.row(row) = forward<Scalar>(X, row, w, activation).xhat.transpose().template cast<Scalar>();
  }
}

template <std::floating_point Scalar>
double loss(std::type_identity_t<ConstView<Scalar>> X, const Weights<Scalar>& w,
            const Activation& activation) {
  check_batch<Scalar>(X, w, "ops::reference::loss");
  double squares = 0.0;
  for (Index row = 0; row < X.rows(); ++row) {
    const Vector x = X.row(row).template cast<double>().transpose();
    squares += (x - forward<Scalar>(X, row, w, activation).xhat).squaredNorm();
  }
  return squares / (2.0 * static_cast<double>(X.rows()));
}

template <std::floating_point Scalar>
double loss_gradient(std::type_identity_t<ConstView<Scalar>> X, const Weights<Scalar>& w,
                     const Activation& activation, Weights<Scalar>& gradient) {
  check_batch<Scalar>(X, w, "ops::reference::loss_gradient");
  check_same_shapes(w, gradient, "ops::reference::loss_gradient");
  const Index n = w.neurons(), d = w.dimension();
  Sums sums{Matrix::Zero(n, d), Matrix::Zero(n, d), Vector::Zero(n)};
  double squares = 0.0;
  for (Index row = 0; row < X.rows(); ++row) {
    squares += add_sample<Scalar>(X, row, w, activation, sums);
  }
  const double samples = static_cast<double>(X.rows());
  const double factor = -static_cast<double>(w.scale) / samples;
  if (w.tied()) {
    gradient.encoder = (factor * (sums.encoder + sums.decoder)).template cast<Scalar>();
  } else {
    gradient.encoder = (factor * sums.encoder).template cast<Scalar>();
    gradient.decoder = (factor * sums.decoder).template cast<Scalar>();
  }
  if (w.has_bias()) gradient.bias = (factor * sums.bias).template cast<Scalar>();
  return squares / (2.0 * samples);
}

#define TWOFOLD_INSTANTIATE(Scalar)                                                           \
  template void reconstruct(ConstView<Scalar>, const Weights<Scalar>&, const Activation&,     \
                            View<Scalar>);                                                    \
  template double loss(ConstView<Scalar>, const Weights<Scalar>&, const Activation&);         \
  template double loss_gradient(ConstView<Scalar>, const Weights<Scalar>&, const Activation&, \
                                Weights<Scalar>&);
TWOFOLD_INSTANTIATE(float)
TWOFOLD_INSTANTIATE(double)
#undef TWOFOLD_INSTANTIATE

}  // namespace twofold::ops::reference
