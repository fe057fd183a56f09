#include "twofold/ops/loss_gradient.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "ops/loss_gradient_run.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

using model::Activation;
using model::Weights;

template <typename Derived>
double largest(const Eigen::MatrixBase<Derived>& m) {
  return m.size() == 0 ? 0.0 : static_cast<double>(m.cwiseAbs().maxCoeff());
}

// Rounding of a sum of K terms is about √K ε times the bound on its value; the factor 8 covers
// three sums in a row and the few ε of libm. Entries are at most 1 and scale is 1/n, so with
// dimension d
//   |z| <= |b| √d + 1,  |h| <= |z| + 1 =: h,  |x̂| <= h,  |e| <= 1 + h,
//   |∂L| <= (h |e| + d |e|)/n,  L <= d |e|²/2.
struct Tolerance {
  double output, gradient, loss;

  template <typename Scalar>
  explicit Tolerance(const Problem<Scalar>& p) {
    const auto d = static_cast<double>(p.X.cols()), n = static_cast<double>(p.weights.neurons());
    const double longest = std::max({d, n, static_cast<double>(p.X.rows())});
    const double eps = static_cast<double>(std::numeric_limits<Scalar>::epsilon());
    const double relative = 8.0 * std::sqrt(longest) * eps;
    const double row = static_cast<double>(p.weights.encoder.rowwise().norm().maxCoeff());
    const double h = row * std::sqrt(d) + 2.0, e = 1.0 + h;
    output = relative * h;
    gradient = relative * (h + d) * e / n;
    loss = relative * d * e * e;
  }
};

template <typename Scalar>
void expect_agreement(const Problem<Scalar>& p, const Activation& a) {
  const Result<Scalar> fast = run(p, a, FloatProducts::Float), plain = run_reference(p, a);
  const Tolerance tolerance(p);
  SCOPED_TRACE(activation_name(a) + " samples=" + std::to_string(p.X.rows()) +
               " d=" + std::to_string(p.X.cols()) + " n=" + std::to_string(p.weights.neurons()));
  EXPECT_NEAR(fast.loss, plain.loss, tolerance.loss);
  EXPECT_LE(largest(fast.Xhat - plain.Xhat), tolerance.output);
  EXPECT_LE(largest(fast.gradient.encoder - plain.gradient.encoder), tolerance.gradient);
  EXPECT_LE(largest(fast.gradient.decoder - plain.gradient.decoder), tolerance.gradient);
  EXPECT_LE(largest(fast.gradient.bias - plain.gradient.bias), tolerance.gradient);
}

template <typename Scalar>
void expect_agreement(const Shape& shape, const Activation& a) {
  expect_agreement(grid_problem<Scalar>(shape), a);
}

template <typename Scalar>
class LossGradient : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(LossGradient, Scalars);

TYPED_TEST(LossGradient, AgreesWithReferenceForEveryActivation) {
  for (const Activation& a : kAllActivations) {
    for (const bool tied : {true, false}) {
      for (const bool bias : {true, false}) {
        expect_agreement<TypeParam>({9, 6, 11, tied, bias}, a);
      }
    }
  }
}

TYPED_TEST(LossGradient, AgreesWithReferenceAroundBlockSizes) {
  constexpr Index kN = Blocking::kNeurons, kS = Blocking::kSamples;
  for (const Activation& a : std::vector<Activation>{model::Relu{}, model::TopK{3}}) {
    for (const bool bias : {true, false}) {  // without, float takes another way
      for (const Index n :
           {Index{1}, Index{3}, Index{7}, Index{15}, Index{16}, Index{17}, Index{31}, Index{32},
            Index{33}, Index{63}, Index{64}, Index{65}, kN - 1, kN, kN + 1, 2 * kN + 1}) {
        expect_agreement<TypeParam>({5, 7, n, false, bias}, a);
      }
      for (const Index samples : {Index{1}, Index{3}, Index{7}, kS - 1, kS, kS + 1, 2 * kS - 1,
                                  2 * kS, 2 * kS + 1, Index{127}, Index{128}, Index{129}}) {
        expect_agreement<TypeParam>({samples, 7, 13, true, bias}, a);
      }
      for (const Index d : {1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 129}) {
        expect_agreement<TypeParam>({5, d, 13, true, bias}, a);
      }
    }
  }
}

TYPED_TEST(LossGradient, AgreesWithReferenceOverManyStripsAndChunks) {
  // 17 blocks of neurons in 16 strips: one strip has two.
  expect_agreement<TypeParam>({6, 3, 16 * Blocking::kNeurons + 5, true, false}, model::Relu{});
  const Index chunk = Blocking::chunk(3, 5);
  for (const Index samples : {chunk - 1, chunk, chunk + 1, 2 * chunk + 3}) {
    for (const bool bias : {true, false}) {
      expect_agreement<TypeParam>({samples, 3, 5, false, bias}, model::Relu{});
    }
  }
}

