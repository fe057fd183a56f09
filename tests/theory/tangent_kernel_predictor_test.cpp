#include "twofold/theory/tangent_kernel_predictor.hpp"

#include <gtest/gtest.h>

#include <array>
#include <numbers>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;

struct Ready {
  ThreadPool pool{2};
  Matrix X;
  TangentPredictor predictor;
  Ready(Matrix samples, const KernelRates& rates)
      : X(std::move(samples)), predictor(pool, X, rates) {}
};

// One training sample: f(x) = a(θ) x_1 with a = cos θ (π − θ)/π for the encoder alone and
// [2(π − θ) cos θ + sin θ]/2π for both; rounding.
TEST(TangentPredictor, OfOneSampleIsTheClosedForm) {
  const Matrix X = Matrix{{1.0, 0.0, 0.0}};
  Ready weak(X, kWeak), joint(X, kJoint);
  for (const double theta : {0.0, pi / 4, pi / 2, 3 * pi / 4, pi}) {
    const Matrix Q = Matrix{{std::cos(theta), std::sin(theta), 0.0}};
    const double alone = std::cos(theta) * (pi - theta) / pi;
    const double both = (2 * (pi - theta) * std::cos(theta) + std::sin(theta)) / (2 * pi);
    EXPECT_LT((weak.predictor.predict(weak.pool, Q) - alone * X).norm(), 1e-15) << theta;
    EXPECT_LT((joint.predictor.predict(joint.pool, Q) - both * X).norm(), 1e-15) << theta;
    // Variance of the start that is left: Γ(x,x) − 2a g + a²/2 over d = 3.
    const double g = (std::sin(theta) + (pi - theta) * std::cos(theta)) / (2 * pi);
    const double left = (0.5 - 2 * alone * g + 0.5 * alone * alone) / 3;
    EXPECT_NEAR(weak.predictor.start_variance(weak.pool, Q)[0], left, 1e-15) << theta;
  }
}

// Condition of Θ below 1e3: rounding amplified to 1e-12.
TEST(TangentPredictor, ReproducesTheTrainingSamples) {
  for (const KernelRates& rates : {kWeak, kJoint}) {
    Ready ready(on_sphere(20, 10, 2), rates);
    EXPECT_LT((ready.predictor.predict(ready.pool, ready.X) - ready.X).cwiseAbs().maxCoeff(),
              1e-12);
    EXPECT_LT(ready.predictor.start_variance(ready.pool, ready.X).maxCoeff(), 1e-12);
  }
}

TEST(TangentPredictor, IsPositivelyHomogeneousAndStaysInTheSpan) {
  Ready ready(on_sphere(4, 10, 2), kJoint);
  const Matrix Q = on_sphere(5, 10, 77);
  const Matrix F = ready.predictor.predict(ready.pool, Q);
  EXPECT_LT((ready.predictor.predict(ready.pool, 3.0 * Q) - 3.0 * F).norm(), 1e-14);  // rounding
  // F = P F with the projection by normal equations: rounding.
  const Matrix P = ready.X.transpose() * (ready.X * ready.X.transpose()).ldlt().solve(ready.X);
  EXPECT_LT((F - F * P).norm(), 1e-14);
  const Vector lost = ready.predictor.off_span(Q);
  for (Index i = 0; i < 5; ++i) {
    EXPECT_NEAR(lost[i], (Q.row(i) - Q.row(i) * P).norm(), 1e-14);
  }
  EXPECT_LT(ready.predictor.off_span(2.0 * ready.X).maxCoeff(), 1e-14);
}

// Mean ‖x − f(x)‖² on unseen points of the sphere: published means over five sets of samples with
// the standard errors of those five, against our mean over twenty sets; five joint standard errors.
struct Published {
  Index d, n;
  KernelRates rates;
  double mean, standard_error;
};

TEST(TangentPredictor, GeneralisesWithTheNumberOfSamples) {
  const std::array<Published, 10> table{{{10, 1, kWeak, 0.9269, 0.0013},
                                         {10, 5, kJoint, 0.7105, 0.0061},
                                         {10, 10, kWeak, 0.4624, 0.0134},
                                         {10, 20, kWeak, 0.2008, 0.0089},
                                         {10, 20, kJoint, 0.1473, 0.0078},
                                         {10, 40, kJoint, 0.03066, 0.0014},
                                         {10, 80, kWeak, 0.00880, 0.00048},
                                         {30, 30, kJoint, 0.3911, 0.0043},
                                         {30, 60, kWeak, 0.2103, 0.0032},
                                         {30, 120, kJoint, 0.0353, 0.0006}}};
  for (const Published& row : table) {
    numerics::RunningStatistics errors;
    for (std::uint64_t set = 0; set < 20; ++set) {
      Ready ready(on_sphere(row.n, row.d, set), row.rates);
      const Matrix Q = on_sphere(300, row.d, 1000 + set);
      errors.add((Q - ready.predictor.predict(ready.pool, Q)).squaredNorm() / 300);
    }
    const double error = std::hypot(row.standard_error, errors.standard_error());
    EXPECT_NEAR(errors.mean(), row.mean, 5 * error) << row.d << " " << row.n;
  }
}

