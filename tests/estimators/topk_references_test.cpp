#include "twofold/estimators/topk_references.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "planted.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/linalg/second_moment.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::estimators {
namespace {

// Units ±e_i in d dimensions: with k = d they write down any row.
LearnedDictionary signed_basis(Index d, Index k) {
  LearnedDictionary made;
  made.kind = DictionaryKind::TopK;
  made.atoms = Matrix::Zero(2 * d, d);
  made.atoms.topRows(d).setIdentity();
  made.atoms.bottomRows(d) = -Matrix::Identity(d, d);
  made.encoder_bias = Vector::Zero(2 * d);
  made.mean = Vector::Zero(d);
  made.gate = {.activation = model::TopK{.k = k}, .positive = true};
  made.input_dimension = d;
  return made;
}

Matrix gaussian(Index rows, Index d) {
  Matrix X(rows, d);
  const RandomStream stream(3, "topk_references.test");
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = stream.normal(static_cast<std::uint64_t>(i));
  return X;
}

// Symmetric rows: x and −x, so that their mean is 0 exactly.
std::shared_ptr<const data::Source> mirrored(Index rows, Index d) {
  const Matrix X = gaussian(rows, d);
  Matrix both(2 * rows, d);
  both << X, -X;
  return std::make_shared<data::ArraySource<double>>(both);
}

TEST(TopKReferences, SilentUnitsPredictTheMeanAndExplainNothing) {
  const auto rows = mirrored(100, 6);
  LearnedDictionary silent = signed_basis(6, 3);
  silent.encoder_bias.setConstant(-1e6);
  ThreadPool pool(1);
  const TopKReferences found =
      topk_references(silent, *rows, Matrix::Identity(1, 6), Vector::Zero(6), pool);
  EXPECT_EQ(found.encoder, 0.0);
  EXPECT_EQ(found.least_squares, 0.0);
}

TEST(TopKReferences, AsManyUnitsAsDimensionsExplainEverything) {
  const auto rows = mirrored(100, 6);
  ThreadPool pool(2);
  const TopKReferences found =
      topk_references(signed_basis(6, 6), *rows, Matrix::Identity(6, 6), Vector::Zero(6), pool);
  // Sums of squares of single precision errors: 6 eps² of float and what least squares adds.
  EXPECT_NEAR(found.encoder, 1.0, 1e-12);
  EXPECT_NEAR(found.least_squares, 1.0, 1e-9);
  EXPECT_NEAR(found.pursuit, 1.0, 1e-9);
  EXPECT_NEAR(found.principal, 1.0, 1e-12);
  EXPECT_EQ(found.rows, 200u);
}

// Orthonormal atoms of either sign: the encoder's choice is the best one, so all three agree, and
// the shares are those of the largest squares of a row.
TEST(TopKReferences, OrthonormalAtomsLeaveNoGap) {
  constexpr Index d = 8, k = 3;
  const auto rows = mirrored(200, d);
  ThreadPool pool(1);
  const TopKReferences found =
      topk_references(signed_basis(d, k), *rows, Matrix::Identity(k, d), Vector::Zero(d), pool);
  const Matrix X = all_rows(*rows);
  double kept = 0.0;
  for (Index i = 0; i < X.rows(); ++i) {
    Vector squares = X.row(i).cwiseAbs2().transpose();
    std::ranges::sort(squares, std::greater{});
    kept += squares.head(k).sum();
  }
  const double share = kept / X.squaredNorm();
  // Rows are rounded to single precision.
  EXPECT_NEAR(found.encoder, share, 1e-6);
  EXPECT_NEAR(found.least_squares, share, 1e-6);
  EXPECT_NEAR(found.pursuit, share, 1e-6);
  EXPECT_NEAR(found.principal, X.leftCols(k).squaredNorm() / X.squaredNorm(), 1e-6);
}

// A wrong scale of the values costs the encoder alone; a wrong bias the choice of units too.
TEST(TopKReferences, SeparatesValuesFromChoice) {
  const auto rows = mirrored(300, 8);
  LearnedDictionary shrunk = signed_basis(8, 3);
  shrunk.encoder = 0.5 * shrunk.atoms;
  ThreadPool pool(1);
  const auto compare = [&](const LearnedDictionary& d) {
    return topk_references(d, *rows, Matrix::Identity(1, 8), Vector::Zero(8), pool);
  };
  const TopKReferences values = compare(shrunk), right = compare(signed_basis(8, 3));
  // Half of each value: 1 − (1/2)² of what the right values explain.
  EXPECT_NEAR(values.encoder, 0.75 * right.encoder, 1e-6);
  EXPECT_NEAR(values.least_squares, right.encoder, 1e-6);
  LearnedDictionary biased = signed_basis(8, 3);
  biased.encoder_bias.head(4).setConstant(2.0);
  const TopKReferences choice = compare(biased);
  EXPECT_LT(choice.least_squares, right.encoder - 0.01);
  EXPECT_NEAR(choice.pursuit, right.pursuit, 1e-12);
}

TEST(TopKReferences, OtherDictionariesAndShapesAreRefused) {
  const auto rows = mirrored(10, 4);
  ThreadPool pool(1);
  LearnedDictionary d = signed_basis(4, 2);
  const Vector mean = Vector::Zero(4);
  EXPECT_THROW((void)topk_references(d, *rows, Matrix::Identity(2, 3), mean, pool),
               InvalidArgument);
  EXPECT_THROW((void)topk_references(d, *rows, Matrix::Identity(2, 4), Vector::Zero(3), pool),
               InvalidArgument);
  d.kind = DictionaryKind::Nonnegative;
  EXPECT_THROW((void)topk_references(d, *rows, Matrix::Identity(2, 4), mean, pool),
               InvalidArgument);
}

TEST(PrincipalComponents, ExplainAsMuchAsEigenvectors) {
  constexpr Index d = 60;
  Matrix X = gaussian(400, d);
  for (Index j = 0; j < d; ++j) X.col(j) *= std::pow(static_cast<double>(j + 1), -0.5);
  const MatrixF rows = X.cast<float>();
  ThreadPool one(1), three(3);
  const Matrix moment = second_moment(one, ConstView<float>(rows));
  const Vector values = symmetric_eigenvalues(moment).values;
  for (const Index k : {1, 7, 40}) {
    const Matrix found = principal_components(rows, k, one);
    ASSERT_EQ(found.rows(), k);
    // Rounding of 60 products.
    EXPECT_LT((found * found.transpose() - Matrix::Identity(k, k)).norm(), 1e-12);
    const double share = (found * moment * found.transpose()).trace() / values.sum();
    // As promised; never more than the eigenvectors, up to rounding.
    EXPECT_NEAR(share, values.head(k).sum() / values.sum(), 1e-3);
    EXPECT_LE(share, values.head(k).sum() / values.sum() + 1e-12);
    EXPECT_EQ(principal_components(rows, k, three), found);
  }
  EXPECT_EQ(principal_components(rows, 100, one).rows(), d);
  EXPECT_THROW((void)principal_components(rows, 0, one), InvalidArgument);
}

}  // namespace
}  // namespace twofold::estimators
