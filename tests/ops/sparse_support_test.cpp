// decode, encode_on_support, least_squares_codes, usage.
#include <gtest/gtest.h>

#include <Eigen/QR>
#include <limits>

#include "ops/sparse_problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
class SparseSupportTest : public testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(SparseSupportTest, Scalars);

TYPED_TEST(SparseSupportTest, DecodesTheSumOfActiveAtoms) {
  ThreadPool one(1);
  // One task, and several.
  for (const Index N : {3, 700}) {
    SparseProblem<TypeParam> p(N, 60, 131);
    const SparseCodes<TypeParam> codes = encoded(p, {model::HardThreshold{2}}, one);
    MatrixOf<TypeParam> C = MatrixOf<TypeParam>::Zero(N, 60), Xhat(N, 131), again(N, 131);
    for (Index s = 0; s < N; ++s) {
      for (auto e = codes.offset[s]; e < codes.offset[s + 1]; ++e) {
        C(s, codes.index[e]) = codes.value[e];
      }
    }
    decode<TypeParam>(codes, p.W, Xhat, one);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      decode<TypeParam>(codes, p.W, again, pool);
      EXPECT_TRUE(again == Xhat) << threads;
    }
    // Values, atoms and hence all sums are multiples of 1/64 below 2^24/64: exact in any order.
    EXPECT_TRUE(Xhat == C * p.W) << N;
  }
}

TYPED_TEST(SparseSupportTest, EncodesOnAGivenSupport) {
  ThreadPool one(1);
  SparseProblem<TypeParam> p(4500, 50, 70);
  SparseCodes<TypeParam> codes = encoded(p, {model::TopK{7}}, one), again;
  const SparseCodes<TypeParam> expected = codes;
  std::fill(codes.value.begin(), codes.value.end(), TypeParam(9));
  encode_on_support<TypeParam>(p.X, p.W, 0, codes, one);
  EXPECT_TRUE(codes == expected);  // exact on the grid
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    encode_on_support<TypeParam>(p.X, p.W, -0.25, codes, pool);
    for (std::size_t e = 0; e < codes.value.size(); ++e) {
      ASSERT_EQ(codes.value[e], expected.value[e] - TypeParam(0.25));
    }
  }
}

// Samples of dimension d on supports of k atoms.
template <typename Scalar>
SparseCodes<Scalar> supports(Index N, Index m, Index k) {
  SparseCodes<Scalar> codes;
  codes.atoms = m;
  for (Index s = 0; s < N; ++s) {
    for (Index j = 0; j < k; ++j) {
      codes.index.push_back(static_cast<std::int32_t>((s + 3 * j) % m));
      codes.value.push_back(0);
    }
    codes.offset.push_back(codes.size());
  }
  return codes;
}

template <typename Scalar>
Matrix atoms_of(const SparseCodes<Scalar>& codes, const MatrixOf<Scalar>& W, Index s) {
  const auto first = codes.offset[static_cast<std::size_t>(s)];
  const Index k = static_cast<Index>(codes.offset[static_cast<std::size_t>(s) + 1] - first);
  Matrix atoms(W.cols(), k);
  for (Index j = 0; j < k; ++j) {
    atoms.col(j) =
        W.row(codes.index[static_cast<std::size_t>(first + j)]).transpose().template cast<double>();
  }
  return atoms;
}

template <typename Scalar>
Eigen::Map<const VectorOf<Scalar>> values_of(const SparseCodes<Scalar>& codes, Index s) {
  const auto first = codes.offset[static_cast<std::size_t>(s)];
  return {codes.value.data() + first,
          static_cast<Index>(codes.offset[static_cast<std::size_t>(s) + 1] - first)};
}

