#include "twofold/linalg/lanczos_quadrature.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "linalg/symmetric_problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold {
namespace {

using test::geometric;
using test::product;
using test::with_spectrum;

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
  const Vector energies = (test::rotation(300).transpose() * B).rowwise().squaredNorm();
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

// Two matrices in one operator, as groups of columns: each group as if alone.
TEST(ColumnLanczos, KeepsColumnsApart) {
  const Matrix A = with_spectrum(geometric(40, 0.1)), twice = 2.0 * A;
  const Matrix B = normal(40, 2);
  Matrix both(40, 4);
  both << B, B;
  ColumnLanczos columns(both);
  const SymmetricOperator pair = [&](const ConstView<double>& in, View<double> out) {
    out.leftCols(2) = A * in.leftCols(2);
    out.rightCols(2) = twice * in.rightCols(2);
  };
  for (int step = 0; step < 5; ++step) EXPECT_TRUE(columns.advance(pair));
  EXPECT_EQ(columns.steps(), 5);
  const SpectralQuadrature alone = lanczos_quadrature(product(A), B, 5);
  const SpectralQuadrature first = columns.quadrature(0, 2), second = columns.quadrature(2, 2);
  // Products of two columns and of four may be summed in another order; grown over five steps.
  EXPECT_LT((first.nodes - alone.nodes).norm(), 1e-10);
  EXPECT_LT((second.nodes - 2.0 * alone.nodes).norm(), 1e-10);
  EXPECT_LT((second.weights - first.weights).norm(), 1e-9 * B.squaredNorm());
}

// An eigenvalue lies within the stated error; the ends are approached from inside.
TEST(ColumnLanczos, BoundsTheEndsAndSaysHowWell) {
  Vector values = geometric(80, 1e-2);
  values[0] = 3.0;
  const Matrix A = with_spectrum(values);
  ColumnLanczos columns(normal(80, 3));
  EXPECT_EQ(columns.ends(0, 3).largest, 0.0);
  double error = 1e300;
  for (int step = 1; step <= 20; ++step) {
    ASSERT_TRUE(columns.advance(product(A)));
    const SpectrumEnds ends = columns.ends(0, 3);
    // Rounding.
    EXPECT_LE(ends.largest, 3.0 + 1e-12);
    EXPECT_GE(ends.smallest, 1e-2 - 1e-12);
    EXPECT_LE((values.array() - ends.largest).abs().minCoeff(), ends.largest_error + 1e-12);
    error = ends.largest_error;
  }
  // The gap of 2 to the rest: converged long ago.
  EXPECT_LT(error, 1e-8);
}

TEST(ColumnLanczos, SaysWhereAProductWasNotFinite) {
  ColumnLanczos columns(normal(4, 2));
  (void)columns.advance([](const ConstView<double>& in, View<double> out) {
    out = in;
    out(2, 1) = std::nan("");
  });
  EXPECT_TRUE(std::isnan(columns.ends(0, 2).largest));
  EXPECT_EQ(columns.ends(0, 1).largest, 1.0);
}

TEST(LanczosQuadrature, RefusesNothingToStartFrom) {
  const Matrix A = Matrix::Identity(3, 3);
  EXPECT_THROW((void)lanczos_quadrature(product(A), Matrix(3, 0), 1), InvalidArgument);
  EXPECT_THROW((void)lanczos_quadrature(product(A), Matrix::Ones(3, 1), 0), InvalidArgument);
}

}  // namespace
}  // namespace twofold
