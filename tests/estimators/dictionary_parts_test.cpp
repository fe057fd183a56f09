#include <gtest/gtest.h>

#include <cmath>

#include "estimators/dictionary_gate.hpp"
#include "estimators/dictionary_sparsity.hpp"
#include "estimators/dictionary_training.hpp"
#include "planted.hpp"
#include "twofold/estimators/dictionary_expectation.hpp"
#include "twofold/estimators/dictionary_metrics.hpp"

namespace twofold::estimators {
namespace {

using data::CodeLaw;

MatrixF normalised(const Planted& data) {
  const Matrix X = all_rows(*data.rows);
  return (X / std::sqrt(X.squaredNorm() / static_cast<double>(X.rows()))).cast<float>();
}

// Of 4 true atoms the first dictionary has 0, 1, 2 and a mixture, the second 0, 1, 3 and noise.
TEST(MergeAtoms, TakesWhatExplainsMoreWhereTwoDisagree) {
  const Planted data = planted(CodeLaw::Sparse, 40, 4, 1, 0.01, 400);
  const MatrixF A = data.model.atoms.cast<float>();
  MatrixF first = A, second = A;
  first.row(3) = (A.row(2) + A.row(0)).normalized();
  second.row(2) = -A.row(3);
  second.row(3) = MatrixF::Random(1, 40).row(0).normalized();
  ThreadPool pool(1);
  const MergedAtoms merged = merge_atoms(first, second, normalised(data), largest(1, false), pool);
  EXPECT_EQ(merged.agreed, 2);
  EXPECT_EQ(merged.exchanged, 1);
  EXPECT_EQ(match_atoms(merged.atoms.cast<double>(), data.model.atoms, true).recovered, 1.0);
}

TEST(MergeAtoms, EqualDictionariesStayAsTheyAre) {
  const Planted data = planted(CodeLaw::Sparse, 20, 5, 1, 0.01, 100);
  const MatrixF A = data.model.atoms.cast<float>();
  ThreadPool pool(1);
  const MergedAtoms merged =
      merge_atoms(A, -A.colwise().reverse(), normalised(data), largest(1, false), pool);
  EXPECT_EQ(merged.agreed, 5);
  EXPECT_EQ(merged.exchanged, 0);
  EXPECT_EQ(merged.atoms, A);
}

TEST(ChooseSparsity, FindsThePeakAtTheTruth) {
  ThreadPool pool(2);
  for (const Index k : {1, 3}) {
    const Planted data = planted(CodeLaw::Sparse, 64, 24, k, 0.03, 2500);
    DeadlineObserver observer(no_observer(), 0.0);
    const SparsityChoice choice = choose_sparsity(normalised(data), 24, false, 1, pool, observer);
    EXPECT_EQ(choice.sparsity, k);
    EXPECT_TRUE(choice.peak);
  }
}

TEST(ChooseSparsity, GaussianRowsHaveNoPeak) {
  const RandomStream stream(1, "dictionary_parts.test");
  MatrixF X(1500, 24);
  for (Index i = 0; i < X.size(); ++i) {
    X.data()[i] =
        static_cast<float>(stream.normal(static_cast<std::uint64_t>(i)) / std::sqrt(24.0));
  }
  ThreadPool pool(2);
  DeadlineObserver observer(no_observer(), 0.0);
  const SparsityChoice choice = choose_sparsity(X, 16, false, 1, pool, observer);
  EXPECT_FALSE(choice.peak);
}

TEST(ChooseGate, MeasuresTheTwoModes) {
  const Planted data = planted(CodeLaw::Sparse, 200, 10, 2, 0.02, 2000);
  const MatrixF X = all_rows(*data.rows).cast<float>();
  ThreadPool pool(1);
  const GateChoice choice = choose_gate(X, data.model.atoms.cast<float>(), 2, false, pool);
  // Theory: √(k κ₂/d + σ²) for idle units, for random atoms; 10 atoms spread by √(2/90) = 15 %.
  EXPECT_NEAR(choice.cross_talk, std::sqrt(2.0 / 200 + 0.0004), 0.15 * 0.102 * 2);
  // κ₂ + (k − 1)/d + σ² = 1.005; a pair of atoms differs by its own ⟨a_i, a_j⟩.
  EXPECT_NEAR(choice.amplitude, 1.0, 0.02);
  EXPECT_GT(choice.largest, 1.0);
  EXPECT_GT(choice.valley, 3.0 * choice.cross_talk);
  EXPECT_LT(choice.valley, 0.95);
}

TEST(ExpectDictionary, WithoutNoiseAndCrossTalkAllIsExplained) {
  const auto e = expect_dictionary({.dimension = 50, .atoms = 20, .sparsity = 1, .rows = 1000});
  // k = 1: no atom disturbs another, no noise: exact in closed form.
  EXPECT_NEAR(e.explained_variance, 1.0, 1e-12);
  EXPECT_NEAR(e.mean_cosine, 1.0, 1e-12);
  EXPECT_EQ(e.value("floor"), 0.0);
  EXPECT_TRUE(std::isnan(e.value("no such line")));
}

TEST(ExpectDictionary, IsTheSameInAnyUnit) {
  DictionaryAssumptions a{.dimension = 64, .atoms = 48, .sparsity = 3, .noise = 0.05, .rows = 5000};
  const auto one = expect_dictionary(a);
  a.amplitude = 40.0;
  a.noise = 2.0;
  const auto other = expect_dictionary(a);
  // Quotients of rounded numbers.
  EXPECT_NEAR(other.explained_variance, one.explained_variance, 1e-12);
  EXPECT_NEAR(other.mean_cosine, one.mean_cosine, 1e-12);
  EXPECT_NEAR(other.consistency, one.consistency, 1e-12);
}

// The true atoms with the true supports lose (k − 1)/d to cross-talk in the codes; learned ones,
// off by 2 (1 − cos) each, that much more.
TEST(ExpectDictionary, CrossTalkCostsWhatItDoesOnSamples) {
  constexpr Index d = 64, m = 48, k = 3;
  const auto e = expect_dictionary({.dimension = d, .atoms = m, .sparsity = k, .rows = 100'000});
  const Planted data = planted(CodeLaw::Sparse, d, m, k, 0.0, 4000);
  const Matrix X = all_rows(*data.rows);
  ThreadPool pool(2);
  ops::SparseCodes<double> codes;
  ops::encode<double>(X, data.model.atoms, largest(k, false), codes, pool);
  Matrix Xhat(X.rows(), d);
  ops::decode<double>(codes, data.model.atoms, Xhat, pool);
  // Of 2/64: 48 random atoms have a mean square coherence off by √2/48, codes of 4000 rows and a
  // few wrong supports 5 %.
  EXPECT_NEAR(e.explained_variance + 2 * (1 - e.mean_cosine), explained_variance(X, Xhat),
              0.1 * 2 / 64);
}

// For a mixture σ²(d−1)(1+σ²)/(N p) an atom, and rows lose σ²(d−1) and that.
TEST(ExpectDictionary, MixturesHaveTheirClosedForm) {
  const auto e = expect_dictionary(
      {.kind = DictionaryKind::Mixture, .dimension = 100, .atoms = 10, .noise = 0.1, .rows = 3000});
  const double atom = 10.0 * 99.0 * 0.01 * 1.01 / 3000.0;
  // The decoder's gradient drops the factor 1 + σ² in some forms: 1 % of the atom's error.
  EXPECT_NEAR(e.mean_cosine, 1.0 - 0.5 * atom, 0.01 * atom);
  EXPECT_NEAR(e.explained_variance, 1.0 - (0.99 + atom) / 2.0, 0.01 * atom);
}

TEST(ExpectDictionary, SubspaceIsTheShareOfItsEigenvalues) {
  const auto e = expect_dictionary({.kind = DictionaryKind::Subspace,
                                    .dimension = 3,
                                    .atoms = 2,
                                    .spectrum = Vector{{5, 3, 2}}});
  EXPECT_DOUBLE_EQ(e.explained_variance, 0.8);
  EXPECT_TRUE(std::isnan(e.mean_cosine));
}

}  // namespace
}  // namespace twofold::estimators
