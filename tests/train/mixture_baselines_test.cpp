#include "twofold/train/mixture_baselines.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"
#include "twofold/data/dictionary_model.hpp"

namespace twofold::train {
namespace {

// Samples of a mixture, and what their true labels say about it.
struct Clusters {
  data::DictionaryModel model;
  Matrix X, means, variances;
  Vector weights;

  Clusters(Index N, double noise) {
    constexpr Index m = 4, d = 10;
    model.law = data::CodeLaw::Mixture;
    model.atoms = data::make_dictionary("orthonormal", m, d, 1);
    model.weights = Vector{{0.1, 0.2, 0.3, 0.4}};
    model.noise = noise;
    const data::DictionarySource source(model, 1);
    X.resize(N, d);
    source.read(0, View<double>(X));
    means = variances = Matrix::Zero(m, d);
    weights = Vector::Zero(m);
    data::SparseCode code;
    std::vector<Index> label;
    for (Index s = 0; s < N; ++s) {
      source.code(static_cast<std::uint64_t>(s), code);
      label.push_back(code.support.front());
      weights[label.back()] += 1.0;
      means.row(label.back()) += X.row(s);
    }
    means.array().colwise() /= weights.array();
    for (Index s = 0; s < N; ++s) {
      const Index j = label[static_cast<std::size_t>(s)];
      variances.row(j) += (X.row(s) - means.row(j)).cwiseAbs2();
    }
    variances.array().colwise() /= weights.array();
    weights /= static_cast<double>(N);
  }
};

// Means are √2 apart, 14 deviations at σ = 0.1: no sample of 2000 is nearer to another mean (the
// chance is 2000 · 3 · Q(7) = 1e-8), and posterior probabilities differ from 0 and 1 by far less.
TEST(Lloyd, SeparateClustersEndAtTheirAverages) {
  const Clusters c(2000, 0.1);
  const MixtureFit fit = lloyd(c.X, c.model.atoms.array() + 0.1, 20);
  EXPECT_EQ(fit.status, SolveStatus::Converged);
  // Rounding of sums of up to 800 numbers.
  EXPECT_LT((fit.means - c.means).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LT((fit.weights - c.weights).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_LT((fit.variances - c.variances).cwiseAbs().maxCoeff(), 1e-13);
}

TEST(ExpectationMaximisation, SeparateClustersEndAtTheirAverages) {
  const Clusters c(2000, 0.1);
  const MixtureFit fit = expectation_maximisation(c.X, c.model.atoms.array() + 0.1, 40);
  EXPECT_EQ(fit.status, SolveStatus::Converged);
  // A sample's posterior of a wrong cluster is exp(−(distance² difference)/2σ²), at 2000 samples
  // below exp(−30) even for the worst.
  EXPECT_LT((fit.means - c.means).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((fit.weights - c.weights).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_LT((fit.variances - c.variances).cwiseAbs().maxCoeff(), 1e-9);
}

// One iteration written out, with clusters that overlap.
TEST(ExpectationMaximisation, OneIterationIsTheTextbooks) {
  const Clusters c(300, 0.8);
  const Matrix start = 0.7 * c.model.atoms;
  const MixtureFit fit = expectation_maximisation(c.X, start, 1);
  const Index N = c.X.rows(), m = start.rows(), d = start.cols();
  Matrix square(N, m);
  for (Index j = 0; j < m; ++j) {
    square.col(j) = (c.X.rowwise() - start.row(j)).rowwise().squaredNorm();
  }
  const double variance = square.rowwise().minCoeff().sum() / static_cast<double>(N * d);
  Matrix posterior = (-square / (2.0 * variance)).array().exp();
  posterior.array().colwise() /= posterior.rowwise().sum().eval().array();
  const Vector mass = posterior.colwise().sum();
  Matrix means = posterior.transpose() * c.X;
  means.array().colwise() /= mass.array();
  Matrix variances = posterior.transpose() * c.X.cwiseAbs2();
  variances.array().colwise() /= mass.array();
  variances -= means.cwiseAbs2();
  // Rounding of 300 exponentials and their sums.
  EXPECT_LT((fit.means - means).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((fit.variances - variances).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_LT((fit.weights - mass / static_cast<double>(N)).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_EQ(fit.status, SolveStatus::MaxIterations);
}

// Errors of the means add up to (d) σ²/(N p_j) for each, as for known labels; χ² with 10 degrees of
// freedom stays below 35 with chance 1 − 1e-4.
TEST(MixtureBaselines, BothAreNearTheTruth) {
  const Clusters c(2000, 0.1);
  for (const MixtureFit& fit :
       {lloyd(c.X, c.model.atoms, 20), expectation_maximisation(c.X, c.model.atoms, 20)}) {
    for (Index j = 0; j < 4; ++j) {
      const double unit = 0.01 / (2000.0 * c.model.weights[j]);
      EXPECT_LT((fit.means.row(j) - c.model.atoms.row(j)).squaredNorm(), 35.0 * unit) << j;
    }
  }
}

TEST(Lloyd, EmptyClustersAreRefilled) {
  const Clusters c(400, 0.1);
  Matrix start = c.model.atoms;
  start.row(2).setConstant(50.0);  // no sample is near
  const MixtureFit fit = lloyd(c.X, start, 30);
  EXPECT_TRUE(fit.means.allFinite());
  EXPECT_LT(fit.means.row(2).norm(), 2.0);
  EXPECT_GT(fit.weights.minCoeff(), 0.0);
  EXPECT_NEAR(fit.weights.sum(), 1.0, 1e-15);
}

TEST(MixtureBaselines, TheSameBitsEachTime) {
  const Clusters c(500, 0.6);
  Matrix start = c.model.atoms;
  start.row(1).setConstant(50.0);
  EXPECT_EQ(lloyd(c.X, start, 7).means, lloyd(c.X, start, 7).means);
  const MixtureFit a = expectation_maximisation(c.X, start, 7);
  const MixtureFit b = expectation_maximisation(c.X, start, 7);
  EXPECT_EQ(a.means, b.means);
  EXPECT_EQ(a.variances, b.variances);
}

TEST(MixtureBaselines, WithoutIterationsTheStartIsDescribed) {
  const Clusters c(200, 0.1);
  const MixtureFit described = lloyd(c.X, c.model.atoms, 0);
  EXPECT_EQ(described.means, c.model.atoms);
  // About the clusters' averages, not about the start: rounding of sums of 80 numbers.
  EXPECT_LT((described.variances - c.variances).cwiseAbs().maxCoeff(), 1e-15);
  const MixtureFit fit = expectation_maximisation(c.X, c.model.atoms, 0);
  EXPECT_EQ(fit.means, c.model.atoms);
  EXPECT_EQ(fit.weights, Vector::Constant(4, 0.25));
  // σ² from 2000 numbers: standard error σ² √(2/2000), 5 of them.
  EXPECT_NEAR(fit.variances(0, 0), 0.01, 5.0 * 0.01 * std::sqrt(2.0 / 2000.0));
}

TEST(MixtureBaselines, SamplesThatAreTheMeansAreAFixedPoint) {
  const Matrix X{{1.0, 0.0}, {0.0, 2.0}};
  const MixtureFit fit = expectation_maximisation(X, X, 5);
  EXPECT_EQ(fit.status, SolveStatus::Converged);
  EXPECT_EQ(fit.means, X);
  EXPECT_EQ(lloyd(X, X, 5).status, SolveStatus::Converged);
}

TEST(MixtureBaselines, BadInputIsRefused) {
  const Clusters c(50, 0.1);
  for (const auto fit : {&lloyd, &expectation_maximisation}) {
    EXPECT_THROW((void)fit(c.X, Matrix::Zero(51, 10), 1), InvalidArgument);
    EXPECT_THROW((void)fit(c.X, Matrix::Zero(3, 9), 1), InvalidArgument);
    EXPECT_THROW((void)fit(c.X, c.model.atoms, -1), InvalidArgument);
    Matrix bad = c.X;
    bad(4, 4) = std::numeric_limits<double>::quiet_NaN();
    EXPECT_THROW((void)fit(bad, c.model.atoms, 1), InvalidArgument);
  }
}

}  // namespace
}  // namespace twofold::train
