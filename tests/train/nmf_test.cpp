#include "twofold/train/nmf.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/svd.hpp"

namespace twofold::train {
namespace {

Matrix uniform(Index rows, Index cols, std::string_view name) {
  Matrix m(rows, cols);
  RandomStream(2, name).fill_uniform(0, std::span(m.data(), static_cast<std::size_t>(m.size())));
  return m;
}

NmfResult run(const Matrix& X, const Matrix& start, std::int64_t iterations, int threads = 2) {
  ThreadPool pool(threads);
  return multiplicative_nmf(X, start, iterations, pool);
}

TEST(MultiplicativeNmf, TheLossNeverRises) {
  const Matrix X = uniform(200, 20, "samples");
  const NmfResult result = run(X, uniform(7, 20, "start"), 50);
  ASSERT_EQ(result.loss.size(), 51u);
  for (std::size_t t = 1; t < result.loss.size(); ++t) {
    // Rounding of sums of 200 · 20 squares.
    EXPECT_LE(result.loss[t], result.loss[t - 1] * (1.0 + 1e-13)) << t;
  }
  EXPECT_LT(result.loss.back(), result.loss.front());
  EXPECT_GE(result.atoms.minCoeff(), 0.0);
  EXPECT_GE(result.codes.minCoeff(), 0.0);
  EXPECT_LT((result.atoms.rowwise().norm().array() - 1.0).abs().maxCoeff(), 1e-14);
  EXPECT_EQ(result.negative, 0.0);
  // The last loss is that of the factors returned.
  EXPECT_NEAR(result.loss.back(), (X - result.codes * result.atoms).squaredNorm() / 400.0, 1e-13);
}

// With one atom each update is the exact least-squares solution: power iteration on XᵀX, whose
// first singular vectors are positive. Mean 1/2 of the entries makes the second value far smaller.
TEST(MultiplicativeNmf, OneAtomBecomesTheFirstSingularVector) {
  const Matrix X = uniform(40, 6, "samples");
  const NmfResult result = run(X, uniform(1, 6, "start"), 60);
  const Svd exact = svd(X);
  ASSERT_LT(exact.values[1] / exact.values[0], 0.6);
  EXPECT_NEAR(result.atoms.row(0).dot(exact.v.col(0)), 1.0, 1e-13);
  EXPECT_NEAR(result.loss.back(), (X.squaredNorm() - exact.values[0] * exact.values[0]) / 80.0,
              1e-13);
}

// Atoms on disjoint coordinates, and sparse codes, each atom alone now and then.
struct Parts {
  Matrix atoms = Matrix::Zero(3, 9), X;
  Parts() {
    for (Index j = 0; j < 3; ++j) atoms.block(j, 3 * j, 1, 3) = uniform(1, 3, "atom");
    atoms.rowwise().normalize();
    const Matrix codes = uniform(200, 3, "codes");
    X = (codes.array() > 0.5).select(codes, 0.0) * atoms;
  }
};

// Orthonormal atoms: C = X Wᵀ is exact, and nothing moves, save that the zeros of the start are
// raised to 1e-3 of the mean size of its entries, which is below 1/3.
TEST(MultiplicativeNmf, TheTruthIsAFixedPoint) {
  const Parts parts;
  const NmfResult result = run(parts.X, parts.atoms, 100);
  EXPECT_LT((result.atoms - parts.atoms).cwiseAbs().maxCoeff(), 1e-3);
  EXPECT_LT(result.loss.back(), 1e-6 * parts.X.squaredNorm() / 400.0);
}

TEST(MultiplicativeNmf, FindsThePartsOfSparseCodes) {
  const Parts parts;
  const NmfResult result = run(parts.X, parts.atoms + 0.3 * uniform(3, 9, "start"), 1000);
  const Vector cosines = (result.atoms * parts.atoms.transpose()).diagonal();
  // The factors are unique, as each atom has samples of its own, and the loss of the truth is 0;
  // convergence is linear, but slow.
  EXPECT_GT(cosines.minCoeff(), 0.999);
}

TEST(MultiplicativeNmf, NegativeEntriesAreCountedAndLeftOut) {
  Matrix X = uniform(30, 5, "samples");
  const NmfResult clean = run(X.cwiseMax(0.0), uniform(2, 5, "start"), 5);
  Matrix zeroed = X;
  zeroed(3, 2) = 0.0;
  X(3, 2) = -0.5;
  const NmfResult result = run(X, uniform(2, 5, "start"), 5);
  EXPECT_NEAR(result.negative, 0.25 / X.squaredNorm(), 1e-15);
  EXPECT_EQ(result.atoms, run(zeroed, uniform(2, 5, "start"), 5).atoms);
  EXPECT_NE(result.atoms, clean.atoms);
}

TEST(MultiplicativeNmf, AllZeroSamplesAndSignedStartsGiveFiniteFactors) {
  Matrix X = uniform(20, 4, "samples");
  X.topRows(5).setZero();
  const Matrix start = uniform(3, 4, "start").array() - 0.5;
  const NmfResult result = run(X, start, 500);
  EXPECT_TRUE(result.atoms.allFinite());
  EXPECT_TRUE(result.codes.allFinite());
  EXPECT_GE(result.atoms.minCoeff(), 0.0);
  EXPECT_TRUE(run(Matrix::Zero(4, 4), start, 5).codes.isZero(0.0));
}

TEST(MultiplicativeNmf, BitsDoNotDependOnThePool) {
  const Matrix X = uniform(700, 33, "samples"), start = uniform(17, 33, "start");
  const NmfResult one = run(X, start, 4, 1);
  for (const int threads : {2, 3}) {
    const NmfResult more = run(X, start, 4, threads);
    EXPECT_EQ(one.atoms, more.atoms);
    EXPECT_EQ(one.codes, more.codes);
    EXPECT_EQ(one.loss, more.loss);
  }
}

TEST(MultiplicativeNmf, BadInputIsRefused) {
  const Matrix X = uniform(10, 4, "samples"), start = uniform(3, 4, "start");
  EXPECT_THROW((void)run(X, uniform(3, 5, "start"), 1), InvalidArgument);
  EXPECT_THROW((void)run(X, Matrix::Zero(3, 4), 1), InvalidArgument);
  EXPECT_THROW((void)run(Matrix(0, 4), start, 1), InvalidArgument);
  EXPECT_THROW((void)run(X, start, -1), InvalidArgument);
  Matrix bad = X;
  bad(1, 1) = std::numeric_limits<double>::infinity();
  EXPECT_THROW((void)run(bad, start, 1), InvalidArgument);
}

}  // namespace
}  // namespace twofold::train
