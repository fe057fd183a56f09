#include "twofold/ops/orthogonal_matching_pursuit.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/haar.hpp"

namespace twofold::ops {
namespace {

template <typename Scalar>
MatrixOf<Scalar> gaussian(Index rows, Index cols, std::string_view name) {
  Matrix m(rows, cols);
  RandomStream(2, name).fill_normal(0, std::span(m.data(), static_cast<std::size_t>(m.size())));
  return m.cast<Scalar>();
}

template <typename Scalar>
MatrixOf<Scalar> unit_atoms(Index m, Index d) {
  return gaussian<Scalar>(m, d, "atoms").rowwise().normalized();
}

template <typename Scalar>
SparseCodes<Scalar> pursue(const MatrixOf<Scalar>& X, const MatrixOf<Scalar>& W,
                           const PursuitOptions& options, int threads = 2) {
  ThreadPool pool(threads);
  SparseCodes<Scalar> codes;
  orthogonal_matching_pursuit<Scalar>(X, W, options, codes, pool);
  return codes;
}

template <typename Scalar>
SparseCodes<Scalar> plain(const MatrixOf<Scalar>& X, const MatrixOf<Scalar>& W,
                          const PursuitOptions& options) {
  SparseCodes<Scalar> codes;
  reference::orthogonal_matching_pursuit<Scalar>(X, W, options, codes);
  return codes;
}

template <typename Scalar>
Matrix dense(const SparseCodes<Scalar>& codes) {
  Matrix C = Matrix::Zero(codes.rows(), codes.atoms);
  for (Index s = 0; s < codes.rows(); ++s) {
    for (auto e = codes.offset[static_cast<std::size_t>(s)];
         e < codes.offset[static_cast<std::size_t>(s) + 1]; ++e) {
      C(s, codes.index[static_cast<std::size_t>(e)]) = codes.value[static_cast<std::size_t>(e)];
    }
  }
  return C;
}

// k atoms a sample with values of size 1 to 2.
Matrix planted_codes(Index N, Index m, Index k) {
  const RandomStream stream(3, "codes");
  Matrix C = Matrix::Zero(N, m);
  for (Index s = 0; s < N; ++s) {
    for (Index r = 0; r < k; ++r) {
      const auto place = static_cast<std::uint64_t>(s * k + r);
      const auto at = static_cast<Index>(stream.permuted(static_cast<std::uint64_t>(r),
                                                         static_cast<std::uint64_t>(m),
                                                         static_cast<std::uint64_t>(s)));
      C(s, at) = stream.sign(place) * (1.0 + stream.uniform(place));
    }
  }
  return C;
}

// In double two atoms are never so alike that rounding decides between them: on random samples
// the gap is below 1e-12 with chance 1e-10 or so. Values: cond² eps, cond up to 1e3 here.
TEST(OrthogonalMatchingPursuit, EqualsTheReference) {
  for (const auto& [N, m, d] : {std::array<Index, 3>{1, 1, 1},
                                {3, 7, 4},
                                {65, 8, 5},
                                {64, 16, 16},
                                {130, 17, 9},
                                {15, 33, 31},
                                {33, 31, 32},
                                {63, 32, 15},
                                {200, 40, 12},
                                {70, 257, 20}}) {
    const Matrix X = gaussian<double>(N, d, "samples"), W = unit_atoms<double>(m, d);
    for (const Index k : {Index{1}, Index{2}, Index{3}, Index{7}}) {
      if (k > std::min(m, d)) continue;
      const auto codes = pursue<double>(X, W, {k}), expected = plain<double>(X, W, {k});
      ASSERT_EQ(codes.offset, expected.offset) << N << " " << m << " " << d << " k " << k;
      ASSERT_EQ(codes.index, expected.index) << N << " " << m << " " << d << " k " << k;
      EXPECT_EQ(codes.atoms, m);
      EXPECT_LT((dense(codes) - dense(expected)).cwiseAbs().maxCoeff(), 1e-9);
    }
  }
}

// With 64 orthonormal atoms and no noise the planted atoms are the largest correlations.
template <typename Scalar>
void expect_planted(const Matrix& W, Index k, double tolerance) {
  const Matrix C = planted_codes(300, W.rows(), k);
  const MatrixOf<Scalar> X = (C * W).cast<Scalar>();
  const Matrix found = dense(pursue<Scalar>(X, W.cast<Scalar>(), {k}));
  EXPECT_LT((found - C).cwiseAbs().maxCoeff(), tolerance);
}

TEST(OrthogonalMatchingPursuit, FindsPlantedCodes) {
  // 20 eps times values up to 2, for sums of 64 products.
  const Matrix orthonormal = haar_orthogonal(64, RandomStream(4, "atoms"), 0);
  expect_planted<double>(orthonormal, 9, 1e-14);
  expect_planted<float>(orthonormal, 9, 5e-6);
  // Coherence μ of 80 random atoms in dimension 400 is below 0.27 (5.4 of their deviations 1/20);
  // k = 2 atoms are found whenever (2k − 1) μ < 1 (Tropp 2004). Their condition is below 2.
  const Matrix incoherent = unit_atoms<double>(80, 400);
  const Matrix cosines = incoherent * incoherent.transpose() - Matrix::Identity(80, 80);
  ASSERT_LT(3.0 * cosines.cwiseAbs().maxCoeff(), 1.0);
  expect_planted<double>(incoherent, 2, 1e-13);
  expect_planted<float>(incoherent, 2, 5e-5);
}

TEST(OrthogonalMatchingPursuit, TheResidualIsOrthogonalToTheChosenAtoms) {
  const Matrix X = gaussian<double>(200, 24, "samples"), W = unit_atoms<double>(100, 24);
  const auto codes = pursue<double>(X, W, {8});
  const Matrix C = dense(codes), correlations = (X - C * W) * W.transpose();
  EXPECT_EQ(codes.size(), 200 * 8);
  // cond² eps of the values; samples have norm 5.
  const Matrix on = (C.array() != 0.0).select(correlations, 0.0);
  EXPECT_LT(on.cwiseAbs().maxCoeff(), 1e-10);
  // Greedy: what is left correlates less with any atom than the residual's own size.
  EXPECT_LT((X - C * W).norm(), 0.5 * X.norm());
}

TEST(OrthogonalMatchingPursuit, FloatAgreesWithDoubleOnWhatIsLeft) {
  const MatrixF X = gaussian<float>(300, 32, "samples"), W = unit_atoms<float>(150, 32);
  const Matrix wide = X.cast<double>(), atoms = W.cast<double>();
  const Matrix rounded = dense(pursue<float>(X, W, {10})) * atoms;
  const Matrix exact = dense(plain<double>(wide, atoms, {10})) * atoms;
  const Vector a = (wide - rounded).rowwise().norm(), b = (wide - exact).rowwise().norm();
  // Rounding may swap two atoms that are nearly as good, which changes what is left of one sample
  // in many; each must be no worse than a few percent, and all together than 1e-3.
  EXPECT_LT((a - b).cwiseAbs().maxCoeff(), 0.1 * b.mean());
  EXPECT_NEAR(a.mean() / b.mean(), 1.0, 1e-3);
}

TEST(OrthogonalMatchingPursuit, StopsWhenTheSampleIsExplained) {
  const Matrix W = haar_orthogonal(16, RandomStream(4, "atoms"), 0);
  Matrix C = Matrix::Zero(3, 16);
  C(0, 3) = 4.0;
  C(0, 5) = -3.0;
  C(0, 6) = 1.0;
  C(1, 2) = 1.0;  // sample 2 is 0
  const Matrix X = C * W;
  using Offsets = std::vector<std::int64_t>;
  EXPECT_EQ(pursue<double>(X, W, {5}).offset, (Offsets{0, 3, 4, 4}));
  EXPECT_EQ(pursue<float>(X.cast<float>(), W.cast<float>(), {5}).offset, (Offsets{0, 3, 4, 4}));
  // What is left of sample 0 has norm √26, √10, 1, 0 with 0, 1, 2, 3 atoms.
  for (const auto& [residual, atoms] : {std::pair{0.5, 3}, {1.5, 2}, {3.5, 1}, {5.5, 0}}) {
    const auto codes = pursue<double>(X, W, {5, residual});
    EXPECT_EQ(codes.offset[1], atoms) << residual;
    EXPECT_EQ(codes.offset, plain<double>(X, W, {5, residual}).offset);
  }
}

TEST(OrthogonalMatchingPursuit, DependentAtomsAreNotTaken) {
  // Three atoms in a plane, and the first one twice.
  const Matrix W{{1.0, 0.0, 0.0}, {1.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.6, 0.8, 0.0}};
  const Matrix X{{2.0, 0.1, 1.0}, {0.6, 0.8, 0.0}};
  const auto codes = pursue<double>(X, W, {4});
  EXPECT_EQ(codes.index, (std::vector<std::int32_t>{0, 2, 3}));
  EXPECT_EQ(codes.index, plain<double>(X, W, {4}).index);
}

TEST(OrthogonalMatchingPursuit, TakesTheFirstOfEquals) {
  const MatrixF W = MatrixF::Identity(40, 40);
  const MatrixF X = MatrixF::Constant(1, 40, -0.5f);
  EXPECT_EQ(pursue<float>(X, W, {3}).index, (std::vector<std::int32_t>{0, 1, 2}));
}

TEST(OrthogonalMatchingPursuit, NonFiniteSamplesHaveNoCode) {
  const Matrix W = unit_atoms<double>(8, 4);
  Matrix X = gaussian<double>(2, 4, "samples");
  X(0, 1) = std::numeric_limits<double>::quiet_NaN();
  const auto codes = pursue<double>(X, W, {2});
  EXPECT_EQ(codes.offset, (std::vector<std::int64_t>{0, 0, 2}));
}

TEST(OrthogonalMatchingPursuit, BitsDoNotDependOnThePool) {
  const MatrixF X = gaussian<float>(1500, 48, "samples"), W = unit_atoms<float>(100, 48);
  const auto one = pursue<float>(X, W, {6}, 1);
  for (const int threads : {2, 3, 8}) {
    const auto more = pursue<float>(X, W, {6}, threads);
    EXPECT_EQ(one.index, more.index);
    EXPECT_EQ(one.value, more.value);
    EXPECT_EQ(one.offset, more.offset);
  }
}

TEST(OrthogonalMatchingPursuit, BadOptionsAreRefused) {
  const Matrix X = gaussian<double>(3, 4, "samples"), W = unit_atoms<double>(6, 4);
  EXPECT_THROW((void)pursue<double>(X, W, {0}), InvalidArgument);
  EXPECT_THROW((void)pursue<double>(X, W, {7}), InvalidArgument);
  EXPECT_THROW((void)pursue<double>(X, W, {2, -1.0}), InvalidArgument);
  EXPECT_THROW((void)pursue<double>(X, unit_atoms<double>(6, 5), {2}), InvalidArgument);
  EXPECT_EQ(pursue<double>(Matrix(0, 4), W, {2}).rows(), 0);
}

}  // namespace
}  // namespace twofold::ops
