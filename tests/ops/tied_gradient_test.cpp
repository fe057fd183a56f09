#include <gtest/gtest.h>

#include <limits>

#include "ops/sparse_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

constexpr TiedGradient kAllKinds[] = {TiedGradient::Approximate, TiedGradient::DecoderOnly,
                                      TiedGradient::Sign};

struct Size {
  Index N, m, d;
};
const std::vector<Size> kSizes = {
    {1, 1, 1},    {3, 7, 1},   {7, 16, 7},  {3, 17, 16},  {15, 31, 33},   {16, 32, 31},
    {17, 33, 32}, {31, 3, 15}, {32, 1, 17}, {33, 15, 3},  {5, 127, 65},   {65, 193, 165},
    {255, 9, 4},  {256, 9, 4}, {257, 9, 4}, {4097, 5, 3}, {300, 40, 257},
};

// Rounding of sums of at most N + m + d terms, relative to their size.
template <typename Scalar>
double rounding(Index N, Index m, Index d) {
  return static_cast<double>(N + m + d) *
         static_cast<double>(std::numeric_limits<Scalar>::epsilon());
}

template <typename Scalar>
class TiedGradientTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TiedGradientTest, Scalars);

TYPED_TEST(TiedGradientTest, AgreesWithTheReference) {
  ThreadPool pool(2);
  for (const auto& [N, m, d] : kSizes) {
    const SparseProblem<TypeParam> p(N, m, d);
    const double tolerance = rounding<TypeParam>(N, m, d);
    for (const Gate& gate : kAllGates) {
      const SparseCodes<TypeParam> codes = encoded(p, gate, pool);
      for (const TiedGradient kind : kAllKinds) {
        MatrixOf<TypeParam> G(m, d), expected(m, d);
        const double loss = tied_gradient<TypeParam>(p.X, p.W, codes, kind, G, pool);
        const double loss_expected =
            reference::tied_gradient<TypeParam>(p.X, p.W, codes, kind, expected);
        EXPECT_NEAR(loss, loss_expected, tolerance * (loss_expected + 1)) << gate_name(gate);
        EXPECT_LE(static_cast<double>((G - expected).norm()),
                  tolerance * static_cast<double>(expected.norm() + 1))
            << gate_name(gate) << " N=" << N << " m=" << m << " d=" << d;
      }
    }
  }
}

// The definition of the header, by dense products.
TEST(TiedGradient, ReferenceIsTheFormula) {
  const SparseProblem<double> p(6, 5, 4);
  SparseCodes<double> codes;
  reference::encode<double>(p.X, p.W, {model::HardThreshold{0.5}}, codes);
  Matrix C = Matrix::Zero(6, 5), D = C;
  for (Index s = 0; s < 6; ++s) {
    for (auto e = codes.offset[s]; e < codes.offset[s + 1]; ++e) {
      C(s, codes.index[e]) = codes.value[e];
      D(s, codes.index[e]) = 1;
    }
  }
  const Matrix R = p.X - C * p.W;
  const Matrix decoder = -C.transpose() * R / 6;
  const Matrix full = decoder - (R * p.W.transpose()).cwiseProduct(D).transpose() * p.X / 6;
  const Matrix sign = -C.cwiseSign().transpose() * R / 6;
  // Two ways to sum some ten terms of size up to ten.
  const double rounding = 1e-14;
  Matrix G(5, 4);
  for (const auto& [kind, expected] :
       {std::pair{TiedGradient::DecoderOnly, decoder}, std::pair{TiedGradient::Approximate, full},
        std::pair{TiedGradient::Sign, sign}}) {
    const double loss = reference::tied_gradient<double>(p.X, p.W, codes, kind, G);
    EXPECT_NEAR(loss, R.squaredNorm() / 12, rounding * R.squaredNorm());
    EXPECT_LE((G - expected).cwiseAbs().maxCoeff(), 10 * rounding);
  }
}

// Several panels of 4096 samples, tasks and chunks of 256 terms an atom.
TYPED_TEST(TiedGradientTest, DoesNotDependOnTheThreads) {
  SparseProblem<TypeParam> p(4200, 40, 23);
  p.X *= TypeParam(0.3);
  ThreadPool one(1), two(2), three(3), eight(8);
  const SparseCodes<TypeParam> codes = encoded(p, {model::HardThreshold{0.2}}, one);
  for (const TiedGradient kind : kAllKinds) {
    MatrixOf<TypeParam> G(40, 23), again(40, 23);
    const double loss = tied_gradient<TypeParam>(p.X, p.W, codes, kind, G, one);
    for (ThreadPool* pool : {&two, &three, &eight}) {
      EXPECT_EQ(tied_gradient<TypeParam>(p.X, p.W, codes, kind, again, *pool), loss);
      EXPECT_TRUE(again == G);
    }
    MatrixOf<TypeParam> expected(40, 23);
    reference::tied_gradient<TypeParam>(p.X, p.W, codes, kind, expected);
    // As above; sums over samples run in chunks of 256 and panels.
    EXPECT_LE((G - expected).norm(), rounding<TypeParam>(256, 40, 23) * (expected.norm() + 1));
  }
}

