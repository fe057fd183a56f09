#include "twofold/theory/tangent_kernel_gram.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "../support/temporary_folder.hpp"
#include "tangent_samples.hpp"
#include "twofold/core/error.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::theory {
namespace {

// Norms from 0.5 to 2, a copy, a scaled copy, an opposite, a row of zeros and a near copy; sizes
// around the tile of 512 are what the tiles can get wrong.
Matrix awkward(Index n, Index d) {
  Matrix X = on_sphere(n, d, 3);
  for (Index i = 0; i < n; ++i) X.row(i) *= 0.5 + 1.5 * static_cast<double>(i % 7) / 6;
  X.row(n - 1) = X.row(0);
  X.row(n - 2) = 2.0 * X.row(1);
  X.row(n - 3) = -X.row(2);
  X.row(n - 4).setZero();
  X.row(n - 5) = X.row(3) + 1e-5 * X.row(4);
  return X;
}

template <typename Scalar>
MatrixOf<Scalar> gram_of(ThreadPool& pool, const MatrixOf<Scalar>& X, const KernelRates& rates,
                         FloatProducts products = FloatProducts::Float) {
  MatrixOf<Scalar> gram(X.rows(), X.rows());
  tangent_gram<Scalar>(pool, X, rates, gram, products);
  return gram;
}

double largest_error(const Matrix& gram, const Matrix& X, const KernelRates& rates) {
  ThreadPool pool(1);
  const Vector norms = X.rowwise().norm().cwiseMax(1e-3);
  const Matrix exact = combine(tangent_kernels(pool, X), rates);
  return (gram - exact).cwiseQuotient(norms * norms.transpose()).cwiseAbs().maxCoeff();
}

// The reference computes every pair on its own. Double: rounding of a cosine, 1e-15, through acos
// at 0.99, ten times that. Float: the same with 6e-8, and 2e-8 of the polynomial.
TEST(TangentGram, IsTheKernelInTiles) {
  ThreadPool pool(2);
  for (const Index n : {7, 511, 512, 700}) {
    const Matrix X = awkward(n, 9);
    for (const KernelRates& rates : {kWeak, kJoint, KernelRates{0.3, 2.0}}) {
      EXPECT_LT(largest_error(gram_of<double>(pool, X, rates), X, rates), 2e-14) << n;
      const MatrixF single = X.cast<float>();
      const Matrix gram = gram_of<float>(pool, single, rates).cast<double>();
      EXPECT_LT(largest_error(gram, single.cast<double>(), rates), 2e-6) << n;
      EXPECT_EQ(gram, gram.transpose());
    }
  }
}

// Sizes around the squares of 32 and the strips and tiles made of them. The derivatives of
// c (π − θ)/2π and of the kernel of (1, 1) by c = cos θ are below 1.7 and 2.2 where |c| <= 0.99; to
// the error of c comes what the kernel in float is allowed above.
TEST(TangentGram, IsTheKernelInSplitProducts) {
  ThreadPool pool(2);
  for (const auto& [n, d] : {std::pair<Index, Index>{7, 1},
                             {31, 3},
                             {32, 31},
                             {33, 32},
                             {127, 33},
                             {129, 7},
                             {256, 100},
                             {511, 9},
                             {512, 9},
                             {513, 9},
                             {700, 784}}) {
    const MatrixF X = awkward(n, d).cast<float>();
    for (const auto& [rates, slope] : {std::pair{kWeak, 1.7}, {kJoint, 2.2}}) {
      const MatrixF gram = gram_of<float>(pool, X, rates, FloatProducts::SplitBf16);
      const double error = largest_error(gram.cast<double>(), X.cast<double>(), rates);
      EXPECT_LT(error, slope * split_error(d) + 2e-6) << n << " " << d;
      EXPECT_EQ(gram, gram.transpose());
      EXPECT_EQ(gram.row(n - 4).cwiseAbs().maxCoeff(), 0.0F) << "the row of zeros";
    }
  }
}

// Far below its bound, because errors of d terms are independent: the rounding of x₂, uniform in
// ±2^-17 of the power of two below x, that of y₂, and x₂y₂, of two numbers uniform in ±2^-8 of it,
// have mean squares below (2^-17.5 xy)² each. The derivative of the kernel is 1/4 at c = 0, and
// below 0.38 at the largest |c| of 0.2.
TEST(TangentGram, IsMoreAccurateInSplitProductsThanItsBound) {
  ThreadPool pool(2);
  const Index n = 300, d = 784;
  const MatrixF X = on_sphere(n, d, 3).cast<float>();
  Matrix error = gram_of<float>(pool, X, kWeak, FloatProducts::SplitBf16).cast<double>() -
                 combine(tangent_kernels(pool, X.cast<double>()), kWeak);
  error.diagonal().setZero();
  const double cosine = std::sqrt(3.0 / static_cast<double>(d)) * std::exp2(-17.5);
  EXPECT_LT(error.norm() / static_cast<double>(n), 0.38 * cosine);
}

// Single samples of norm 1e3 and 1e-3 beside each other, and a near pair: the entry of the pair
// differs from the diagonal by θ/2π relatively, far below float; the entries themselves are exact.
TEST(TangentGram, RecomputesNearPairsInDouble) {
  ThreadPool pool(1);
  Matrix X = on_sphere(6, 20, 3);
  X.row(1) = X.row(0) + 1e-3 * X.row(2);
  X.row(3) = 1e3 * (1e-2 * X.row(4) + X.row(0));
  const MatrixF single = X.cast<float>();
  const Matrix exact = combine(tangent_kernels(pool, single.cast<double>()), kWeak);
  for (const FloatProducts products : {FloatProducts::Float, FloatProducts::SplitBf16}) {
    const Matrix gram = gram_of<float>(pool, single, kWeak, products).cast<double>();
    // Rounding of the result to float, 6e-8, and nothing else.
    for (const auto& [i, j] : {std::pair<Index, Index>{1, 0}, {3, 0}, {3, 1}, {5, 5}}) {
      EXPECT_NEAR(gram(i, j) / exact(i, j), 1.0, 6.1e-8) << i << " " << j;
    }
  }
}

TEST(TangentGram, IsTheSameBitsForAnyPoolAndInAFile) {
  ThreadPool one(1);
  const MatrixF X = awkward(1300, 9).cast<float>();
  const TemporaryFolder folder;
  for (const FloatProducts products : {FloatProducts::Float, FloatProducts::SplitBf16}) {
    const MatrixF gram = gram_of<float>(one, X, kJoint, products);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      EXPECT_EQ(gram, gram_of<float>(pool, X, kJoint, products)) << threads;
    }
    // Unit rows 1300·48 bytes, or split 1312·32·8 + 1300·12; a panel of one tile row
    // 512·4·(1300 + 528 threads) bytes: the first limit allows one, so three panels are made, the
    // other allows all in one.
    for (const double limit : {5.0e6, 1e9}) {
      const auto path = folder.path() / "gram.npy";
      write_tangent_gram<float>(one, X, kJoint, path, limit, products);
      MatrixF read(1300, 1300);
      data::open_npy(path)->read(0, View<float>(read));
      EXPECT_EQ(read, gram) << limit;
    }
  }
}

