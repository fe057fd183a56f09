#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/topk_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

const std::vector<TopKSize> kSizes = {
    {1, 1, 1, 1},
    {3, 7, 1, 2, true},
    {7, 15, 16, 3, false, false},
    {16, 17, 15, 17, true, true, false},
    {31, 33, 32, 4, false, false, false},
    {33, 65, 31, 5},
    {300, 130, 65, 4},
    {300, 260, 66, 8, true},
};

TopKStepOptions options_for(const TopKSize& s, TopKOptimizer optimizer = TopKOptimizer::Adam) {
  return {.k = s.k, .optimizer = optimizer, .dead_after = 1000, .aux_weight = 0.5, .aux_k = 3};
}

std::string name_of(const TopKSize& s) {
  return "N=" + std::to_string(s.N) + " m=" + std::to_string(s.m) + " d=" + std::to_string(s.d) +
         " k=" + std::to_string(s.k) + (s.tied ? " tied" : "");
}

// Rounding of sums of at most N + m + d terms, relative to their size.
template <typename Scalar>
double rounding(const TopKSize& s) {
  return static_cast<double>(s.N + s.m + s.d) *
         static_cast<double>(std::numeric_limits<Scalar>::epsilon());
}

template <typename Scalar>
class TopKStepTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TopKStepTest, Scalars);

TYPED_TEST(TopKStepTest, GradientAgreesWithTheReference) {
  ThreadPool pool(2);
  for (const TopKSize& size : kSizes) {
    TopKStepOptions options = options_for(size);
    options.unit_decoder = false;  // keeps the grid
    const TopKProblem<TypeParam> p(size);
    const auto state = state_with_dead_units(p.weights, options);
    model::TopKAutoencoder<TypeParam> expected, gradient;
    SparseCodes<TypeParam> codes;
    const TopKBatch wanted =
        reference::topk_gradient<TypeParam>(state, options, p.X, codes, expected);
    TopKStep<TypeParam> step(options);
    const TopKBatch batch = step.forward(state, p.X, pool);
    step.gradient(state, gradient, pool);
    const double tolerance = rounding<TypeParam>(size);
    EXPECT_TRUE(step.codes() == codes) << name_of(size);
    EXPECT_EQ(batch.dead, wanted.dead);
    EXPECT_EQ(batch.active, wanted.active);
    EXPECT_NEAR(batch.loss, wanted.loss, tolerance * (wanted.loss + 1)) << name_of(size);
    EXPECT_NEAR(batch.aux_loss, wanted.aux_loss, tolerance * (wanted.aux_loss + 1));
    EXPECT_NEAR(batch.explained_variance, wanted.explained_variance,
                tolerance * (std::abs(wanted.explained_variance) + 1));
    const Vector difference = numbers(gradient) - numbers(expected);
    EXPECT_LE(difference.norm(), tolerance * (numbers(expected).norm() + 1)) << name_of(size);
  }
}

// Three steps, each from the same state. A quotient of Adam is off by the rounding of its gradient
// relative to that gradient, unless both are small beside epsilon: hence the large one.
TYPED_TEST(TopKStepTest, UpdateAgreesWithTheReference) {
  ThreadPool pool(2);
  for (const TopKOptimizer optimizer : {TopKOptimizer::Sgd, TopKOptimizer::Adam}) {
    for (const bool unit : {false, true}) {
      for (const TopKSize& size : kSizes) {
        TopKStepOptions options = options_for(size, optimizer);
        options.unit_decoder = unit;
        options.epsilon = 1;
        const auto p = normal_topk_problem<TypeParam>(size);
        auto state = state_with_dead_units(p.weights, options);
        TopKStep<TypeParam> step(options);
        for (int t = 0; t < 3; ++t) {
          auto expected = state;
          SparseCodes<TypeParam> codes;
          model::TopKAutoencoder<TypeParam> gradient;
          (void)reference::topk_gradient<TypeParam>(expected, options, p.X, codes, gradient);
          reference::topk_update<TypeParam>(expected, options, codes, gradient, 0.1);
          (void)step.forward(state, p.X, pool);
          step.update(state, 0.1, pool);
          const double tolerance = rounding<TypeParam>(size);
          const Vector wanted = numbers(expected.weights);
          EXPECT_LE((numbers(state.weights) - wanted).norm(), tolerance * (wanted.norm() + 1))
              << name_of(size) << " step " << t;
          EXPECT_EQ(state.steps, expected.steps);
          EXPECT_EQ(state.silent, expected.silent);
          if (optimizer == TopKOptimizer::Sgd) continue;
          EXPECT_LE((numbers(state.first) - numbers(expected.first)).norm(),
                    tolerance * (numbers(expected.first).norm() + 1));
          EXPECT_LE((numbers(state.second) - numbers(expected.second)).norm(),
                    tolerance * (numbers(expected.second).norm() + 1));
        }
      }
    }
  }
}

