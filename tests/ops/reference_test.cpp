#include "twofold/ops/reference.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "ops/problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

using model::Activation;
using model::Weights;

// The worked example of docs/theory/mean_field.md: N = 3, d = 2, penalty 0.1.
struct Golden {
  Weights<double> weights;
  Matrix X = Matrix(2, 2);
  Golden() {
    weights.encoder.resize(3, 2);
    weights.encoder << 1, 2, -.5, .25, .3, -1;
    weights.scale = 1.0 / 3.0;
    X << 1, -2, .5, .25;
  }
  // N ∂L/∂W + λW.
  Matrix step_direction(const Activation& activation, double& loss) const {
    Weights<double> gradient = zeros_like(weights);
    loss = reference::loss_gradient(X, weights, activation, gradient);
    return 3.0 * gradient.encoder + 0.1 * weights.encoder;
  }
};

TEST(Reference, GoldenValues) {
  const Golden golden;
  double loss = 0.0;
  const Matrix relu = golden.step_direction(model::Relu{}, loss);
  Matrix expected(3, 2);
  expected << .18333333333333, .49166666666667, -.05, .025, -1.58766666666667, 2.78266666666667;
  // Half a unit of the last of the 14 decimals given.
  EXPECT_LE((relu - expected).cwiseAbs().maxCoeff(), 0.6e-14);
  EXPECT_NEAR(loss, .57885, 1e-15);

  const Matrix gelu = golden.step_direction(model::Gelu{}, loss);
  EXPECT_NEAR(loss, .5518349959222401, 1e-15);
  EXPECT_NEAR(gelu(0, 0), .11863726666310, 0.6e-14);
  const Matrix tanh = golden.step_direction(model::Tanh{}, loss);
  EXPECT_NEAR(loss, .5618254259931685, 1e-15);
  EXPECT_NEAR(tanh(0, 0), .60295977782449, 0.6e-14);
}

TEST(Reference, ReconstructsByHand) {
  // One neuron b = (1, 2), a = (3, -1), bias 1/2, scale 2, relu; x = (1, 0): z = 3/2, x̂ = (9, -3).
  Weights<float> w;
  w.encoder.resize(1, 2);
  w.encoder << 1, 2;
  w.decoder.resize(1, 2);
  w.decoder << 3, -1;
  w.bias = VectorF::Constant(1, 0.5f);
  w.scale = 2;
  MatrixF X(1, 2), Xhat(1, 2);
  X << 1, 0;
  reference::reconstruct(X, w, model::Relu{}, Xhat);
  EXPECT_EQ(Xhat(0, 0), 9.0f);
  EXPECT_EQ(Xhat(0, 1), -3.0f);
  EXPECT_EQ(reference::loss(X, w, model::Relu{}), (64.0 + 9.0) / 2.0);
}

// Calls check(parameter, derivative) for every trained number.
void for_each_parameter(Weights<double>& w, const Weights<double>& g,
                        const std::function<void(double&, double)>& check) {
  for (Index i = 0; i < w.encoder.size(); ++i) check(w.encoder.data()[i], g.encoder.data()[i]);
  for (Index i = 0; i < w.decoder.size(); ++i) check(w.decoder.data()[i], g.decoder.data()[i]);
  for (Index i = 0; i < w.bias.size(); ++i) check(w.bias[i], g.bias[i]);
}

TEST(Reference, GradientMatchesCentralDifferences) {
  for (const Activation& a : kAllActivations) {
    for (const bool tied : {true, false}) {
      for (const bool bias : {true, false}) {
        Problem<double> p = grid_problem<double>({5, 4, 6, tied, bias});
        // Off the grid, so that no pre-activation lies on a kink.
        p.X.array() += 0.0137;
        p.weights.encoder *= 1.0371;
        Weights<double> g = zeros_like(p.weights);
        (void)reference::loss_gradient(p.X, p.weights, a, g);
        constexpr double h = 1e-5;
        // Truncation h²|L'''|/6 with |L'''| < 50 here: 1e-9; rounding ε L/h = 1e-11.
        constexpr double tolerance = 1e-9;
        for_each_parameter(p.weights, g, [&](double& parameter, double derivative) {
          const double start = parameter;
          parameter = start + h;
          const double above = reference::loss(p.X, p.weights, a);
          parameter = start - h;
          const double below = reference::loss(p.X, p.weights, a);
          parameter = start;
          EXPECT_NEAR(derivative, (above - below) / (2 * h), tolerance)
              << activation_name(a) << " tied=" << tied << " bias=" << bias;
        });
      }
    }
  }
}

TEST(Reference, ShapesAreChecked) {
  Problem<double> p = grid_problem<double>({5, 4, 6});
  Weights<double> g = zeros_like(p.weights);
  Matrix wrong = Matrix::Zero(5, 3), empty(0, 4), out(5, 4);
  EXPECT_THROW((void)reference::loss(wrong, p.weights, model::Relu{}), InvalidArgument);
  EXPECT_THROW((void)reference::loss(empty, p.weights, model::Relu{}), InvalidArgument);
  EXPECT_THROW(reference::reconstruct(p.X, p.weights, model::Relu{}, wrong), InvalidArgument);
  g.bias.setZero(6);
  EXPECT_THROW((void)reference::loss_gradient(p.X, p.weights, model::Relu{}, g), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
