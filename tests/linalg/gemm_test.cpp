#include "twofold/linalg/gemm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>
#include <string>

#include "linalg/lapack.hpp"
#include "linalg/random_matrix.hpp"
#include "twofold/core/error.hpp"

namespace twofold {
namespace {

using test::random_matrix;

constexpr Trans kBoth[] = {Trans::No, Trans::Yes};

template <typename Scalar>
MatrixOf<Scalar> op(Trans trans, const MatrixOf<Scalar>& A) {
  if (trans == Trans::Yes) return A.transpose();
  return A;
}

template <typename Scalar>
class Gemm : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Scalars);

// Both products are compared with Eigen's coefficient-wise (lazy) one in long sums.
// Tolerance: k products of N(0,1) numbers are below 30 each; rounding k eps Σ|a b| <= 30 k² eps is
// far above what occurs, so k eps · 30 √k (random signs of the errors) is used.
TYPED_TEST(Gemm, AgreesWithEigenForAllSizesAndTransposes) {
  using Scalar = TypeParam;
  ThreadPool pool(2);
  for (const Index m : test::kSizes) {
    for (const Index k : test::kSizes) {
      for (const Trans ta : kBoth) {
        for (const Trans tb : kBoth) {
          const Index n = 65 - m + 1;
          const auto A = op<Scalar>(ta, random_matrix<Scalar>(m, k, "A"));
          const auto B = op<Scalar>(tb, random_matrix<Scalar>(k, n, "B"));
          const auto C = random_matrix<Scalar>(m, n, "C");
          const Matrix expected = 2.0 * op<Scalar>(ta, A).template cast<double>().lazyProduct(
                                            op<Scalar>(tb, B).template cast<double>()) -
                                  0.5 * C.template cast<double>();
          const double terms = static_cast<double>(k + 1);
          const double tolerance =
              30.0 * terms * std::sqrt(terms) * std::numeric_limits<Scalar>::epsilon();
          MatrixOf<Scalar> one = C, many = C;
          gemm<Scalar>(ta, tb, 2, A, B, Scalar(-0.5), one);
          multiply<Scalar>(pool, ta, tb, 2, A, B, Scalar(-0.5), many);
          EXPECT_LE((one.template cast<double>() - expected).cwiseAbs().maxCoeff(), tolerance);
          EXPECT_LE((many.template cast<double>() - expected).cwiseAbs().maxCoeff(), tolerance);
        }
      }
    }
  }
}

TYPED_TEST(Gemm, MultiplyGivesTheSameBitsForAnyPool) {
  using Scalar = TypeParam;
  // Several tiles both ways, the last ones incomplete.
  const auto A = random_matrix<Scalar>(300, 90, "A");
  const auto B = random_matrix<Scalar>(90, 1100, "B");
  const auto product = [&](int threads) {
    ThreadPool pool(threads);
    MatrixOf<Scalar> C(A.rows(), B.cols());
    multiply<Scalar>(pool, Trans::No, Trans::No, 1, A, B, 0, C);
    return C;
  };
  const auto reference = product(1);
  for (const int threads : {2, 3, 8}) EXPECT_TRUE(product(threads) == reference) << threads;
}

TYPED_TEST(Gemm, WorksOnBlocksOfLargerMatrices) {
  using Scalar = TypeParam;
  const auto A = random_matrix<Scalar>(20, 30, "A");
  MatrixOf<Scalar> C = MatrixOf<Scalar>::Constant(12, 12, Scalar(7));
  gemm<Scalar>(Trans::No, Trans::Yes, 1, A.block(2, 3, 5, 6), A.block(9, 3, 4, 6), 0,
               C.block(1, 2, 5, 4));
  const MatrixOf<Scalar> expected =
      A.block(2, 3, 5, 6).lazyProduct(A.block(9, 3, 4, 6).transpose());
  // Six terms below 30 each.
  const Scalar tolerance = 200 * std::numeric_limits<Scalar>::epsilon();
  EXPECT_LE((C.block(1, 2, 5, 4) - expected).cwiseAbs().maxCoeff(), tolerance);
  C.block(1, 2, 5, 4).setConstant(7);
  EXPECT_TRUE((C.array() == Scalar(7)).all()) << "written outside the block";
}

TYPED_TEST(Gemm, EmptyInnerDimensionScalesOnly) {
  using Scalar = TypeParam;
  ThreadPool pool(2);
  const MatrixOf<Scalar> A(3, 0), B(0, 4);
  MatrixOf<Scalar> C = MatrixOf<Scalar>::Constant(3, 4, Scalar(2));
  multiply<Scalar>(pool, Trans::No, Trans::No, 1, A, B, 3, C);
  EXPECT_TRUE((C.array() == Scalar(6)).all());
  MatrixOf<Scalar> empty(0, 4);
  EXPECT_NO_THROW(multiply<Scalar>(pool, Trans::No, Trans::No, 1, MatrixOf<Scalar>(0, 3),
                                   MatrixOf<Scalar>::Ones(3, 4), 0, empty));
}

TYPED_TEST(Gemm, ZeroBetaIgnoresWhatIsInC) {
  using Scalar = TypeParam;
  const MatrixOf<Scalar> ones = MatrixOf<Scalar>::Ones(3, 3);
  MatrixOf<Scalar> C = MatrixOf<Scalar>::Constant(3, 3, std::numeric_limits<Scalar>::quiet_NaN());
  gemm<Scalar>(Trans::No, Trans::No, 1, ones, ones, 0, C);
  EXPECT_TRUE((C.array() == Scalar(3)).all());
}

TYPED_TEST(Gemm, ShapesThatDisagreeAreRefused) {
  using Scalar = TypeParam;
  const MatrixOf<Scalar> A(2, 3), B(4, 5);
  MatrixOf<Scalar> C(2, 5);
  EXPECT_THROW(gemm<Scalar>(Trans::No, Trans::No, 1, A, B, 0, C), InvalidArgument);
}

#if defined(__x86_64__)

TEST(Blas, HasKernelsForThisProcessor) {
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) GTEST_SKIP();
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) GTEST_SKIP() << "OPENBLAS_CORETYPE is set";
  EXPECT_THAT(std::string(lapack::openblas_get_corename()),
              testing::AnyOf("Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"));
}

#endif

}  // namespace
}  // namespace twofold