// The loss of the header where the units that fire, and what counts as constant, are held: written
// with dense matrices, and differentiated numerically.
struct FrozenLoss {
  Matrix X, active, revived, residual;  // N×d, N×m of 0 and 1, N×m, N×d
  double aux_factor = 0;                // α S_x/S_e

  double operator()(const model::TopKAutoencoder<double>& w) const {
    Matrix centred = X;
    if (w.decoder_bias.size() > 0) centred.rowwise() -= w.decoder_bias.transpose();
    Matrix u = centred * w.encoder.transpose();
    if (w.encoder_bias.size() > 0) u.rowwise() += w.encoder_bias.transpose();
    const Matrix& D = w.decoder_rows();
    const double main = (centred - u.cwiseProduct(active) * D).squaredNorm();
    const double aux = (residual - u.cwiseProduct(revived) * D).squaredNorm();
    return (main + aux_factor * aux) / (2 * static_cast<double>(X.rows()));
  }
};

FrozenLoss frozen_at(const TopKState<double>& state, const TopKStepOptions& options,
                     const Matrix& X) {
  const auto& w = state.weights;
  const Index N = X.rows(), m = w.units();
  FrozenLoss loss{X, Matrix::Zero(N, m), Matrix::Zero(N, m), X};
  if (w.decoder_bias.size() > 0) loss.residual.rowwise() -= w.decoder_bias.transpose();
  const auto about_mean = [](const Matrix& rows) {
    return (rows.rowwise() - rows.colwise().mean()).squaredNorm();
  };
  const double S_x = about_mean(X);
  Matrix u = loss.residual * w.encoder.transpose();
  if (w.encoder_bias.size() > 0) u.rowwise() += w.encoder_bias.transpose();
  const auto mark_largest = [&](Index s, Index k, auto&& allowed, Matrix& marks) {
    for (; k > 0; --k) {
      Index best = -1;
      for (Index j = 0; j < m; ++j) {
        if (!allowed(j) || marks(s, j) > 0 || u(s, j) <= 0) continue;
        if (best < 0 || u(s, j) > u(s, best)) best = j;
      }
      if (best >= 0) marks(s, best) = 1;
    }
  };
  for (Index s = 0; s < N; ++s) {
    mark_largest(
        s, options.k, [](Index) { return true; }, loss.active);
  }
  loss.residual -= u.cwiseProduct(loss.active) * w.decoder_rows();
  const auto dead = [&](Index j) {
    return loss.active.col(j).sum() == 0 &&
           state.silent[static_cast<std::size_t>(j)] + N > options.dead_after;
  };
  for (Index s = 0; s < N; ++s) mark_largest(s, options.aux_k, dead, loss.revived);
  loss.aux_factor = options.aux_weight * S_x / about_mean(loss.residual);
  return loss;
}

// The loss is a polynomial of degree 4 with third derivatives of order 10: the truncation of
// central differences is 10 h² = 1e-9, their rounding 1e-16 · 10/h = 1e-10.
TEST(TopKGradient, IsTheDerivativeOfTheLoss) {
  constexpr double h = 1e-5, tolerance = 1e-8;
  for (const TopKSize& size :
       {TopKSize{12, 20, 5, 3}, TopKSize{12, 20, 5, 3, true},
        TopKSize{9, 14, 4, 2, false, false, true}, TopKSize{9, 14, 4, 2, true, true, false}}) {
    TopKStepOptions options = options_for(size);
    options.unit_decoder = false;
    const auto p = normal_topk_problem<double>(size, 3);
    auto state = state_with_dead_units(p.weights, options);
    for (auto& silent : state.silent) silent = options.dead_after;  // all that do not fire
    const FrozenLoss loss = frozen_at(state, options, p.X);
    ASSERT_GT(loss.revived.sum(), 0) << name_of(size);  // the auxiliary loss is at work
    model::TopKAutoencoder<double> reference_gradient, gradient;
    SparseCodes<double> codes;
    const TopKBatch batch =
        reference::topk_gradient<double>(state, options, p.X, codes, reference_gradient);
    EXPECT_NEAR(batch.loss + options.aux_weight * batch.aux_loss, loss(state.weights), 1e-12);
    ThreadPool pool(1);
    TopKStep<double> step(options);
    (void)step.forward(state, p.X, pool);
    step.gradient(state, gradient, pool);
    const Vector of_reference = numbers(reference_gradient), of_step = numbers(gradient);
    model::TopKAutoencoder<double> w = p.weights;
    Index at = 0;
    const auto check = [&](auto& part) {
      for (Index i = 0; i < part.size(); ++i, ++at) {
        const double value = part.data()[i];
        part.data()[i] = value + h;
        const double above = loss(w);
        part.data()[i] = value - h;
        const double slope = (above - loss(w)) / (2 * h);
        part.data()[i] = value;
        EXPECT_NEAR(of_reference[at], slope, tolerance) << name_of(size) << " number " << at;
        EXPECT_NEAR(of_step[at], slope, tolerance) << name_of(size) << " number " << at;
      }
    };
    check(w.encoder);
    check(w.decoder);
    check(w.encoder_bias);
    check(w.decoder_bias);
  }
}

