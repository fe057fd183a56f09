#include "twofold/theory/mean_field_population.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/model/initialization.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/mean_field_recursion.hpp"
#include "twofold/theory/mean_field_width.hpp"

namespace twofold::theory {
namespace {

using enum PopulationActivation;

Matrix normal_matrix(Index rows, Index cols, std::uint64_t seed) {
  Matrix M(rows, cols);
  RandomStream(seed, "population").fill_normal(0, {M.data(), static_cast<std::size_t>(M.size())});
  return M;
}

// Independent 14-digit values.
TEST(PopulationGradient, ReproducesTabulatedValues) {
  const Matrix W{{1.0, 2.0}, {-0.5, 0.25}, {0.3, -1.0}};
  const Matrix S = Vector{{2.0, 0.5}}.asDiagonal();
  ThreadPool pool(1);
  const auto result = population_gradient(W, S, Relu, 0.1, pool);
  const Matrix expected{{.29380533396918, 1.33995921650266},
                        {.88739111400233, -.01934717953034},
                        {-.73043159120911, .30161764921319}};
  EXPECT_LT((result.gradient - expected).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_NEAR(result.loss, .9294120240429019, 1e-14);
}

class PopulationTest : public testing::TestWithParam<PopulationActivation> {};

TEST_P(PopulationTest, GradientMatchesCentralDifferences) {
  ThreadPool pool(1);
  const Matrix root = normal_matrix(4, 4, 1);
  const Matrix S = root * root.transpose() / 4.0;
  const Matrix W = normal_matrix(7, 4, 2);
  constexpr double lambda = 0.3, h = 1e-5;
  const Matrix gradient = population_gradient(W, S, GetParam(), lambda, pool).gradient;
  const auto objective = [&](const Matrix& V) {
    return 7.0 * population_gradient(V, S, GetParam(), lambda, pool).loss +
           0.5 * lambda * V.squaredNorm();
  };
  for (Index i = 0; i < W.size(); ++i) {
    Matrix up = W, down = W;
    up.data()[i] += h;
    down.data()[i] -= h;
    // Truncation h² = 1e-10, rounding eps L/h = 1e-10.
    EXPECT_NEAR(gradient.data()[i], (objective(up) - objective(down)) / (2 * h), 1e-7);
  }
}

// The loss against samples: an independent definition of everything at once.
TEST_P(PopulationTest, LossMatchesMonteCarlo) {
  ThreadPool pool(1);
  const Vector s{{1.2, 0.5, 0.1}};
  const Matrix W = normal_matrix(5, 3, 4);
  const Matrix X = normal_matrix(40000, 3, 5) * s.cwiseSqrt().asDiagonal();
  const bool relu = GetParam() == Relu;
  numerics::RunningStatistics losses;
  for (Index i = 0; i < X.rows(); ++i) {
    const Vector u = W * X.row(i).transpose();
    const Vector hidden = u.unaryExpr(
        [&](double z) { return relu ? std::max(z, 0.0) : std::erf(z / std::numbers::sqrt2); });
    losses.add(0.5 * (X.row(i) - hidden.transpose() * W / 5.0).squaredNorm());
  }
  const double loss = population_gradient(W, s.asDiagonal(), GetParam(), 0.0, pool).loss;
  EXPECT_NEAR(losses.mean(), loss, 5 * losses.standard_error());  // 5 standard errors
}

TEST_P(PopulationTest, SameBitsForAnyPool) {
  const Matrix W = normal_matrix(150, 6, 6);
  const Matrix S = Vector{{1.0, 0.8, 0.5, 0.2, 0.1, 0.0}}.asDiagonal();
  ThreadPool one(1);
  const auto expected = population_gradient(W, S, GetParam(), 0.1, one);
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    const auto result = population_gradient(W, S, GetParam(), 0.1, pool);
    EXPECT_EQ(result.gradient, expected.gradient) << threads;
    EXPECT_EQ(result.loss, expected.loss) << threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Activations, PopulationTest, testing::Values(Relu, Erf),
                         [](const auto& test) { return test.param == Relu ? "Relu" : "Erf"; });

TEST(PopulationGradient, NeuronWithoutVarianceIsDeadUnderRelu) {
  Matrix W = normal_matrix(3, 2, 7);
  W.row(1).setZero();
  ThreadPool pool(1);
  const auto result = population_gradient(W, Matrix::Identity(2, 2), Relu, 0.5, pool);
  EXPECT_TRUE(result.gradient.allFinite());
  EXPECT_EQ(result.gradient.row(1).norm(), 0.0);
}

TEST(PopulationGradient, RejectsBadInput) {
  ThreadPool pool(1);
  const Matrix W = normal_matrix(3, 2, 7), S = Matrix::Identity(2, 2);
  EXPECT_THROW((void)population_gradient(W, Matrix::Identity(3, 3), Relu, 0.1, pool),
               InvalidArgument);
  EXPECT_THROW((void)population_gradient(W, S, Relu, -0.1, pool), InvalidArgument);
  Matrix skew = S;
  skew(0, 1) = 0.5;
  EXPECT_THROW((void)population_gradient(W, skew, Relu, 0.1, pool), InvalidArgument);
  EXPECT_THROW((void)population_descent(W, S, Relu, 0.1, 0.0, 3, pool), InvalidArgument);
}

// Isotropic d = 64, N = 256, 500 steps: η tr(AS)/π = 1.83 trains, 2.65 overflows.
TEST(PopulationDescent, EvenModeLimitsTheStep) {
  ThreadPool pool(2);
  const Matrix S = Matrix::Identity(64, 64);
  const Matrix W = model::initial_neurons(model::Initialization::Iid, 256, 64, 0.2, 1);
  const double start = population_gradient(W, S, Relu, 0.0, pool).loss;
  const auto run = [&](double eta) { return population_descent(W, S, Relu, 0.0, eta, 500, pool); };
  EXPECT_LT(run(1.83 * std::numbers::pi / 64).loss, start);
  EXPECT_LT(run(2.65 * std::numbers::pi / 64).steps_done, 500);
}

/// (loss − limit)/L0 of paired neurons on a spectrum with 8 strong directions.
double paired_excess(Index neurons, std::uint64_t seed, ThreadPool& pool) {
  Vector s = Vector::Constant(160, 0.05);
  s.head(8).setOnes();
  constexpr double lambda = 0.2, r0 = 0.05, eta = 0.1;
  constexpr Index steps = 250;
  Recursion limit({s, model::Relu{}, lambda, r0, 0.0, 0.0});
  limit.advance(steps, eta);
  const Matrix W = model::initial_neurons(model::Initialization::Paired, neurons, 160, r0, seed);
  const auto run = population_descent(W, s.asDiagonal(), Relu, lambda, eta, steps, pool);
  return (run.loss - limit.loss()) / (0.5 * s.sum());
}

// K = 8 directions need 2K = 16 paired neurons; with 8, four directions stay unlearned.
TEST(PopulationDescent, PairedNeuronsNeedTwicePerLearnedDirection) {
  ThreadPool pool(2);
  double few = 0, enough = 0;
  for (const std::uint64_t seed : {1, 2, 3}) {
    few += paired_excess(8, seed, pool) / 3;
    enough += paired_excess(16, seed, pool) / 3;
  }
  // Four lost directions: 4 · ½ · (1 − 0.2²) / 7.8 = 0.246.
  EXPECT_NEAR(few, 4 * 0.5 * 0.96 / 7.8, 0.01);
  EXPECT_LT(std::abs(enough), 1e-3);
}

/// Loss at t = 30 of iid neurons, mean over seeds, and of the two ends of the width bracket.
struct WidthPoint {
  double loss, low, high;
};

WidthPoint width_point(Index neurons, std::uint64_t seeds, ThreadPool& pool) {
  Vector s(40);
  s << Vector::Constant(4, 1.0), Vector::Constant(8, 0.4), Vector::Constant(28, 0.1);
  constexpr double lambda = 0.05, r0 = 0.2, eta = 0.15;
  constexpr Index steps = 200;
  const auto bracket = [&](double share) {
    const double psi = even_excess(model::Relu{}, "iid", neurons, share);
    Recursion recursion({s, model::Relu{}, lambda, r0, 0.0, psi});
    recursion.advance(steps, eta);
    return recursion.loss();
  };
  double loss = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Matrix W = model::initial_neurons(model::Initialization::Iid, neurons, 40, r0, seed);
    loss += population_descent(W, s.asDiagonal(), Relu, lambda, eta, steps, pool).loss;
  }
  return {loss / static_cast<double>(seeds), bracket(0.0), bracket(kEvenShare)};
}

TEST(PopulationDescent, WidthExcessHalvesWithTwiceTheNeuronsInsideItsBracket) {
  ThreadPool pool(2);
  double previous = 0;
  for (const Index neurons : {50, 100, 200, 400, 800}) {
    const WidthPoint point = width_point(neurons, neurons < 200 ? 4 : 1, pool);
    EXPECT_GT(point.loss, point.low) << neurons;
    EXPECT_LT(point.loss, point.high) << neurons;
    const double excess = point.loss - point.low;
    if (previous > 0) {
      // 1/N law; the scatter of random starts moves the ratio by some 10 %.
      EXPECT_GT(previous / excess, 1.6) << neurons;
      EXPECT_LT(previous / excess, 2.7) << neurons;
    }
    previous = excess;
  }
}

}  // namespace
}  // namespace twofold::theory
