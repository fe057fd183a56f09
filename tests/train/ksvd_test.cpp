#include "twofold/train/ksvd.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/linalg/svd.hpp"

namespace twofold::train {
namespace {

Matrix gaussian(Index rows, Index cols, std::string_view name) {
  Matrix m(rows, cols);
  RandomStream(2, name).fill_normal(0, std::span(m.data(), static_cast<std::size_t>(m.size())));
  return m;
}

// Two of 40 orthonormal atoms a sample, in dimension 50.
struct Planted {
  Matrix atoms, X;
  explicit Planted(Index N, double noise = 0.0) {
    data::DictionaryModel model;
    model.atoms = atoms = data::make_dictionary("orthonormal", 40, 50, 1);
    model.sparsity = 2;
    model.high = 2.0;
    model.noise = noise;
    X.resize(N, 50);
    data::DictionarySource(model, 1).read(0, View<double>(X));
  }
  // Each atom moved by a random vector of norm about `distance`.
  [[nodiscard]] Matrix near(double distance) const {
    return atoms + distance / std::sqrt(50.0) * gaussian(40, 50, "start");
  }
};

KsvdResult run(const Matrix& X, const Matrix& start, const KsvdOptions& options, int threads = 2) {
  ThreadPool pool(threads);
  return ksvd(X, start, options, pool);
}

TEST(Ksvd, RecoversAPlantedDictionary) {
  const Planted planted(1500);
  const KsvdResult result = run(planted.X, planted.near(0.5), {2, 25});
  const Vector cosines = (result.atoms * planted.atoms.transpose()).diagonal();
  // Without noise the planted atoms are a fixed point, approached by a large factor an iteration
  // once the supports are right: 25 are ample for 1e-12.
  EXPECT_GT(cosines.minCoeff(), 1.0 - 1e-12);
  EXPECT_LT(result.loss.back(), 1e-12 * result.loss.front());
  EXPECT_EQ(result.replaced, 0);
  EXPECT_EQ(result.codes.size(), 2 * 1500);
}

TEST(Ksvd, TheUpdateOfTheAtomsNeverRaisesTheLoss) {
  const Planted planted(300, 0.3);
  const KsvdResult result = run(planted.X, gaussian(40, 50, "start"), {3, 8});
  ASSERT_EQ(result.loss.size(), 8u);
  ASSERT_EQ(result.coding_loss.size(), 8u);
  for (std::size_t t = 0; t < 8; ++t) {
    // The residual is updated 40 times: rounding of 40 sums.
    EXPECT_LE(result.loss[t], result.coding_loss[t] * (1.0 + 1e-13)) << t;
  }
  EXPECT_LT((result.atoms.rowwise().norm().array() - 1.0).abs().maxCoeff(), 1e-14);
  // The last loss is that of the atoms and codes returned.
  Matrix Xhat(300, 50);
  ThreadPool pool(1);
  ops::decode<double>(result.codes, result.atoms, Xhat, pool);
  EXPECT_NEAR(result.loss.back(), (planted.X - Xhat).squaredNorm() / 600.0, 1e-12);
}

// One atom for all samples: power iteration on XᵀX. The ratio of the two largest eigenvalues of 30
// samples in dimension 5 is well below 0.9, and 0.9^400 is below rounding.
TEST(Ksvd, OneAtomBecomesTheFirstSingularVector) {
  Matrix X = gaussian(30, 5, "samples");
  X.col(0) *= 2.0;
  const KsvdResult result = run(X, gaussian(1, 5, "start"), {1, 200});
  const Svd exact = svd(X);
  ASSERT_LT(exact.values[1] / exact.values[0], 0.9);
  EXPECT_NEAR(std::abs(result.atoms.row(0).dot(exact.v.col(0))), 1.0, 1e-13);
  const double rest = X.squaredNorm() - exact.values[0] * exact.values[0];
  EXPECT_NEAR(result.loss.back(), rest / 60.0, 1e-12);
}

TEST(Ksvd, UnusedAtomsBecomeTheWorstExplainedSamples) {
  Matrix X = gaussian(50, 4, "samples");
  X.col(3).setZero();
  X.row(17) = 100.0 * Eigen::RowVectorXd{{1.0, 2.0, -2.0, 0.0}};
  // Atoms 0 and 2 are orthogonal to all samples.
  const Matrix start{{0, 0, 0, 1}, {1, 0, 0, 0}, {0, 0, 0, -1}};
  const KsvdResult result = run(X, start, {1, 1});
  EXPECT_EQ(result.replaced, 2);
  // Sample 17 is explained by the direction it dominates, so any other may be worse; both are some
  // sample's direction, and not the same one.
  const Matrix directions = X.rowwise().normalized();
  for (const Index j : {0, 2}) {
    const Vector cosines = directions * result.atoms.row(j).transpose();
    EXPECT_NEAR(cosines.maxCoeff(), 1.0, 1e-14);
  }
  EXPECT_LT(result.atoms.row(0).dot(result.atoms.row(2)), 1.0 - 1e-9);
}

TEST(Ksvd, WithNothingLeftToExplainUnusedAtomsStay) {
  const Matrix X{{2.0, 0.0}, {-1.0, 0.0}};
  const KsvdResult result = run(X, Matrix{{1, 0}, {0, 1}}, {1, 3});
  EXPECT_EQ(result.replaced, 0);
  EXPECT_EQ(result.atoms, (Matrix{{1, 0}, {0, 1}}));
  EXPECT_EQ(result.loss.back(), 0.0);
}

TEST(Ksvd, BitsDoNotDependOnThePool) {
  const Planted planted(700, 0.1);
  const KsvdResult one = run(planted.X, planted.near(0.8), {2, 3}, 1);
  for (const int threads : {2, 3}) {
    const KsvdResult more = run(planted.X, planted.near(0.8), {2, 3}, threads);
    EXPECT_EQ(one.atoms, more.atoms);
    EXPECT_EQ(one.codes.value, more.codes.value);
    EXPECT_EQ(one.loss, more.loss);
  }
}

TEST(Ksvd, StopsWhenAsked) {
  struct Impatient : Observer {
    std::int64_t seen = 0;
    void progress(const Progress& p) override { seen = p.done; }
    [[nodiscard]] StopRequest stop_requested() const override {
      return seen >= 2 ? StopRequest::Interrupt : StopRequest::None;
    }
  } observer;
  const Planted planted(100);
  ThreadPool pool(1);
  const KsvdResult result = ksvd(planted.X, planted.near(0.5), {2, 20}, pool, observer);
  EXPECT_EQ(result.stop, StopRequest::Interrupt);
  EXPECT_EQ(result.loss.size(), 2u);
}

TEST(Ksvd, BadInputIsRefused) {
  const Matrix X = gaussian(10, 4, "samples"), start = gaussian(6, 4, "start");
  EXPECT_THROW((void)run(X, start, {7, 1}), InvalidArgument);
  EXPECT_THROW((void)run(X, start, {0, 1}), InvalidArgument);
  EXPECT_THROW((void)run(X, start, {1, -1}), InvalidArgument);
  EXPECT_THROW((void)run(X, gaussian(6, 5, "start"), {1, 1}), InvalidArgument);
  EXPECT_THROW((void)run(Matrix(0, 4), start, {1, 1}), InvalidArgument);
  EXPECT_THROW((void)run(X, Matrix::Zero(6, 4), {1, 1}), InvalidArgument);
  Matrix bad = X;
  bad(3, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW((void)run(bad, start, {1, 1}), InvalidArgument);
  EXPECT_EQ(run(X, start, {1, 0}).atoms, start.rowwise().normalized());
}

}  // namespace
}  // namespace twofold::train