// Each sample really left out, the rest decomposed by Eigen; condition 1e3, rounding 1e-12.
TEST(LeaveOneOut, IsWhatLeavingOutGives) {
  for (const double penalty : {0.0, 0.003}) {
    Ready ready(on_sphere(20, 10, 2), kJoint);
    const Matrix theta = combine(ready.predictor.kernels(), kJoint) / 10.0;
    const Matrix residuals = ready.predictor.leave_one_out(penalty);
    for (Index i = 0; i < 20; ++i) {
      std::vector<Index> others;
      for (Index j = 0; j < 20; ++j) {
        if (j != i) others.push_back(j);
      }
      const Matrix rest = Matrix(theta(others, others)) + penalty * Matrix::Identity(19, 19);
      const Matrix weights = rest.ldlt().solve(Matrix(theta(others, i)));
      const Matrix f = weights.transpose() * ready.X(others, Eigen::all);
      EXPECT_LT((residuals.row(i) - (ready.X.row(i) - f)).norm(), 1e-12) << i << " " << penalty;
    }
  }
}

// A copy, or a scaled copy, is known from its twin; the others are not.
TEST(LeaveOneOut, KnowsCopiesFromTheirTwins) {
  Matrix X(8, 10);
  X << on_sphere(6, 10, 2), on_sphere(6, 10, 2).row(0), 3.0 * on_sphere(6, 10, 2).row(1);
  Ready ready(X, kJoint);
  const Vector lengths = ready.predictor.leave_one_out().rowwise().norm();
  for (const Index i : {0, 1, 6, 7}) EXPECT_LT(lengths[i], 1e-12) << i;
  for (const Index i : {2, 3, 4, 5}) EXPECT_GT(lengths[i], 0.1) << i;
}

TEST(SpectralFilter, ContainsItsLimits) {
  const SpectralFilter all = SpectralFilter::interpolation();
  EXPECT_DOUBLE_EQ(all.value(0.25), 4.0);
  // (1 − 0.875^1e4)/λ; the power underflows to 0.
  EXPECT_DOUBLE_EQ(SpectralFilter::gradient_descent(0.5, 1e5).value(0.25), 4.0);
  EXPECT_DOUBLE_EQ(SpectralFilter::gradient_descent(0.5, 1).value(0.25), 0.5);
  EXPECT_EQ(SpectralFilter::gradient_descent(0.5, 0).value(0.25), 0.0);
  EXPECT_DOUBLE_EQ(SpectralFilter::ridge(0.25).value(0.25), 2.0);
  EXPECT_THROW((void)SpectralFilter::gradient_descent(0.0, 1), InvalidArgument);
  EXPECT_THROW((void)SpectralFilter::ridge(-1.0), InvalidArgument);
}

// Gradient descent on the function values themselves: f_Q += η/d k(Q) E, E −= ηΘE.
TEST(SpectralFilter, IsGradientDescentInFunctionSpace) {
  Ready ready(on_sphere(20, 10, 2), kJoint);
  const Matrix Q = on_sphere(7, 10, 50);
  const Matrix theta = combine(ready.predictor.kernels(), kJoint) / 10.0;
  const Matrix cross = combine(tangent_kernels(ready.pool, Q, ready.X), kJoint) / 10.0;
  const double step = 1.8 / ready.predictor.spectrum().largest();
  Matrix E = ready.X, F = Matrix::Zero(7, 10);
  for (int t = 0; t < 60; ++t) {
    F += step * cross * E;
    E -= step * theta * Matrix(E);
  }
  const Matrix f =
      ready.predictor.predict(ready.pool, Q, SpectralFilter::gradient_descent(step, 60));
  EXPECT_LT((f - F).cwiseAbs().maxCoeff(), 1e-12);  // 60 roundings, amplified by the condition
}

TEST(TangentPredictor, RefusesBadInput) {
  Ready ready(on_sphere(5, 4, 2), kJoint);
  EXPECT_THROW((void)ready.predictor.predict(ready.pool, Matrix::Ones(2, 3)), InvalidArgument);
  EXPECT_THROW((void)ready.predictor.off_span(Matrix::Ones(2, 3)), InvalidArgument);
  EXPECT_THROW((void)ready.predictor.leave_one_out(-1.0), InvalidArgument);
  EXPECT_THROW(Ready(Matrix(0, 3), kJoint), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