TYPED_TEST(SparseSupportTest, LeastSquaresAgreesWithQr) {
  ThreadPool one(1);
  const Index N = 900, m = 40, d = 30;
  const SparseProblem<TypeParam> p(N, m, d);
  for (const Index k : {1, 2, 9}) {
    SparseCodes<TypeParam> codes = supports<TypeParam>(N, m, k), again = codes;
    least_squares_codes<TypeParam>(p.X, p.W, codes, one);
    for (const int threads : {2, 3, 8}) {
      ThreadPool pool(threads);
      least_squares_codes<TypeParam>(p.X, p.W, again, pool);
      EXPECT_TRUE(again == codes) << threads;
    }
    for (Index s = 0; s < N; ++s) {
      const Matrix atoms = atoms_of(codes, p.W, s);
      const Vector x = p.X.row(s).transpose().template cast<double>();
      const Vector expected = atoms.householderQr().solve(x);
      // The Gram squares the condition number, here below 30; then one rounding to Scalar.
      const double tolerance =
          1e-12 + static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
      ASSERT_LE((values_of(codes, s).template cast<double>() - expected).norm(),
                tolerance * (1 + expected.norm()))
          << "k=" << k << " s=" << s;
    }
  }
}

// Twice the same atom, and more atoms than dimensions: the fit is that of the minimum.
TEST(LeastSquaresCodes, FitsOnSingularSupports) {
  ThreadPool pool;
  SparseProblem<double> p(20, 8, 5);
  p.W.row(3) = p.W.row(0);
  for (const Index k : {2, 8}) {
    SparseCodes<double> codes = supports<double>(20, 8, k);
    least_squares_codes<double>(p.X, p.W, codes, pool);
    for (Index s = 0; s < 20; ++s) {
      const Matrix atoms = atoms_of(codes, p.W, s);
      const Vector x = p.X.row(s).transpose();
      const Vector best = atoms.completeOrthogonalDecomposition().solve(x);
      const double least = (x - atoms * best).norm();
      // A ridge of 1e-10 of the Gram moves the fit by that over its least eigenvalue > 1e-3.
      EXPECT_NEAR((x - atoms * values_of(codes, s)).norm(), least, 1e-6 * x.norm()) << k;
    }
  }
}

TEST(LeastSquaresCodes, GivesZeroToAnAtomOfZeros) {
  ThreadPool pool;
  SparseProblem<double> p(4, 8, 5);
  p.W.row(0).setZero();
  SparseCodes<double> codes = supports<double>(1, 8, 2);  // atoms 0 and 3
  least_squares_codes<double>(p.X.topRows(1), p.W, codes, pool);
  EXPECT_EQ(codes.value[0], 0.0);
  const Vector x = p.X.row(0), w = p.W.row(3);
  // One division, and the ridge of 1e-10.
  EXPECT_NEAR(codes.value[1], x.dot(w) / w.squaredNorm(), 1e-9);
  p.W.setZero();
  least_squares_codes<double>(p.X.topRows(1), p.W, codes, pool);
  EXPECT_EQ(codes.value, (std::vector{0.0, 0.0}));
}

TEST(LeastSquaresCodes, LeavesEmptySupportsEmptyAndShowsNotANumber) {
  ThreadPool pool;
  SparseProblem<double> p(2, 8, 5);
  SparseCodes<double> codes = supports<double>(1, 8, 2);
  codes.offset.push_back(2);
  p.X(0, 0) = std::numeric_limits<double>::quiet_NaN();
  least_squares_codes<double>(p.X, p.W, codes, pool);
  EXPECT_TRUE(std::isnan(codes.value[0]));
}

TEST(Usage, CountsTheEntriesOfEachAtom) {
  const SparseCodes<float> codes = supports<float>(3, 8, 2);  // 0 3, 1 4, 2 5
  EXPECT_EQ(usage(codes), (std::vector<std::int64_t>{1, 1, 1, 1, 1, 1, 0, 0}));
  EXPECT_EQ(usage(supports<float>(8, 4, 1)), (std::vector<std::int64_t>{2, 2, 2, 2}));
  SparseCodes<float> bad = codes;
  bad.index[0] = 8;
  EXPECT_THROW((void)usage(bad), InvalidArgument);
}

}  // namespace
}  // namespace twofold::ops
