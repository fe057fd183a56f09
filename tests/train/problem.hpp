// Data and starts shared by the tests of the layer.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/model/weights.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::train {

/// Skewed, correlated samples, far from Gaussian: centred exponentials with standard deviations
/// 0.7^j, each mixed with its neighbour.
inline Matrix skewed_samples(Index samples, Index d, std::uint64_t seed) {
  const RandomStream stream(seed, "skewed");
  Matrix X(samples, d);
  for (Index s = 0; s < samples; ++s) {
    double previous = 0;
    for (Index j = 0; j < d; ++j) {
      const double e = -std::log(stream.uniform(static_cast<std::uint64_t>(s * d + j))) - 1;
      X(s, j) = std::pow(0.7, static_cast<double>(j)) * e + 0.3 * previous;
      previous = X(s, j);
    }
  }
  return X;
}

/// The rows of X, then their negatives.
inline Matrix mirrored(const Matrix& X) {
  Matrix both(2 * X.rows(), X.cols());
  both << X, -X;
  return both;
}

/// Tied weights in the mean-field scaling.
template <typename Scalar>
model::Weights<Scalar> mean_field_weights(const Matrix& neurons) {
  model::Weights<Scalar> weights;
  weights.encoder = neurons.cast<Scalar>();
  weights.scale = 1 / static_cast<Scalar>(neurons.rows());
  return weights;
}

/// Whether two matrices are equal bit by bit (NaN included: they compare unequal).
template <typename Scalar>
bool same_bits(const MatrixOf<Scalar>& a, const MatrixOf<Scalar>& b) {
  return a.rows() == b.rows() && a.cols() == b.cols() && (a.array() == b.array()).all();
}

/// Asks to stop when polled for the (after + 1)-th time.
class StopAfter final : public Observer {
 public:
  StopAfter(std::int64_t after, StopRequest reason) : left_(after), reason_(reason) {}
  [[nodiscard]] StopRequest stop_requested() const override {
    return left_-- > 0 ? StopRequest::None : reason_;
  }

 private:
  mutable std::int64_t left_;
  StopRequest reason_;
};

}  // namespace twofold::train