TYPED_TEST(LossGradient, HasTheSameBitsForAnyPool) {
  // Large enough for the threads to be woken, over several strips, and two chunks of samples.
  const Shape shapes[] = {{70, 24, 1300, true, true},
                          {1030, 12, 600, false, true},
                          {70, 24, 1300, true, false},
                          {1030, 12, 600, false, false}};
  for (const Shape& shape : shapes) {
    const Problem<TypeParam> p = [&] {
      Problem<TypeParam> problem = grid_problem<TypeParam>(shape);
      problem.X *= TypeParam(0.7317);  // inexact sums, so that their order shows
      return problem;
    }();
    for (const Activation& a :
         std::vector<Activation>{model::Gelu{}, model::Relu{}, model::TopK{9}}) {
      for (const FloatProducts products : all_products<TypeParam>()) {
        const Result<TypeParam> one = run(p, a, products, 1);
        for (const int threads : {2, 3, 8}) {
          EXPECT_TRUE(run(p, a, products, threads) == one) << activation_name(a) << threads;
        }
      }
    }
  }
}

// NaN data shows in the loss, and leaves nothing behind.
template <typename Scalar>
void expect_nothing_left(const Activation& a, bool bias, FloatProducts products) {
  const Problem<Scalar> p = grid_problem<Scalar>({20, 6, 300, true, bias});
  const Result<Scalar> fresh = run(p, a, products, 1);
  Problem<Scalar> poison = grid_problem<Scalar>({300, 6, 300, true, bias});
  poison.X.setConstant(std::numeric_limits<Scalar>::quiet_NaN());
  ThreadPool pool(1);
  Workspace<Scalar> workspace(300, 6, 300, products);
  Weights<Scalar> gradient = zeros_like(p.weights);
  EXPECT_TRUE(std::isnan(loss_gradient(poison.X, p.weights, a, gradient, workspace, pool)));
  EXPECT_EQ(fresh.loss, loss_gradient(p.X, p.weights, a, gradient, workspace, pool));
  EXPECT_EQ(fresh.gradient.encoder, gradient.encoder);
  EXPECT_EQ(fresh.gradient.bias, gradient.bias);
}

TYPED_TEST(LossGradient, DoesNotDependOnWhatTheWorkspaceHeldOrCanHold) {
  for (const FloatProducts products : all_products<TypeParam>()) {
    expect_nothing_left<TypeParam>(model::Tanh{}, true, products);
    for (const bool bias : {true, false}) {
      expect_nothing_left<TypeParam>(model::Relu{}, bias, products);
      expect_nothing_left<TypeParam>(model::TopK{9}, bias, products);
    }
  }
}

TYPED_TEST(LossGradient, TakesRowsOfALargerMatrix) {
  const Problem<TypeParam> p = grid_problem<TypeParam>({12, 6, 20});
  MatrixOf<TypeParam> wide = MatrixOf<TypeParam>::Constant(20, 9, 5);
  wide.block(4, 2, 12, 6) = p.X;
  ThreadPool pool(1);
  Workspace<TypeParam> workspace(12, 6, 20);
  EXPECT_EQ(loss(wide.block(4, 2, 12, 6), p.weights, model::Relu{}, workspace, pool),
            loss(p.X, p.weights, model::Relu{}, workspace, pool));
}

TEST(Workspace, ShapesAreChecked) {
  EXPECT_THROW(Workspace<float>(0, 1, 1), InvalidArgument);
  EXPECT_THROW(Workspace<double>(1, 1, 1, FloatProducts::SplitBf16), InvalidArgument);
  const Problem<double> p = grid_problem<double>({5, 4, 6});
  Weights<double> g = zeros_like(p.weights);
  ThreadPool pool(1);
  Matrix out(5, 4), wrong(4, 4);
  Workspace<double> good(5, 4, 6), small(4, 4, 6), other(5, 4, 7);
  EXPECT_THROW((void)loss(p.X, p.weights, model::Relu{}, small, pool), InvalidArgument);
  EXPECT_THROW((void)loss(p.X, p.weights, model::Relu{}, other, pool), InvalidArgument);
  EXPECT_THROW(reconstruct(p.X, p.weights, model::Relu{}, wrong, good, pool), InvalidArgument);
  g.encoder.resize(5, 4);
  EXPECT_THROW((void)loss_gradient(p.X, p.weights, model::Relu{}, g, good, pool), InvalidArgument);
}

TEST(Workspace, SaysWhatComputes) {
  const auto text = [](const auto& p, const Activation& a) {
    using Scalar = typename std::decay_t<decltype(p.X)>::Scalar;
    return std::string(Workspace<Scalar>(1, 4, 6).arithmetic(p.weights, a));
  };
  EXPECT_EQ(text(grid_problem<double>({1, 4, 6}), model::Relu{}), "double (BLAS)");
  EXPECT_EQ(text(grid_problem<float>({1, 4, 6}), model::Tanh{}), "float (BLAS)");
  EXPECT_EQ(text(grid_problem<float>({1, 4, 6, true, true}), model::Relu{}), "float (BLAS)");
  EXPECT_THAT(text(grid_problem<float>({1, 4, 6}), model::Relu{}), testing::StartsWith("float"));
}

}  // namespace
}  // namespace twofold::ops
