#include "twofold/theory/tangent_kernel_stopping.hpp"

#include <gtest/gtest.h>

#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/theory/tangent_kernel_predictor.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

namespace twofold::theory {
namespace {

Matrix joint_kernel(const Matrix& X) {
  ThreadPool pool(1);
  return combine(tangent_kernels(pool, X), kJoint);
}

// Samples near a line with noise: fitting the noise does not help the others.
Matrix noisy_line(Index n, Index d) {
  Matrix X = 0.3 * normals(n, d, 4, "noise");
  X.col(0) += 3.0 * normals(n, 1, 5, "line");
  return X;
}

// At every time of the grid, each sample left out and the rest trained step by step in function
// space. Up to 1e3 steps round by 1e-12.
TEST(StoppingTime, IsWhatLeavingOutAndTrainingGives) {
  const Index n = 12, d = 6;
  const Matrix X = noisy_line(n, d), kernel = joint_kernel(X);
  const double step = 1.0 / (eigenvalues(kernel)[n - 1] / static_cast<double>(d));
  ThreadPool pool(2);
  const StoppingTime stop = stopping_time(pool, X, kernel, step);
  const Matrix theta = kernel / static_cast<double>(d);
  Vector errors = Vector::Zero(stop.times.size());
  for (Index i = 0; i < n; ++i) {
    std::vector<Index> others;
    for (Index j = 0; j < n; ++j) {
      if (j != i) others.push_back(j);
    }
    const Matrix rest = theta(others, others), cross = theta(std::vector<Index>{i}, others);
    Matrix E = X(others, Eigen::all), f = Matrix::Zero(1, d);
    Index k = 0;
    for (double t = 0; k < stop.times.size() && stop.times[k] <= 1000; ++t) {
      if (t == stop.times[k]) errors[k++] += (X.row(i) - f).squaredNorm() / static_cast<double>(n);
      f += step * cross * E;
      E -= step * rest * Matrix(E);
    }
  }
  for (Index k = 0; k < stop.times.size() && stop.times[k] <= 1000; ++k) {
    EXPECT_NEAR(stop.errors[k] / errors[k], 1.0, 1e-10) << stop.times[k];
  }
  EXPECT_LE(stop.error, stop.errors.minCoeff());
  EXPECT_LE(stop.error, stop.interpolation);
}

TEST(StoppingTime, TakesAKnownEigenvalue) {
  const Matrix X = noisy_line(12, 6), kernel = joint_kernel(X);
  ThreadPool pool(1);
  const double smallest = tangent_spectrum(kernel, 6).smallest();
  const StoppingTime stop = stopping_time(pool, X, kernel, 0.1, {.smallest = smallest});
  EXPECT_EQ(stop.errors, stopping_time(pool, X, kernel, 0.1).errors);
  // A larger one ends the grid earlier.
  EXPECT_LT(stopping_time(pool, X, kernel, 0.1, {.smallest = 100 * smallest}).times.size(),
            stop.times.size());
  EXPECT_THROW((void)stopping_time(pool, X, kernel, 0.1, {.smallest = -1.0}), InvalidArgument);
}

// t = ∞ is the closed form of leaving one out; condition below 1e4, rounding.
TEST(StoppingTime, EndsAtInterpolation) {
  const Matrix X = on_sphere(15, 6, 2);
  ThreadPool pool(1);
  const StoppingTime stop = stopping_time(pool, X, joint_kernel(X), 0.5);
  const TangentPredictor predictor(pool, X, kJoint);
  EXPECT_NEAR(stop.interpolation / (predictor.leave_one_out().squaredNorm() / 15), 1.0, 1e-10);
  // Nothing learned at t = 0: the mean square of unit samples; rounding.
  EXPECT_NEAR(stop.errors[0], 1.0, 1e-14);
  // The grid ends where e^{-20} of the slowest mode is left, or one of its steps, 10^{1/4}, before
  // that: e^{-11}, times predictions of order 1.
  EXPECT_NEAR(stop.errors[stop.errors.size() - 1], stop.interpolation, 2e-5);
}

// Sample i is in fold i mod 2: its copy beside it is in the other fold, and gives it away.
TEST(StoppingTime, DealsSamplesToFoldsInTurn) {
  Matrix X(12, 8);
  for (Index i = 0; i < 6; ++i) {
    X.row(2 * i) = X.row(2 * i + 1) = on_sphere(6, 8, 2).row(i);
  }
  ThreadPool pool(1);
  const Matrix kernel = joint_kernel(X);
  // Rounding, amplified by a condition below 1e3 and squared.
  EXPECT_LT(stopping_time(pool, X, kernel, 0.5, {2, 4}).interpolation, 1e-20);
}

TEST(StoppingTime, IsTheSameBitsForAnyPoolAndTakesFolds) {
  const Matrix X = on_sphere(20, 6, 2), kernel = joint_kernel(X);
  ThreadPool one(1), three(3);
  EXPECT_EQ(stopping_time(one, X, kernel, 0.5).errors, stopping_time(three, X, kernel, 0.5).errors);
  // Folds of one sample are leaving one out; with two folds less is known of each sample.
  EXPECT_EQ(stopping_time(one, X, kernel, 0.5, {20, 4}).error,
            stopping_time(one, X, kernel, 0.5).error);
  EXPECT_GT(stopping_time(one, X, kernel, 0.5, {2, 4}).error,
            stopping_time(one, X, kernel, 0.5).error);
}

TEST(StoppingTime, RefusesBadInput) {
  const Matrix X = on_sphere(5, 4, 1), kernel = joint_kernel(X);
  ThreadPool pool(1);
  EXPECT_THROW((void)stopping_time(pool, X, kernel, 0.0), InvalidArgument);
  EXPECT_THROW((void)stopping_time(pool, X, X, 0.1), InvalidArgument);
  EXPECT_THROW((void)stopping_time(pool, X, kernel, 0.1, {6, 4}), InvalidArgument);
  EXPECT_THROW((void)stopping_time(pool, X, kernel, 0.1, {0, 0}), InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