TEST(TangentGram, RefusesALimitThatIsTooLow) {
  ThreadPool pool(1);
  const MatrixF X = awkward(1300, 9).cast<float>();
  const TemporaryFolder folder;
  try {
    write_tangent_gram<float>(pool, X, kJoint, folder.path() / "gram.npy", 1e6);
    FAIL() << "a panel was made in 1 MB";
  } catch (const InvalidArgument& error) {
    EXPECT_NE(std::string(error.what()).find("0.003806 GB"), std::string::npos) << error.what();
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  MatrixF small(3, 3);
  EXPECT_THROW(tangent_gram<float>(pool, X, kJoint, small), InvalidArgument);
  EXPECT_THROW(gram_of<float>(pool, MatrixF(0, 3), kJoint), InvalidArgument);
  EXPECT_THROW(gram_of<float>(pool, MatrixF::Constant(2, 3, std::nanf("")), kJoint),
               InvalidArgument);
  EXPECT_THROW(gram_of<double>(pool, Matrix::Ones(2, 3), kJoint, FloatProducts::SplitBf16),
               InvalidArgument);
}

// The two packed copies of the rows, whole squares of 32, take the place of the unit rows.
TEST(TangentGram, CountsTheMemoryOfSplitProducts) {
  const double strict = written_gram_memory<float>(1000, 50, 2);
  const double split = written_gram_memory<float>(1000, 50, 2, FloatProducts::SplitBf16);
  EXPECT_EQ(split - strict, 2 * 4 * 1024 * 64 - 4 * 1000 * 50);
}

// Products with the stored matrix, its file and the samples alone, against Eigen: n roundings.
TEST(TangentOperators, MultiplyAlike) {
  ThreadPool pool(2);
  const MatrixF X = awkward(700, 9).cast<float>();
  const MatrixF gram = gram_of<float>(pool, X, kJoint);
  const Matrix exact = gram.cast<double>();
  const TemporaryFolder folder;
  write_tangent_gram<float>(pool, X, kJoint, folder.path() / "gram.npy");
  for (const Index q : {1, 5}) {
    const Matrix in = normals(700, q, 8, "test");
    const Matrix expected = exact * in;
    Matrix out(700, q);
    matrix_operator<float>(pool, gram)(in, out);
    EXPECT_LT((out - expected).norm() / expected.norm(), 1e-13);
    source_operator(pool, data::open_npy(folder.path() / "gram.npy"))(in, out);
    EXPECT_LT((out - expected).norm() / expected.norm(), 1e-13);
    // The same tiles.
    tangent_operator<float>(pool, X, {kJoint})(in, out);
    EXPECT_LT((out - expected).norm() / expected.norm(), 1e-13);
    tangent_operator<float>(pool, X, {kJoint}, {}, FloatProducts::SplitBf16)(in, out);
    const MatrixF split = gram_of<float>(pool, X, kJoint, FloatProducts::SplitBf16);
    const Matrix near = split.cast<double>() * in;
    EXPECT_LT((out - near).norm() / near.norm(), 1e-13);
  }
}

// Three tile rows; groups of columns with a kernel each, from the same cosines.
TEST(TangentOperators, ServeSeveralKernelsAtOnce) {
  ThreadPool one(1), three(3);
  const MatrixF X = awkward(1100, 9).cast<float>();
  const Matrix in = normals(1100, 6, 8, "test");
  Matrix out(1100, 6), again(1100, 6);
  int calls = 0;
  tangent_operator<float>(one, X, {kWeak, kJoint}, [&] { ++calls; })(in, out);
  EXPECT_EQ(calls, 3);
  tangent_operator<float>(three, X, {kWeak, kJoint})(in, again);
  EXPECT_EQ(out, again);
  const Matrix weak = gram_of<float>(one, X, kWeak).cast<double>() * in.leftCols(3);
  const Matrix joint = gram_of<float>(one, X, kJoint).cast<double>() * in.rightCols(3);
  // n roundings.
  EXPECT_LT((out.leftCols(3) - weak).norm() / weak.norm(), 1e-13);
  EXPECT_LT((out.rightCols(3) - joint).norm() / joint.norm(), 1e-13);
  EXPECT_THROW(tangent_operator<float>(one, X, {kWeak, kJoint})(in.leftCols(5), again),
               InvalidArgument);
  EXPECT_THROW((void)tangent_operator<float>(one, X, {}), InvalidArgument);
}

struct Enough {};

TEST(TangentOperators, EndWhenToldTo) {
  ThreadPool pool(2);
  const MatrixF X = awkward(1100, 9).cast<float>();
  int calls = 0;
  const auto product = tangent_operator<float>(pool, X, {kWeak}, [&] {
    if (++calls == 2) throw Enough{};
  });
  Matrix out(1100, 1);
  EXPECT_THROW(product(Matrix::Ones(1100, 1), out), Enough);
  const TemporaryFolder folder;
  {
    data::NpyMatrixWriter<float> writer(folder.path() / "gram.npy", 1100, 1100);
    const double limit = written_gram_memory<float>(1100, 9, 2);  // one tile row at a time
    EXPECT_THROW(write_tangent_gram<float>(pool, X, kWeak, writer, limit,
                                           [](Index done) {
                                             EXPECT_EQ(done, 512);
                                             throw Enough{};
                                           }),
                 Enough);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Weights of the predictor for samples whose kernel is never stored, as for any number of them.
TEST(TangentOperators, SolveForThePredictorWithoutTheKernel) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(600, 30, 3);
  const LinearSolution stored =
      conjugate_gradient(matrix_operator<double>(pool, gram_of<double>(pool, X, kWeak)), X);
  const LinearSolution streamed = conjugate_gradient(tangent_operator<double>(pool, X, {kWeak}), X);
  EXPECT_EQ(streamed.status, SolveStatus::Converged);
  // Both to 1e-10 of X, amplified by the condition number of K, below 1e3 here.
  EXPECT_LT((streamed.x - stored.x).norm() / stored.x.norm(), 2e-7);
}

// Lanczos on the stored matrix against the full decomposition by Eigen, within its stated errors
// and the rounding of float entries, n·6e-8 of the largest at most.
TEST(TangentOperators, GiveTheEndsOfTheSpectrumAndThePredictor) {
  ThreadPool pool(2);
  const Matrix X = on_sphere(300, 30, 3);
  const Matrix gram = gram_of<double>(pool, X, kWeak);
  const SymmetricOperator product = matrix_operator<double>(pool, gram);
  const ExtremeEigenvalues ends = extreme_eigenvalues(product, 300);
  const Vector exact = eigenvalues(gram);
  EXPECT_NEAR(ends.largest, exact[299], ends.largest_error + 1e-12);
  EXPECT_NEAR(ends.smallest, exact[0], ends.smallest_error + 1e-12);
  // Weights of the predictor: Km α = X.
  const LinearSolution solution = conjugate_gradient(product, X);
  EXPECT_EQ(solution.status, SolveStatus::Converged);
  EXPECT_LT((gram * solution.x - X).norm() / X.norm(), 1e-9);  // ten times the tolerance
}

}  // namespace
}  // namespace twofold::theory