// Loss at W + step·direction with the codes of that W.
double loss_at(const SparseProblem<double>& p, const Matrix& W, const Gate& gate,
               SparseCodes<double>& codes) {
  ThreadPool pool;
  Matrix G(W.rows(), W.cols());
  encode<double>(p.X, W, gate, codes, pool);
  return tied_gradient<double>(p.X, W, codes, TiedGradient::DecoderOnly, G, pool);
}

// ⟨G, direction⟩ beside the central difference of the loss, relative.
void expect_gradient(const Gate& gate, double h, bool same_support) {
  ThreadPool pool;
  SparseProblem<double> p(40, 12, 9);
  // Off the grid, so that nothing lies on a kink.
  p.X += 0.01 * grid_matrix<double>(40, 9, "shift").array().sin().matrix();
  p.W.rowwise().normalize();
  const Matrix direction = grid_matrix<double>(12, 9, "direction");
  SparseCodes<double> codes, above, below;
  Matrix G(12, 9);
  encode<double>(p.X, p.W, gate, codes, pool);
  (void)tied_gradient<double>(p.X, p.W, codes, TiedGradient::Approximate, G, pool);
  const double difference = (loss_at(p, p.W + h * direction, gate, above) -
                             loss_at(p, p.W - h * direction, gate, below)) /
                            (2 * h);
  if (same_support) {
    ASSERT_EQ(above.index, codes.index);
    ASSERT_EQ(below.index, codes.index);
  }
  ASSERT_GT(codes.size(), 20);
  // Truncation h² and rounding eps/h of a loss of order 1: below 1e-8 for both steps.
  EXPECT_NEAR(difference, G.cwiseProduct(direction).sum(), 1e-6 * G.norm() * direction.norm())
      << gate_name(gate);
}

// Exact for relu wherever it is differentiable.
TEST(TiedGradient, OfReluIsTheDerivativeOfTheLoss) {
  for (const double bias : {0.0, -0.2, -0.5}) expect_gradient({model::Relu{}, bias}, 1e-6, false);
}

TEST(TiedGradient, OfThresholdsIsTheDerivativeWhereNoUnitJumps) {
  expect_gradient({model::HardThreshold{0.5}}, 1e-7, true);
  expect_gradient({model::JumpRelu{0.5}}, 1e-7, true);
  expect_gradient({model::TopK{3}}, 1e-7, true);
}

TEST(TiedGradient, NothingActiveMeansNoGradient) {
  const SparseProblem<double> p(5, 4, 3);
  ThreadPool pool;
  const SparseCodes<double> codes = encoded(p, {model::HardThreshold{1e3}}, pool);
  Matrix G = Matrix::Ones(4, 3);
  const double loss = tied_gradient<double>(p.X, p.W, codes, TiedGradient::Approximate, G, pool);
  EXPECT_EQ(G.cwiseAbs().maxCoeff(), 0.0);
  // Sums of squares in two orders.
  EXPECT_NEAR(loss, p.X.squaredNorm() / 10, 1e-14 * p.X.squaredNorm());
}

TEST(TiedGradient, LossShowsNotANumber) {
  ThreadPool pool(2);
  MatrixF G(40, 20);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto loss = [&](const SparseProblem<float>& p, const Gate& gate) {
    const SparseCodes<float> codes = encoded(p, gate, pool);
    return tied_gradient<float>(p.X, p.W, codes, TiedGradient::Approximate, G, pool);
  };
  for (const Gate& gate : kAllGates) {
    SparseProblem<float> p(70, 40, 20);
    ASSERT_TRUE(std::isfinite(loss(p, gate))) << gate_name(gate);
    p.X(33, 7) = nan;
    EXPECT_TRUE(std::isnan(loss(p, gate))) << gate_name(gate);
    p = SparseProblem<float>(70, 40, 20);
    p.W(3, 3) = nan;
    EXPECT_TRUE(std::isnan(loss(p, gate))) << gate_name(gate);
  }
}

TEST(TiedGradient, RefusesCodesThatDoNotFit) {
  const SparseProblem<double> p(5, 4, 3);
  ThreadPool pool;
  const SparseCodes<double> codes = encoded(p, {model::HardThreshold{0}}, pool);
  Matrix G(4, 3);
  const auto gradient = [&](const SparseCodes<double>& c, const Matrix& X, View<double> out) {
    (void)tied_gradient<double>(X, p.W, c, TiedGradient::Sign, out, pool);
  };
  SparseCodes<double> bad = codes;
  bad.index[3] = 4;
  EXPECT_THROW(gradient(bad, p.X, G), InvalidArgument);
  bad.index[3] = -1;
  EXPECT_THROW(gradient(bad, p.X, G), InvalidArgument);
  bad = codes;
  bad.value.pop_back();
  EXPECT_THROW(gradient(bad, p.X, G), InvalidArgument);
  bad = codes;
  bad.atoms = 5;
  EXPECT_THROW(gradient(bad, p.X, G), InvalidArgument);
  EXPECT_THROW(gradient(codes, p.X.topRows(4), G), InvalidArgument);
  EXPECT_THROW(gradient(codes, Matrix::Ones(5, 4), G), InvalidArgument);
  EXPECT_THROW(gradient(codes, p.X, G.topRows(3)), InvalidArgument);
  EXPECT_THROW(gradient({}, Matrix(0, 3), G), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