TYPED_TEST(TopKStepTest, IsBitwiseTheSameForAnyPool) {
  for (const TopKSize& size : {TopKSize{300, 260, 66, 8}, TopKSize{300, 260, 66, 8, true}}) {
    const TopKStepOptions options = options_for(size);
    const auto p = normal_topk_problem<TypeParam>(size);
    const auto run = [&](int threads) {
      ThreadPool pool(threads);
      auto state = state_with_dead_units(p.weights, options);
      TopKStep<TypeParam> step(options);
      for (int t = 0; t < 3; ++t) {
        (void)step.forward(state, p.X, pool);
        step.update(state, 1e-2, pool);
      }
      return state;
    };
    const auto one = run(1);
    for (const int threads : {2, 3, 8}) {
      const auto many = run(threads);
      EXPECT_TRUE(same(many.weights, one.weights) && same(many.first, one.first) &&
                  same(many.second, one.second) && many.silent == one.silent)
          << threads;
    }
  }
}

// What an earlier batch taught the step about thresholds must not show.
TYPED_TEST(TopKStepTest, KeepsNoMemoryThatShows) {
  const TopKSize size{300, 1100, 66, 8};
  const TopKStepOptions options = options_for(size);
  const auto p = normal_topk_problem<TypeParam>(size);
  ThreadPool pool(2);
  auto warm = state_with_dead_units(p.weights, options), cold = warm;
  TopKStep<TypeParam> step(options);
  (void)step.forward(warm, MatrixOf<TypeParam>(100 * p.X), pool);
  (void)step.forward(warm, p.X, pool);
  step.update(warm, 1e-2, pool);
  TopKStep<TypeParam> fresh(options);
  (void)fresh.forward(cold, p.X, pool);
  fresh.update(cold, 1e-2, pool);
  EXPECT_TRUE(same(warm.weights, cold.weights));
}

TYPED_TEST(TopKStepTest, DecoderRowsStayAtNormOne) {
  const TopKSize size{64, 40, 12, 4};
  const TopKStepOptions options = options_for(size);
  auto p = normal_topk_problem<TypeParam>(size);
  p.weights.decoder.row(5).setZero();
  auto state = state_with_dead_units(p.weights, options);
  ThreadPool pool(1);
  TopKStep<TypeParam> step(options);
  for (int t = 0; t < 5; ++t) {
    (void)step.forward(state, p.X, pool);
    step.update(state, 0.05, pool);
  }
  for (Index j = 0; j < 40; ++j) {
    // One rounding of the factor, d of the products.
    const double tolerance = 12 * static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
    const double norm = static_cast<double>(state.weights.decoder.row(j).norm());
    if (j == 5 && norm == 0) continue;
    EXPECT_NEAR(norm, 1, tolerance) << j;
  }
}

// A step that moves against the gradient lowers the loss of its batch.
TYPED_TEST(TopKStepTest, StepsLowerTheLoss) {
  for (const bool tied : {false, true}) {
    const TopKSize size{200, 64, 20, 6, tied};
    const TopKStepOptions options{.k = 6};
    const auto p = normal_topk_problem<TypeParam>(size);
    auto state = topk_state(p.weights, options);
    ThreadPool pool(2);
    TopKStep<TypeParam> step(options);
    const TopKBatch first = step.forward(state, p.X, pool);
    for (int t = 0; t < 100; ++t) {
      step.update(state, 1e-2, pool);
      (void)step.forward(state, p.X, pool);
    }
    const TopKBatch last = step.forward(state, p.X, pool);
    EXPECT_LT(last.loss, 0.5 * first.loss);
    EXPECT_GT(last.explained_variance, first.explained_variance);
  }
}

