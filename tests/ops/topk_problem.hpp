// k-sparse autoencoders and batches for the tests of their steps.
#pragma once

#include "ops/problem.hpp"
#include "ops/sparse_problem.hpp"
#include "twofold/ops/topk_step.hpp"

namespace twofold::ops {

struct TopKSize {
  Index N, m, d, k;
  bool tied = false, encoder_bias = true, decoder_bias = true;
};

/// Entries on a grid that makes sums exact in float, so that ties are ties; see grid_matrix.
template <typename Scalar>
struct TopKProblem {
  MatrixOf<Scalar> X;
  model::TopKAutoencoder<Scalar> weights;

  explicit TopKProblem(const TopKSize& s) : X(grid_matrix<Scalar>(s.N, s.d, "samples")) {
    weights.encoder = grid_matrix<Scalar>(s.m, s.d, "encoder");
    if (!s.tied) weights.decoder = grid_matrix<Scalar>(s.m, s.d, "decoder");
    if (s.encoder_bias) weights.encoder_bias = grid_matrix<Scalar>(s.m, 1, "bias");
    if (s.decoder_bias) weights.decoder_bias = grid_matrix<Scalar>(s.d, 1, "center");
  }
};

/// The same with normal entries, for X and weights.
template <typename Scalar>
TopKProblem<Scalar> normal_topk_problem(const TopKSize& s, std::uint64_t seed = 1) {
  TopKProblem<Scalar> p(s);
  const RandomStream stream(seed, "k-sparse problem");
  std::uint64_t index = 0;
  const auto fill = [&](auto& part) {
    stream.fill_normal(index++, std::span(part.data(), static_cast<std::size_t>(part.size())));
  };
  fill(p.X);
  fill(p.weights.encoder);
  fill(p.weights.decoder);
  fill(p.weights.encoder_bias);
  fill(p.weights.decoder_bias);
  p.weights.encoder /= std::sqrt(static_cast<Scalar>(s.d));
  p.weights.decoder /= std::sqrt(static_cast<Scalar>(s.d));
  return p;
}

/// Every third unit has been silent so long that it is dead unless it fires.
template <typename Scalar>
TopKState<Scalar> state_with_dead_units(const model::TopKAutoencoder<Scalar>& weights,
                                        const TopKStepOptions& options) {
  TopKState<Scalar> state = topk_state(weights, options);
  for (std::size_t j = 0; j < state.silent.size(); j += 3) state.silent[j] = options.dead_after;
  return state;
}

template <typename Scalar>
bool same(const model::TopKAutoencoder<Scalar>& a, const model::TopKAutoencoder<Scalar>& b) {
  return a.encoder == b.encoder && a.decoder == b.decoder && a.encoder_bias == b.encoder_bias &&
         a.decoder_bias == b.decoder_bias;
}

/// All numbers of the parts, in one vector of double.
template <typename Scalar>
Vector numbers(const model::TopKAutoencoder<Scalar>& w) {
  Vector all(w.encoder.size() + w.decoder.size() + w.encoder_bias.size() + w.decoder_bias.size());
  Index at = 0;
  const auto append = [&](const auto& part) {
    for (Index i = 0; i < part.size(); ++i) all[at++] = static_cast<double>(part.data()[i]);
  };
  append(w.encoder);
  append(w.decoder);
  append(w.encoder_bias);
  append(w.decoder_bias);
  return all;
}

}  // namespace twofold::ops
