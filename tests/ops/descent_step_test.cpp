#include "twofold/ops/descent_step.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "ops/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/ops/reference.hpp"

namespace twofold::ops {
namespace {

using model::Activation;

template <typename Scalar>
struct Result {
  double loss;
  MatrixOf<Scalar> W, V;
};

template <typename Scalar>
Result<Scalar> run(const Problem<Scalar>& p, const Activation& a, const Descent<Scalar>& descent,
                   int threads = 2, FloatProducts products = FloatProducts::Float) {
  ThreadPool pool(threads);
  DescentStep<Scalar> step(p.X.rows(), p.X.cols(), p.weights.neurons(), products);
  model::Weights<Scalar> weights = p.weights;
  MatrixOf<Scalar> V = grid_matrix<Scalar>(weights.neurons(), weights.dimension(), "velocity");
  const double loss = step.loss(p.X, weights, a, pool);
  step.descend(weights, descent, V, pool);
  return {loss, weights.encoder, V};
}

// The update as it is documented, by the definition of the gradient.
template <typename Scalar>
Result<double> run_reference(const Problem<Scalar>& p, const Activation& a,
                             const Descent<Scalar>& descent) {
  Problem<double> q{p.X.template cast<double>(), {}};
  q.weights.encoder = p.weights.encoder.template cast<double>();
  q.weights.scale = static_cast<double>(p.weights.scale);
  model::Weights<double> gradient = zeros_like(q.weights);
  const double loss = reference::loss_gradient(q.X, q.weights, a, gradient);
  const Matrix& W = q.weights.encoder;
  Matrix V = grid_matrix<double>(W.rows(), W.cols(), "velocity");
  V = static_cast<double>(descent.momentum) * V -
      static_cast<double>(descent.step) * gradient.encoder - static_cast<double>(descent.decay) * W;
  return {loss, W + V, V};
}

template <typename Scalar>
void expect_agreement(const Shape& shape, const Activation& a, const Descent<Scalar>& descent,
                      FloatProducts products = FloatProducts::Float) {
  SCOPED_TRACE(activation_name(a) + " samples=" + std::to_string(shape.samples) + " decay=" +
               std::to_string(descent.decay) + " momentum=" + std::to_string(descent.momentum));
  const Problem<Scalar> p = grid_problem<Scalar>(shape);
  const Result<Scalar> got = run(p, a, descent, 2, products);
  const Result<double> wanted = run_reference(p, a, descent);
  // Rows have lengths up to √d = 3, codes up to 7, residuals up to 20, in units of which the sums
  // of fewer than 3000 terms are rounded; W and V are of size 1 and rounded a few times.
  const double rounding = products == FloatProducts::SplitBf16
                              ? split_error(3000)
                              : 50 * static_cast<double>(std::numeric_limits<Scalar>::epsilon());
  EXPECT_NEAR(got.loss, wanted.loss, 100 * rounding);
  EXPECT_LE((got.W.template cast<double>() - wanted.W).cwiseAbs().maxCoeff(), 20 * rounding);
  if (descent.momentum == 0) return;
  EXPECT_LE((got.V.template cast<double>() - wanted.V).cwiseAbs().maxCoeff(), 20 * rounding);
}

// Steps of which one changes W by a tenth of it or more.
template <typename Scalar>
std::vector<Descent<Scalar>> descents(Index neurons) {
  const auto step = static_cast<Scalar>(neurons) / 8;
  return {{step}, {step, 0, Scalar(0.1)}, {step, 0, Scalar(0.7)}, {step, Scalar(0.5), Scalar(0.1)}};
}

template <typename Scalar>
class DescentSteps : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(DescentSteps, Scalars);

TYPED_TEST(DescentSteps, UpdateAsDocumented) {
  const Index chunk = Blocking::chunk(7, 70);
  for (const Activation& a :
       std::vector<Activation>{model::Relu{}, model::Tanh{}, model::TopK{3}}) {
    for (const Descent<TypeParam>& descent : descents<TypeParam>(70)) {
      for (const Index samples : {Index{9}, Index{130}, chunk, chunk + 1}) {
        expect_agreement<TypeParam>({samples, 7, 70}, a, descent);
      }
      expect_agreement<TypeParam>({9, 7, 2 * Blocking::kNeurons + 3}, a, descent);
    }
  }
}

TEST(DescentStep, UpdatesAsDocumentedBySplitProducts) {
  const Index chunk = Blocking::chunk(7, 70);
  for (const Activation& a :
       std::vector<Activation>{model::Relu{}, model::Tanh{}, model::TopK{3}}) {
    for (const Descent<float>& descent : descents<float>(70)) {
      for (const Index samples : {Index{9}, chunk + 1}) {
        expect_agreement<float>({samples, 7, 70}, a, descent, FloatProducts::SplitBf16);
      }
    }
  }
}

TEST(DescentStep, HasTheSameBitsForAnyPool) {
  Problem<float> p = grid_problem<float>({70, 24, 1300});
  p.X *= 0.7317F;  // inexact sums, so that their order shows
  for (const FloatProducts products : {FloatProducts::Float, FloatProducts::SplitBf16}) {
    for (const Activation& a : std::vector<Activation>{model::Gelu{}, model::Relu{}}) {
      for (const Descent<float>& descent : descents<float>(1300)) {
        const Result<float> one = run(p, a, descent, 1, products);
        for (const int threads : {2, 3, 8}) {
          const Result<float> many = run(p, a, descent, threads, products);
          EXPECT_EQ(one.W, many.W);
          EXPECT_EQ(one.V, many.V);
        }
      }
    }
  }
}

TEST(DescentStep, RefusesUntiedWeightsAndBiases) {
  ThreadPool pool(1);
  DescentStep<double> step(5, 4, 6);
  const auto loss = [&](const Shape& shape) {
    const Problem<double> p = grid_problem<double>(shape);
    return step.loss(p.X, p.weights, model::Relu{}, pool);
  };
  EXPECT_THROW((void)loss({5, 4, 6, false}), InvalidArgument);
  EXPECT_THROW((void)loss({5, 4, 6, true, true}), InvalidArgument);
  EXPECT_THROW((void)loss({6, 4, 6}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
