// Identities of docs/theory/mean_field.md that hold at finite width to rounding. The recursions are
// written out here; they share nothing with the trainer.
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <array>

#include "train/problem.hpp"
#include "twofold/data/array_source.hpp"

namespace twofold::train {
namespace {

// σ(u) = u/2 + an even function: all have the same limit, c = 1/2.
const std::array<model::Activation, 4> kHalfLinear{model::Relu{}, model::Gelu{}, model::Silu{},
                                                   model::Softplus{}};
constexpr double c = 0.5;

struct Modes {
  Vector s;  // eigenvalues of XᵀX/n
  Matrix V;  // eigenvectors, columns
};

Modes modes(const Matrix& X) {
  const Matrix S = X.transpose() * X / static_cast<double>(X.rows());
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(S);
  return {solver.eigenvalues(), solver.eigenvectors()};
}

// A balanced frame and the full batch {x, -x}: each coordinate <w_i, v_j> follows the scalar
// recursion of its mode, here with heavy ball (μ = 0: plain descent).
void expect_scalar_recursion(Index neurons, const model::Activation& activation, double momentum) {
  constexpr Index d = 12;
  constexpr double r0 = 0.3, step = 0.1, penalty = 0.03;
  constexpr std::int64_t steps = 400;
  const Matrix X = mirrored(skewed_samples(40, d, 7));
  const Matrix start = model::initial_neurons(model::Initialization::Balanced, neurons, d, r0, 11);
  ThreadPool pool(2);
  const SgdOptions options{.step = step, .momentum = momentum, .penalty = penalty, .steps = steps};
  const auto run =
      gradient_descent<double>(X, mean_field_weights<double>(start), activation, options, {}, pool);
  ASSERT_EQ(run.status, SgdStatus::Finished);

  const auto [s, V] = modes(X);
  Vector r = Vector::Constant(d, r0);
  Vector v = Vector::Zero(d);
  for (std::int64_t k = 0; k < steps; ++k) {
    for (Index j = 0; j < d; ++j) {
      v(j) = momentum * v(j) + step * r(j) * (2 * c * s(j) * (1 - c * r(j) * r(j)) - penalty);
      r(j) += v(j);
    }
  }
  const Matrix expected = start * V * (r / r0).asDiagonal();
  // Rounding of 400 steps: each adds a few 1e-16 and growing modes carry it on by a factor r/r0,
  // at most 5 here; observed by others to be below 1e-14, and a wrong term would show at 1e-3.
  EXPECT_LE((run.weights.encoder * V - expected).cwiseAbs().maxCoeff(), 1e-11)
      << model::activation_name(activation) << " N=" << neurons << " momentum=" << momentum;
}

TEST(MeanFieldIdentity, BalancedFrameFollowsTheScalarRecursion) {
  for (const model::Activation& activation : kHalfLinear) {
    for (const Index neurons : {24, 72}) expect_scalar_recursion(neurons, activation, 0.0);
  }
}

TEST(MeanFieldIdentity, HeavyBallFollowsItsScalarRecursion) {
  expect_scalar_recursion(24, model::Relu{}, 0.8);
  expect_scalar_recursion(24, model::Gelu{}, 0.5);
}

// Paired neurons and mirrored mini-batches of any data, fewer neurons than 2d: the matrix of
// neurons itself is the factor of the recursion R <- R (I + ηH), with the batch's own S.
TEST(MeanFieldIdentity, PairedNeuronsFollowTheMatrixRecursionBatchByBatch) {
  constexpr Index d = 9, neurons = 14, batch = 8;
  constexpr double step = 0.05, penalty = 0.02;
  const data::ArraySource<double> source(skewed_samples(50, d, 3));
  const data::BatchSampler sampler(source, {.batch = batch, .mirrored = true}, 5);
  const Matrix start = model::initial_neurons(model::Initialization::Paired, neurons, d, 0.3, 13);
  ThreadPool pool(2);

  Matrix R = start;
  const Matrix I = Matrix::Identity(d, d);
  Matrix X(batch, d);
  std::int64_t compared = 0;
  // Rounding of 400 steps with noise; a wrong factor 2 or N would show at 1e-2.
  constexpr double tolerance = 1e-10;
  SgdHooks<double> hooks;
  hooks.on_record = [&](std::int64_t k, const model::Weights<double>& weights, double loss) {
    sampler.fill<double>(static_cast<std::uint64_t>(k), X, pool);
    const Matrix S = X.transpose() * X / static_cast<double>(batch);
    const Matrix A = c / static_cast<double>(neurons) * R.transpose() * R;
    EXPECT_LE((weights.encoder - R).cwiseAbs().maxCoeff(), tolerance) << "step " << k;
    EXPECT_NEAR(loss, 0.5 * ((I - A) * S * (I - A)).trace(), tolerance) << "step " << k;
    const Matrix H = c * ((I - A) * S + S * (I - A)) - penalty * I;
    R = R * (I + step * H);
    ++compared;
  };
  SgdOptions options{.step = step, .penalty = penalty, .steps = 400};
  for (std::int64_t k = 0; k <= options.steps; ++k) options.record_steps.push_back(k);
  const auto run =
      sgd<double>(sampler, mean_field_weights<double>(start), model::Gelu{}, options, hooks, pool);
  EXPECT_EQ(run.status, SgdStatus::Finished);
  EXPECT_EQ(compared, 401);
}

}  // namespace
}  // namespace twofold::train
