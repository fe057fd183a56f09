// What loss_gradient, loss and reconstruct find, and what their definition does.
#pragma once

#include <gtest/gtest.h>

#include "ops/problem.hpp"
#include "twofold/ops/loss_gradient.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::ops {

template <typename Scalar>
struct Result {
  double loss;
  model::Weights<Scalar> gradient;
  MatrixOf<Scalar> Xhat;

  bool operator==(const Result& other) const {
    return loss == other.loss && Xhat == other.Xhat && gradient.encoder == other.gradient.encoder &&
           gradient.decoder == other.gradient.decoder && gradient.bias == other.gradient.bias;
  }
};

template <typename Scalar>
Result<Scalar> run(const Problem<Scalar>& p, const model::Activation& a, FloatProducts products,
                   int threads = 2) {
  ThreadPool pool(threads);
  Workspace<Scalar> workspace(p.X.rows(), p.X.cols(), p.weights.neurons(), products);
  Result<Scalar> r{0, zeros_like(p.weights), MatrixOf<Scalar>(p.X.rows(), p.X.cols())};
  r.gradient.encoder.setConstant(-7);  // must be overwritten
  r.loss = loss_gradient(p.X, p.weights, a, r.gradient, workspace, pool);
  EXPECT_EQ(r.loss, loss(p.X, p.weights, a, workspace, pool));
  reconstruct(p.X, p.weights, a, r.Xhat, workspace, pool);
  return r;
}

template <typename Scalar>
Result<Scalar> run_reference(const Problem<Scalar>& p, const model::Activation& a) {
  Result<Scalar> r{0, zeros_like(p.weights), MatrixOf<Scalar>(p.X.rows(), p.X.cols())};
  r.loss = reference::loss_gradient(p.X, p.weights, a, r.gradient);
  reference::reconstruct(p.X, p.weights, a, r.Xhat);
  return r;
}

}  // namespace twofold::ops
