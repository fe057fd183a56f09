#include "twofold/theory/mean_field_matrix.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/theory/mean_field_recursion.hpp"

namespace twofold::theory {
namespace {

Matrix normal_matrix(Index rows, Index cols, std::uint64_t seed) {
  Matrix M(rows, cols);
  RandomStream(seed, "matrix test").fill_normal(0, {M.data(), static_cast<std::size_t>(M.size())});
  return M;
}

/// Skewed samples: centred exponentials.
Matrix skewed_matrix(Index rows, Index cols, std::uint64_t seed) {
  Matrix M(rows, cols);
  RandomStream(seed, "matrix test").fill_uniform(0, {M.data(), static_cast<std::size_t>(M.size())});
  return -M.array().log() - 1.0;
}

Matrix mirrored(const Matrix& half) {
  Matrix all(2 * half.rows(), half.cols());
  all << half, -half;
  return all;
}

double gelu(double u) {
  return 0.5 * u * (1 + std::erf(u / std::numbers::sqrt2));
}
double gelu_slope(double u) {
  return 0.5 * (1 + std::erf(u / std::numbers::sqrt2)) +
         u * std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi);
}

/// Loss and one gradient step of the GELU autoencoder, neuron by neuron.
double gelu_step(Matrix& W, const Matrix& X, double eta, double lambda) {
  const double n = static_cast<double>(W.rows()), b = static_cast<double>(X.rows());
  Matrix step = lambda * W;
  double loss = 0;
  for (Index s = 0; s < X.rows(); ++s) {
    const Vector x = X.row(s).transpose();
    const Vector u = W * x;
    const Vector e = x - W.transpose() * u.unaryExpr(&gelu) / n;
    loss += 0.5 * e.squaredNorm() / b;
    for (Index i = 0; i < W.rows(); ++i) {
      step.row(i) -= (e * gelu(u[i]) + W.row(i).dot(e) * gelu_slope(u[i]) * x).transpose() / b;
    }
  }
  W -= eta * step;
  return loss;
}

// Paired neurons and mirrored batches cancel the even part for any N and any data.
void expect_exact(Index half_neurons, bool whole_batch) {
  constexpr Index d = 9;
  constexpr double eta = 0.05, lambda = 0.1;
  Matrix half = normal_matrix(half_neurons, d, 3);
  for (Index j = 0; j < d; ++j) half.col(j) *= 0.1 + 0.05 * static_cast<double>(j);
  Matrix W = mirrored(half);
  const Matrix samples = skewed_matrix(30, d, 4);
  MatrixRecursion theory(W, 0.5, lambda);
  const RandomStream choice(5, "batches");
  for (std::uint64_t k = 0; k < 300; ++k) {
    Matrix part = samples;
    if (!whole_batch) {
      part.resize(4, d);
      for (Index b = 0; b < 4; ++b) {
        const auto draw = choice.below(30, 4 * k + static_cast<std::uint64_t>(b));
        part.row(b) = samples.row(static_cast<Index>(draw));
      }
    }
    const Matrix X = mirrored(part);
    const Matrix S = X.transpose() * X / static_cast<double>(X.rows());
    const double predicted = theory.loss(S);
    const double loss = gelu_step(W, X, eta, lambda);
    // Rounding of one step, 1e-15, grows like the slowest-saturating direction; 300 steps.
    ASSERT_NEAR(loss, predicted, 1e-10 * predicted) << "step " << k;
    theory.step_on_batch(X, eta);
    const Matrix C = W.transpose() * W / static_cast<double>(W.rows());
    ASSERT_LT((C - theory.second_moment()).cwiseAbs().maxCoeff(), 1e-10) << "step " << k;
  }
}

TEST(MatrixRecursion, IsExactForFewPairedNeuronsOnMiniBatches) {
  expect_exact(7, false);
}
TEST(MatrixRecursion, IsExactForFewPairedNeuronsOnTheFullBatch) {
  expect_exact(7, true);
}
TEST(MatrixRecursion, IsExactForManyPairedNeurons) {
  expect_exact(12, false);
}

TEST(MatrixRecursion, ReducesToTheScalarRecursionWhenEverythingCommutes) {
  const Vector s{{1.0, 0.5, 0.1}};
  MatrixRecursion matrix(0.2 * std::sqrt(3.0) * Matrix::Identity(3, 3), 0.5, 0.02, 0.6);
  Recursion scalar({s, model::Relu{}, 0.02, 0.2, 0.6, 0.0});
  for (int k = 0; k < 100; ++k) matrix.step(s.asDiagonal(), 0.05);
  scalar.advance(100, 0.05);
  // The same sums in another order, a hundred steps.
  EXPECT_LT((matrix.second_moment().diagonal() - scalar.scale()).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_NEAR(matrix.loss(s.asDiagonal()), scalar.loss(), 1e-13);
}

// N = 4 paired neurons reach two directions; the others must stay empty for ever.
TEST(MatrixRecursion, NeverLearnsOutsideTheSpanOfTheNeurons) {
  const Matrix W = mirrored(0.3 * normal_matrix(2, 6, 8));
  MatrixRecursion recursion(W, 0.5, 0.0);
  const Matrix S = Matrix::Identity(6, 6);
  for (int k = 0; k < 3000; ++k) recursion.step(S, 0.1);
  // Two gains of 1: trace 2 to rounding; growth by e^{2·300} of a rounding seed would show.
  EXPECT_NEAR(recursion.gain().trace(), 2.0, 1e-10);
  EXPECT_NEAR(recursion.loss(S), 2.0, 1e-10);
}

TEST(MatrixRecursion, LeadingComponentsEvolveAloneWhenTheRestStaysEmpty) {
  const Vector s{{1.0, 0.5, 0.01, 0.01}};
  Matrix W = Matrix::Zero(5, 4);
  W.leftCols(2) = 0.3 * normal_matrix(5, 2, 9);
  MatrixRecursion whole(W, 0.5, 0.1);
  MatrixRecursion part(in_leading_components(W, Matrix::Identity(4, 4), 2), 0.5, 0.1);
  for (int k = 0; k < 50; ++k) {
    whole.step(s.asDiagonal(), 0.1);
    part.step(s.head(2).asDiagonal(), 0.1);
  }
  const double tail = 0.5 * s.tail(2).sum();
  // Same arithmetic on the same entries up to the order of sums.
  EXPECT_NEAR(whole.loss(s.asDiagonal()), part.loss(s.head(2).asDiagonal()) + tail, 1e-14);
}

TEST(MatrixRecursion, RejectsBadInput) {
  EXPECT_THROW(MatrixRecursion(Matrix(), 0.5, 0.1), InvalidArgument);
  EXPECT_THROW(MatrixRecursion(Matrix::Constant(2, 2, NAN), 0.5, 0.1), InvalidArgument);
  EXPECT_THROW(MatrixRecursion(Matrix::Ones(2, 2), 0.0, 0.1), InvalidArgument);
  MatrixRecursion good(Matrix::Ones(2, 2), 0.5, 0.1);
  EXPECT_THROW(good.step(Matrix::Identity(3, 3), 0.1), InvalidArgument);
  EXPECT_THROW(good.step(Matrix::Identity(2, 2), -0.1), InvalidArgument);
  EXPECT_THROW((void)in_leading_components(Matrix::Ones(2, 2), Matrix::Identity(2, 2), 3),
               InvalidArgument);
}

}  // namespace
}  // namespace twofold::theory