// Units that point away from all samples can come back through the auxiliary loss only.
TYPED_TEST(TopKStepTest, TheAuxiliaryLossRevivesDeadUnits) {
  const TopKSize size{256, 48, 16, 4, false, true, true};
  const auto alive = [&](double aux_weight) {
    const TopKStepOptions options{.k = 4, .dead_after = 256, .aux_weight = aux_weight, .aux_k = 8};
    auto p = normal_topk_problem<TypeParam>(size);
    p.weights.encoder.bottomRows(24) *= static_cast<TypeParam>(0.05);  // never among the 4 largest
    p.weights.encoder_bias.setZero();
    auto state = topk_state(p.weights, options);
    ThreadPool pool(2);
    TopKStep<TypeParam> step(options);
    Index dead = 0;
    for (int t = 0; t < 400; ++t) {
      dead = step.forward(state, p.X, pool).dead;
      step.update(state, 3e-3, pool);
    }
    return 48 - dead;
  };
  const Index without = alive(0);
  EXPECT_LE(without, 24);  // the others have no gradient
  EXPECT_GT(alive(1.0 / 32), without);
}

TYPED_TEST(TopKStepTest, CountsSamplesSinceAUnitFired) {
  const TopKSize size{10, 3, 2, 1, true, false, false};
  TopKProblem<TypeParam> p(size);
  p.weights.encoder << 1, 0, 0, 1, -1, 0;
  p.X.col(0).setConstant(2);
  p.X.col(1).setConstant(1);  // unit 0 alone fires
  const TopKStepOptions options{
      .k = 1, .optimizer = TopKOptimizer::Sgd, .dead_after = 15, .aux_weight = 0};
  auto state = topk_state(p.weights, options);
  ThreadPool pool(1);
  TopKStep<TypeParam> step(options);
  EXPECT_EQ(step.forward(state, p.X, pool).dead, 0);
  step.update(state, 0, pool);
  EXPECT_EQ(state.silent, (std::vector<std::int64_t>{0, 10, 10}));
  EXPECT_EQ(step.forward(state, p.X, pool).dead, 2);  // 20 > 15
  EXPECT_EQ(state.silent[1], 10);                     // until the update
}

TYPED_TEST(TopKStepTest, ANaNShowsInTheLoss) {
  const TopKSize size{300, 1024, 64, 8};
  auto p = normal_topk_problem<TypeParam>(size);
  p.X(123, 4) = std::numeric_limits<TypeParam>::quiet_NaN();
  const TopKStepOptions options = options_for(size);
  ThreadPool pool(2);
  TopKStep<TypeParam> step(options);
  EXPECT_TRUE(std::isnan(step.forward(topk_state(p.weights, options), p.X, pool).loss));
}

TYPED_TEST(TopKStepTest, ConstantSamplesExplainNothing) {
  const TopKSize size{30, 20, 5, 3};
  auto p = normal_topk_problem<TypeParam>(size);
  p.X.rowwise() = p.X.row(0).eval();
  const TopKStepOptions options = options_for(size);
  ThreadPool pool(1);
  const TopKBatch batch =
      TopKStep<TypeParam>(options).forward(state_with_dead_units(p.weights, options), p.X, pool);
  EXPECT_EQ(batch.explained_variance, 0);
  EXPECT_EQ(batch.aux_loss, 0);
}

TEST(TopKStep, RefusesWhatDoesNotFit) {
  const TopKProblem<float> p({4, 5, 6, 2});
  const TopKStepOptions good{.k = 2};
  ThreadPool pool(1);
  const auto bad = [](auto&& change) {
    TopKStepOptions options;
    change(options);
    EXPECT_THROW(TopKStep<float>{options}, InvalidArgument);
  };
  bad([](auto& o) { o.k = 0; });
  bad([](auto& o) { o.beta1 = 1; });
  bad([](auto& o) { o.beta2 = -0.1; });
  bad([](auto& o) { o.epsilon = 0; });
  bad([](auto& o) { o.dead_after = 0; });
  bad([](auto& o) { o.aux_weight = std::numeric_limits<double>::infinity(); });
  bad([](auto& o) { o.aux_k = -1; });
  TopKStep<float> step(good);
  auto state = topk_state(p.weights, good);
  EXPECT_THROW(step.update(state, 0.1, pool), InvalidArgument);
  EXPECT_THROW((void)step.forward(state, p.X.topRows(0), pool), InvalidArgument);
  EXPECT_THROW((void)step.forward(state, p.X.leftCols(3), pool), InvalidArgument);
  (void)step.forward(state, p.X, pool);
  EXPECT_THROW(step.update(state, -1, pool), InvalidArgument);
  state.first.encoder.resize(0, 0);
  EXPECT_THROW(step.update(state, 0.1, pool), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
