// Starts: distances, shapes, and what each finds.
#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <set>

#include "train/dictionary_problem.hpp"
#include "train/problem.hpp"
#include "twofold/core/error.hpp"

namespace twofold::train {
namespace {

// Share of atoms that some row of W is near: |cos| > limit.
double share_near(const Matrix& W, const Matrix& A, double limit) {
  const Matrix cosine = (A * W.transpose()).cwiseAbs();
  return (cosine.rowwise().maxCoeff().array() > limit).cast<double>().mean();
}

// Rounding of norms of 40 numbers.
void expect_unit_rows(const Matrix& W) {
  EXPECT_LT((W.rowwise().norm().array() - 1).abs().maxCoeff(), 1e-14);
}

TEST(NearStart, IsAtTheDistanceOfEveryAtom) {
  Matrix atoms = data::make_dictionary("random", 30, 40, 1);
  atoms.row(3) *= 7;
  for (const double distance : {0.0, 1e-6, 0.3, 1.0, std::sqrt(2.0)}) {
    const Matrix start = near_start(atoms, distance, 2);
    expect_unit_rows(start);
    const Matrix unit = atoms.rowwise().normalized();
    // Rounding of a difference of unit vectors of 40 numbers.
    EXPECT_LT(((start - unit).rowwise().norm().array() - distance).abs().maxCoeff(), 1e-14)
        << distance;
  }
  EXPECT_FALSE(same_bits(near_start(atoms, 0.3, 2), near_start(atoms, 0.3, 3)));
}

TEST(NearStart, RefusesDistancesThatUnitVectorsCannotHave) {
  const Matrix atoms = data::make_dictionary("random", 3, 4, 1);
  EXPECT_THROW((void)near_start(atoms, -0.1, 1), InvalidArgument);
  EXPECT_THROW((void)near_start(atoms, 1.5, 1), InvalidArgument);
  EXPECT_THROW((void)near_start(atoms, std::nan(""), 1), InvalidArgument);
  EXPECT_THROW((void)near_start(Matrix::Zero(3, 4), 0.1, 1), InvalidArgument);
  EXPECT_THROW((void)near_start(Matrix::Ones(3, 1), 0.1, 1), InvalidArgument);
}

TEST(SampleStart, TakesDifferentRowsThatAreNotZero) {
  Matrix X = Matrix::Zero(50, 6);
  // Row 2i is i + 1 times a vector that only it has; odd rows are 0.
  const Matrix directions = data::make_dictionary("random", 25, 6, 1);
  for (Index i = 0; i < 25; ++i) X.row(2 * i) = static_cast<double>(i + 1) * directions.row(i);
  const Matrix start = sample_start(X, 25, 3);
  std::set<Index> taken;
  for (Index i = 0; i < 25; ++i) {
    Index nearest = 0;
    (directions * start.row(i).transpose()).maxCoeff(&nearest);
    // Rounding of one division.
    EXPECT_LT((directions.row(nearest) - start.row(i)).norm(), 1e-14);
    taken.insert(nearest);
  }
  EXPECT_EQ(taken.size(), 25U);
  EXPECT_THROW((void)sample_start(X, 26, 3), InvalidArgument);
}

// Tight clusters far apart: D² sampling takes one of each, with probability 1 − 1e-6 or so a draw.
TEST(KmeansStart, TakesOneSampleOfEachTightCluster) {
  ThreadPool pool(2);
  const auto model = mixture("random", 12, 40, 1e-3, 5);
  const Matrix X = samples(model, 500, 5);
  const Matrix start = kmeans_start(X, 12, 3, 6, pool);
  expect_unit_rows(start);
  EXPECT_EQ(share_near(start, model.atoms, 0.999), 1);

  // In the span of twelve principal directions, which is nearly that of the means. Samples have a
  // norm of σ√28 = 5.3e-3 outside it.
  const Matrix outside = start - start * model.atoms.transpose() *
                                     (model.atoms * model.atoms.transpose()).inverse() *
                                     model.atoms;
  EXPECT_LT(outside.rowwise().norm().maxCoeff(), 2.5e-3);
}

TEST(KmeansStart, KeepsNormsIfAskedAndBearsEqualRows) {
  ThreadPool pool(1);
  // With m >= d nothing is projected: centres are rows, bit for bit.
  Matrix X(4, 2);
  X << 3, 0, 0, 5, 3, 0, 0, 0;
  const Matrix start = kmeans_start(X, 3, 2, 1, pool, false);
  std::set<double> norms;
  for (Index i = 0; i < 3; ++i) norms.insert(start.row(i).norm());
  EXPECT_EQ(norms, (std::set<double>{0, 3, 5}));
  // Two directions for three centres: one twice.
  const Matrix unit = kmeans_start(X, 3, 2, 1, pool);
  EXPECT_LT((unit.rowwise().norm().array() - 1).abs().maxCoeff(), 1e-15);
  EXPECT_THROW((void)kmeans_start(X, 4, 2, 1, pool), InvalidArgument);
  EXPECT_THROW((void)kmeans_start(X, 5, 2, 1, pool, false), InvalidArgument);
  EXPECT_THROW((void)kmeans_start(X, 0, 2, 1, pool), InvalidArgument);
  EXPECT_THROW((void)kmeans_start(X, 2, 0, 1, pool), InvalidArgument);
}

// d = 128, m = 48, k = 3: 45 to 48 atoms of 48 in the measurements behind the method.
TEST(FourthMomentStart, FindsMostAtomsOfRandomSign) {
  ThreadPool pool(2);
  const auto model = sparse("random", 48, 128, 3, 0.05, 1);
  const auto start = fourth_moment_start(samples(model, 4000, 1), 48, 2, pool);
  expect_unit_rows(start.atoms);
  EXPECT_GE(share_near(start.atoms.topRows(start.found), model.atoms, 0.85), 44.0 / 48);
  EXPECT_EQ(static_cast<Index>(start.scores.size()), start.found);
  EXPECT_TRUE(std::is_sorted(start.scores.rbegin(), start.scores.rend()));
  // Taken ones differ.
  Matrix cosine = (start.atoms * start.atoms.transpose()).topLeftCorner(start.found, start.found);
  cosine.diagonal().setZero();
  EXPECT_LT(cosine.cwiseAbs().maxCoeff(), 0.755);
}

// 500 pairs leave 8 to 13 of 48 bad in those measurements; samples alone have none near.
TEST(SpectralStart, FindsMostAtomsFromPairsThatShareOne) {
  ThreadPool pool(2);
  const auto model = sparse("random", 48, 128, 3, 0, 1);
  const Matrix X = samples(model, 3000, 1);
  const auto start = spectral_start(X, 48, 3, 500, 2, pool);
  expect_unit_rows(start.atoms);
  EXPECT_GE(share_near(start.atoms, model.atoms, 0.85), 32.0 / 48);
  EXPECT_LE(share_near(sample_start(X, 48, 2), model.atoms, 0.85), 2.0 / 48);
  EXPECT_TRUE(std::is_sorted(start.scores.rbegin(), start.scores.rend()));
}

// Six rows have 15 pairs; 300 draws miss one with probability 15 (14/15)^300 = 2e-8. The best gap
// |λ₁| − |λ₂| of them all and its eigenvector, by the dense decomposition; eigenvalues have both
// signs. In five dimensions Lanczos is exact: rounding.
TEST(SpectralStart, RanksPairsByTheGapOfTheirMoment) {
  ThreadPool pool(1);
  const Matrix X = 3 * data::make_dictionary("random", 6, 5, 7);
  double best = -1;
  Vector atom;
  for (Index u = 0; u < 6; ++u) {
    for (Index v = 0; v < u; ++v) {
      Matrix M = Matrix::Zero(5, 5);
      for (Index s = 0; s < 6; ++s) {
        if (s == u || s == v) continue;
        M += X.row(s).dot(X.row(u)) * X.row(s).dot(X.row(v)) * X.row(s).transpose() * X.row(s) / 6;
      }
      const Eigen::SelfAdjointEigenSolver<Matrix> eigen(M);
      Vector sizes = eigen.eigenvalues().cwiseAbs();
      Index top = 0;
      const double first = sizes.maxCoeff(&top);
      sizes(top) = 0;
      if (first - sizes.maxCoeff() <= best) continue;
      best = first - sizes.maxCoeff();
      atom = eigen.eigenvectors().col(top);
    }
  }
  const auto start = spectral_start(X, 3, 1, 300, 4, pool);
  ASSERT_GE(start.found, 1);
  EXPECT_NEAR(start.scores[0], best, 1e-12 * best);
  EXPECT_NEAR(std::abs(start.atoms.row(0).dot(atom)), 1, 1e-12);
}

// Moments of rank one and zero: orthogonal rows share nothing.
TEST(SpectralStart, BearsMomentsThatVanish) {
  ThreadPool pool(1);
  Matrix X = Matrix::Zero(40, 3);
  for (Index s = 0; s < 39; ++s) X(s, s % 2) = s % 3 == 0 ? -1 : 1;
  const auto start = spectral_start(X, 2, 1, 200, 4, pool);
  expect_unit_rows(start.atoms);
  // The axes are the only eigenvectors of moments that are not 0.
  EXPECT_EQ(share_near(start.atoms, Matrix::Identity(2, 3), 1 - 1e-12), 1);
}

TEST(Starts, GiveTheSameBitsOnAnyNumberOfThreads) {
  const auto model = sparse("random", 20, 24, 2, 0.05, 1);
  const Matrix X = samples(model, 2500, 1);
  ThreadPool one(1), three(3);
  EXPECT_TRUE(same_bits(kmeans_start(X, 20, 3, 2, one), kmeans_start(X, 20, 3, 2, three)));
  EXPECT_TRUE(same_bits(spectral_start(X, 20, 2, 70, 2, one).atoms,
                        spectral_start(X, 20, 2, 70, 2, three).atoms));
  EXPECT_TRUE(same_bits(fourth_moment_start(X, 20, 2, one, 3).atoms,
                        fourth_moment_start(X, 20, 2, three, 3).atoms));
}

TEST(Starts, RefuseWhatIsOutsideTheirDomain) {
  ThreadPool pool(1);
  const Matrix X = Matrix::Ones(5, 3);
  EXPECT_THROW((void)spectral_start(X, 6, 1, 10, 1, pool), InvalidArgument);
  EXPECT_THROW((void)spectral_start(X, 2, 0, 10, 1, pool), InvalidArgument);
  EXPECT_THROW((void)spectral_start(X, 2, 1, -1, 1, pool), InvalidArgument);
  EXPECT_THROW((void)spectral_start(X.topRows(1), 1, 1, 1, 1, pool), InvalidArgument);
  EXPECT_THROW((void)fourth_moment_start(X, 6, 1, pool), InvalidArgument);
  EXPECT_THROW((void)fourth_moment_start(X, 0, 1, pool), InvalidArgument);
}

}  // namespace
}  // namespace twofold::train
