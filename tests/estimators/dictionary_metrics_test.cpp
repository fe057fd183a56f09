#include "twofold/estimators/dictionary_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::estimators {
namespace {

Matrix random_rows(Index rows, Index cols, std::uint64_t seed = 1) {
  const RandomStream stream(seed, "dictionary_metrics.test");
  Matrix X(rows, cols);
  for (Index i = 0; i < X.size(); ++i) X.data()[i] = stream.normal(static_cast<std::uint64_t>(i));
  return X;
}

Matrix unit(Matrix X) {
  for (Index i = 0; i < X.rows(); ++i) X.row(i).normalize();
  return X;
}

ops::SparseCodes<double> codes(Index atoms,
                               const std::vector<std::vector<std::int32_t>>& supports) {
  ops::SparseCodes<double> made;
  made.atoms = atoms;
  made.offset = {0};
  for (const auto& support : supports) {
    for (const std::int32_t j : support) {
      made.index.push_back(j);
      made.value.push_back(1.0);
    }
    made.offset.push_back(made.size());
  }
  return made;
}

// Cosines of equal unit vectors of dimension 20 are 1 up to 20 eps.
constexpr double kRounding = 20 * std::numeric_limits<double>::epsilon();

TEST(MatchAtoms, PermutationAndSignsOfTheTruthArePerfect) {
  const Matrix A = unit(random_rows(7, 20));
  Matrix W(7, 20);
  for (Index j = 0; j < 7; ++j) W.row((3 * j + 2) % 7) = (j % 2 == 0 ? 1.0 : -1.0) * A.row(j);
  const AtomMatch match = match_atoms(W, A, true);
  for (Index j = 0; j < 7; ++j)
    EXPECT_EQ(match.partner[static_cast<std::size_t>(j)], (3 * j + 2) % 7);
  EXPECT_NEAR(match.mean_cosine, 1.0, kRounding);
  EXPECT_EQ(match.recovered, 1.0);
  EXPECT_EQ(match.unique, 7);
  EXPECT_NEAR(match.squared_distance, 0.0, kRounding);
}

TEST(MatchAtoms, SignsCountWhereCodesArePositive) {
  const Matrix A = Matrix::Identity(1, 3);
  EXPECT_EQ(match_atoms(-A, A, true).recovered, 1.0);
  EXPECT_EQ(match_atoms(-A, A, true).squared_distance, 0.0);
  const AtomMatch match = match_atoms(-A, A, false);
  EXPECT_EQ(match.recovered, 0.0);
  EXPECT_EQ(match.mean_cosine, -1.0);
  EXPECT_EQ(match.squared_distance, 4.0);
}

TEST(MatchAtoms, LengthsDoNotMatterToCosines) {
  const Matrix A = unit(random_rows(5, 20));
  const AtomMatch match = match_atoms(3.0 * A, A, true);
  EXPECT_NEAR(match.mean_cosine, 1.0, kRounding);
  // ‖3a − a‖² = 4 for each of 5 unit atoms, relative rounding 5·20 eps.
  EXPECT_NEAR(match.squared_distance, 20.0, 20.0 * 5 * kRounding);
}

// Greedily, atom 0 takes row 0 (cos .72) and leaves cos 0 to atom 1; .70 + .69 is more.
TEST(MatchAtoms, TheTotalIsLargestNotEachPair) {
  Matrix A(2, 3), W(2, 3);
  A << 1, 0, 0, 0, 1, 0;
  W << 0.72, 0.69, std::sqrt(1 - 0.72 * 0.72 - 0.69 * 0.69), 0.70, 0, std::sqrt(1 - 0.49);
  const AtomMatch match = match_atoms(W, A, true);
  EXPECT_EQ(match.partner, (std::vector<Index>{1, 0}));
  EXPECT_NEAR(match.mean_cosine, 0.5 * (0.70 + 0.69), kRounding);
}

TEST(MatchAtoms, MissingRowsLeaveAtomsWithoutAPartner) {
  const Matrix A = Matrix::Identity(4, 4);
  const AtomMatch match = match_atoms(A.topRows(3), A, true);
  EXPECT_EQ(match.partner[3], -1);
  EXPECT_EQ(match.cosine[3], 0.0);
  EXPECT_DOUBLE_EQ(match.mean_cosine, 0.75);
  EXPECT_DOUBLE_EQ(match.recovered, 0.75);
  EXPECT_EQ(match_atoms(A, A.topRows(3), true).recovered, 1.0);
}

TEST(MatchAtoms, RefusesOtherLengthsAndNoTruth) {
  EXPECT_THROW((void)match_atoms(Matrix::Ones(2, 3), Matrix::Ones(2, 4), true), InvalidArgument);
  EXPECT_THROW((void)match_atoms(Matrix::Ones(2, 3), Matrix(0, 3), true), InvalidArgument);
}

TEST(DuplicateAtoms, CountsEachRepetitionOnce) {
  Matrix W = Matrix::Identity(5, 8);
  EXPECT_EQ(duplicate_atoms(W), 0);
  W.row(2) = -2.0 * W.row(0);
  W.row(4) = W.row(0);
  EXPECT_EQ(duplicate_atoms(W), 2);
  EXPECT_EQ(match_atoms(W, Matrix::Identity(5, 8), true).unique, 3);
}

TEST(DuplicateAtoms, RowsOfZerosAreNone) {
  EXPECT_EQ(duplicate_atoms(Matrix::Zero(3, 4)), 0);
}

TEST(SupportScore, RenumberedTruthIsPerfect) {
  const auto truth = codes(3, {{0, 2}, {1}, {}});
  const auto found = codes(4, {{1, 3}, {0}, {}});
  const SupportScore score = support_score(found, truth, {3, 0, 1});
  EXPECT_EQ(score.precision, 1.0);
  EXPECT_EQ(score.recall, 1.0);
  EXPECT_EQ(score.f1, 1.0);
  EXPECT_EQ(score.consistent, 1.0);
}

TEST(SupportScore, CountsHitsMissesAndFalseAlarms) {
  const auto truth = codes(4, {{0, 1}, {2, 3}, {0, 3}});
  const auto found = codes(4, {{0, 1}, {1, 2, 3}, {1}});
  const SupportScore score = support_score(found, truth, {0, 1, 2, 3});
  EXPECT_DOUBLE_EQ(score.precision, 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(score.recall, 4.0 / 6.0);
  EXPECT_DOUBLE_EQ(score.f1, 8.0 / 12.0);
  EXPECT_DOUBLE_EQ(score.consistent, 1.0 / 3.0);
}

// F1 is the harmonic mean of precision and recall, which differ here.
TEST(SupportScore, FOneIsTheHarmonicMean) {
  const auto truth = codes(3, {{0, 1, 2}, {0, 1, 2}});
  const auto found = codes(3, {{0}, {1}});
  const SupportScore score = support_score(found, truth, {0, 1, 2});
  EXPECT_DOUBLE_EQ(score.precision, 1.0);
  EXPECT_DOUBLE_EQ(score.recall, 1.0 / 3.0);
  EXPECT_DOUBLE_EQ(score.f1,
                   2.0 * score.precision * score.recall / (score.precision + score.recall));
}

TEST(SupportScore, AtomsThatWereNotFoundAreMissed) {
  const auto truth = codes(2, {{0, 1}, {1}});
  const auto found = codes(1, {{0}, {}});
  const SupportScore score = support_score(found, truth, {0, -1});
  EXPECT_DOUBLE_EQ(score.precision, 1.0);
  EXPECT_DOUBLE_EQ(score.recall, 1.0 / 3.0);
  EXPECT_EQ(score.consistent, 0.0);
}

TEST(SupportScore, NothingToFindAndNothingClaimedIsRight) {
  const SupportScore score = support_score(codes(2, {{}}), codes(2, {{}}), {0, 1});
  EXPECT_EQ(score.f1, 1.0);
  EXPECT_EQ(score.consistent, 1.0);
}

TEST(SupportScore, RefusesWhatDoesNotFit) {
  const auto one = codes(2, {{0}});
  EXPECT_THROW((void)support_score(one, codes(2, {{0}, {1}}), {0, 1}), InvalidArgument);
  EXPECT_THROW((void)support_score(one, one, {0}), InvalidArgument);
  EXPECT_THROW((void)support_score(one, one, {0, 2}), InvalidArgument);
}

TEST(ExplainedVariance, TheMeanExplainsNothingAndTheTruthAll) {
  const Matrix X = random_rows(50, 6).array() + 3.0;
  const Matrix mean = X.colwise().mean().replicate(50, 1);
  // Sums of 300 numbers round to 300 eps of themselves.
  constexpr double rounding = 300 * std::numeric_limits<double>::epsilon();
  EXPECT_NEAR(explained_variance(X, mean), 0.0, rounding);
  EXPECT_EQ(explained_variance(X, X), 1.0);
  // Half way to the mean leaves a quarter of the variance.
  EXPECT_NEAR(explained_variance(X, 0.5 * (X + mean)), 0.75, rounding);
}

TEST(ExplainedVariance, BlocksMakeTheWhole) {
  // Means of the blocks far apart: the scatter between them counts, 1e4 times that within.
  Matrix X = random_rows(60, 4);
  X.topRows(20).array() += 100.0;
  const Matrix Xhat = X + 0.3 * random_rows(60, 4, 2);
  ExplainedVariance blocks;
  blocks.add(X.topRows(20), Xhat.topRows(20));
  blocks.add(X.middleRows(20, 3), Xhat.middleRows(20, 3));
  blocks.add(X.bottomRows(37), Xhat.bottomRows(37));
  // 240 numbers, relative rounding 240 eps of each sum.
  EXPECT_NEAR(blocks.value(), explained_variance(X, Xhat),
              480 * std::numeric_limits<double>::epsilon());
  EXPECT_EQ(blocks.rows(), 60u);
  EXPECT_NEAR(blocks.mean_square_error(), (X - Xhat).squaredNorm() / 240.0,
              240 * std::numeric_limits<double>::epsilon());
}

TEST(ExplainedVariance, RefusesConstantsAndOtherShapes) {
  EXPECT_THROW((void)explained_variance(Matrix::Ones(4, 3), Matrix::Zero(4, 3)), InvalidArgument);
  EXPECT_THROW((void)explained_variance(Matrix::Ones(4, 3), Matrix::Zero(3, 3)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::estimators
