#include "twofold/linalg/lanczos_quadrature.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/haar.hpp"

namespace twofold {
namespace {

Matrix with_spectrum(const Vector& values) {
  const Matrix q = haar_orthogonal(values.size(), RandomStream(5, "test"), 0);
  return q * values.asDiagonal() * q.transpose();
}

SymmetricOperator product(const Matrix& A) {
  return [&A](const ConstView<double>& in, View<double> out) { out = A * in; };
}

Vector geometric(Index n, double lowest) {
  Vector values(n);
  for (Index k = 0; k < n; ++k) {
    values[k] = std::pow(lowest, static_cast<double>(k) / static_cast<double>(n - 1));
  }
  return values;
}

Matrix normal(Index rows, Index cols) {
  Matrix B(rows, cols);
  RandomStream(6, "test").fill_normal(0, std::span(B.data(), static_cast<std::size_t>(B.size())));
  return B;
}

double sum(const SpectralQuadrature& q, double power) {
  return q.weights.dot(q.nodes.array().abs().pow(power).matrix());
}

TEST(LanczosQuadrature, IsExactForPolynomialsUpToDegreeTwiceTheStepsMinusOne) {
  const Matrix A = with_spectrum(geometric(60, 0.1));
  const Matrix B = normal(60, 3);
  const SpectralQuadrature q = lanczos_quadrature(product(A), B, 4);
  ASSERT_EQ(q.nodes.size(), 12);
  Matrix image = B;
  for (int degree = 0; degree <= 8; ++degree) {
    const double exact = B.cwiseProduct(image).sum();
    if (degree < 8) {
      // Rounding of eight products and of the small eigenproblem.
      EXPECT_NEAR(sum(q, degree), exact, 1e-12 * exact) << degree;
    } else {
      // Four nodes a column cannot do degree 8: the error is that of a Gauss rule, far from 0.
      EXPECT_GT(std::abs(sum(q, degree) - exact), 1e-9 * exact);
    }
    image = A * image;
  }
}

// f = (1 − x)^{2t} is what a loss curve needs; t is ten times the number of steps. A Gauss rule
// errs by at most twice the best polynomial of degree 79 does; with 1 − x = z² that is one of
// degree 158 for z^{4t}, 2 exp(−158²/8t) off (Sachdeva and Vishnoi, 2014, theorem 3.3).
TEST(LanczosQuadrature, FollowsADecayManyTimesLongerThanItsSteps) {
  const Vector values = geometric(300, 1e-4);
  const Matrix A = with_spectrum(values);
  const Matrix B = normal(300, 2);
  const double t = 400.0;
  const SpectralQuadrature q = lanczos_quadrature(product(A), B, 40);
  const Matrix q_basis = haar_orthogonal(300, RandomStream(5, "test"), 0);
  const Vector energies = (q_basis.transpose() * B).rowwise().squaredNorm();
  const double exact = energies.dot((1.0 - values.array()).pow(2.0 * t).matrix());
  const double found = q.weights.dot((1.0 - q.nodes.array()).pow(2.0 * t).matrix());
  EXPECT_NEAR(found, exact, 4.0 * std::exp(-158.0 * 158.0 / (8.0 * t)) * B.squaredNorm());
  // The bound is worth something: much is left of the sum itself.
  EXPECT_GT(exact, 0.1 * B.squaredNorm());
}

// Without reorthogonalisation nodes repeat, but the weights still add up and no node leaves the
// spectrum; 1e-10: rounding grown over 200 steps.
TEST(LanczosQuadrature, StaysARuleAfterNodesHaveConverged) {
  Vector values = geometric(100, 1e-3);
  values[0] = 50.0;
  const Matrix A = with_spectrum(values);
  const Matrix B = normal(100, 1);
  const SpectralQuadrature q = lanczos_quadrature(product(A), B, 200);
  EXPECT_NEAR(q.weights.sum(), B.squaredNorm(), 1e-10 * B.squaredNorm());
  EXPECT_NEAR(sum(q, 1.0), (B.transpose() * A * B).trace(), 1e-10 * B.squaredNorm() * 50.0);
  EXPECT_LE(q.nodes[0], 50.0 + 1e-10);
  EXPECT_GE(q.nodes[q.nodes.size() - 1], 1e-3 - 1e-10);
}

TEST(LanczosQuadrature, EndsAtInvariantSpacesAndSkipsZeroColumns) {
  Matrix B = Matrix::Zero(5, 2);
  B(2, 1) = 3.0;
  const Matrix A = Vector::LinSpaced(5, 1.0, 5.0).asDiagonal();
  const SpectralQuadrature q = lanczos_quadrature(product(A), B, 10);
  ASSERT_EQ(q.nodes.size(), 1);
  EXPECT_EQ(q.nodes[0], 3.0);
  // One rounding of the normalisation.
  EXPECT_NEAR(q.weights[0], 9.0, 1e-14);
}

TEST(LanczosQuadrature, RefusesNothingToStartFrom) {
  const Matrix A = Matrix::Identity(3, 3);
  EXPECT_THROW((void)lanczos_quadrature(product(A), Matrix(3, 0), 1), InvalidArgument);
  EXPECT_THROW((void)lanczos_quadrature(product(A), Matrix::Ones(3, 1), 0), InvalidArgument);
}

}  // namespace
}  // namespace twofold
