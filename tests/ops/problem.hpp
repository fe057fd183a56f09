// Small autoencoder problems for the tests of ops.
#pragma once

#include <cmath>
#include <concepts>
#include <vector>

#include "twofold/core/random.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

/// Every way to multiply.
template <typename Scalar>
std::vector<FloatProducts> all_products() {
  if (std::same_as<Scalar, double>) return {FloatProducts::Float};
  return {FloatProducts::Float, FloatProducts::SplitBf16};
}

/// Every activation once.
inline const std::vector<model::Activation> kAllActivations = {
    model::Identity{},      model::Relu{},
    model::LeakyRelu{0.25}, model::Gelu{},
    model::Silu{},          model::Softplus{},
    model::Elu{},           model::Tanh{},
    model::Erf{},           model::Sigmoid{},
    model::HardTanh{},      model::Sin{},
    model::Sign{},          model::HardThreshold{0.5},
    model::JumpRelu{0.5},   model::TopK{2},
};

struct Shape {
  Index samples, d, neurons;
  bool tied = true, bias = false;
};

template <typename Scalar>
struct Problem {
  MatrixOf<Scalar> X;
  model::Weights<Scalar> weights;
};

inline Problem<double> in_double(const Problem<float>& p) {
  Problem<double> q{p.X.cast<double>(), {}};
  q.weights.encoder = p.weights.encoder.cast<double>();
  q.weights.decoder = p.weights.decoder.cast<double>();
  q.weights.bias = p.weights.bias.cast<double>();
  q.weights.scale = static_cast<double>(p.weights.scale);
  return q;
}

/// Entries k/4 with k in {-4, ..., 4}: sums of products are exact in float, in any order, so no
/// rounding can move a pre-activation across a kink or break a tie another way.
template <typename Scalar>
MatrixOf<Scalar> grid_matrix(Index rows, Index cols, std::string_view name) {
  const RandomStream stream(1, name);
  MatrixOf<Scalar> m(rows, cols);
  for (Index i = 0; i < rows * cols; ++i) {
    const auto k = static_cast<int>(stream.below(9, static_cast<std::uint64_t>(i))) - 4;
    m.data()[i] = static_cast<Scalar>(k) / 4;
  }
  return m;
}

template <typename Scalar>
Problem<Scalar> grid_problem(const Shape& shape) {
  Problem<Scalar> p;
  p.X = grid_matrix<Scalar>(shape.samples, shape.d, "samples");
  p.weights.encoder = grid_matrix<Scalar>(shape.neurons, shape.d, "encoder");
  if (!shape.tied) p.weights.decoder = grid_matrix<Scalar>(shape.neurons, shape.d, "decoder");
  if (shape.bias) p.weights.bias = grid_matrix<Scalar>(shape.neurons, 1, "bias");
  p.weights.scale = static_cast<Scalar>(1.0 / static_cast<double>(shape.neurons));
  return p;
}

}  // namespace twofold::ops
