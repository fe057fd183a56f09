#include "twofold/data/dictionary_model.hpp"

#include <cmath>

#include "support.hpp"

namespace twofold::data {
namespace {

DictionaryModel sparse(Index m, Index d, Index k, CodeLaw law = CodeLaw::Sparse) {
  DictionaryModel model;
  model.law = law;
  model.atoms = make_dictionary("random", m, d, 5);
  model.sparsity = k;
  model.low = 1.0;
  model.high = 2.0;
  return model;
}

DictionaryModel mixture(Vector weights, Index d) {
  DictionaryModel model;
  model.law = CodeLaw::Mixture;
  model.atoms = 3.0 * make_dictionary("random", weights.size(), d, 5);
  model.weights = std::move(weights);
  return model;
}

// Codes of the first n samples as rows.
Matrix codes_of(const DictionarySource& source, Index n) {
  Matrix codes = Matrix::Zero(n, source.model().size());
  SparseCode code;
  for (Index i = 0; i < n; ++i) {
    source.code(static_cast<std::uint64_t>(i), code);
    for (std::size_t r = 0; r < code.support.size(); ++r)
      codes(i, code.support[r]) = code.values[r];
  }
  return codes;
}

// The mean of n draws with variance at most `variance` is within 5 standard errors, fixed seed.
void expect_mean(double measured, double mean, double variance, Index n) {
  EXPECT_NEAR(measured, mean, 5.0 * std::sqrt(variance / static_cast<double>(n)) + 1e-15);
}

TEST(DictionaryModel, MomentsAreThoseOfTheUniformLaw) {
  DictionaryModel model = sparse(6, 4, 2, CodeLaw::Nonnegative);
  model.low = 0.5;
  model.high = 2.0;
  EXPECT_EQ(model.absolute_moment(0), 1.0);
  // E U = (a+b)/2, E U² = (a² + ab + b²)/3, E U⁴ = (b⁵ − a⁵)/(5(b − a)); rounding.
  EXPECT_NEAR(model.kappa1(), 1.25, 1e-15);
  EXPECT_NEAR(model.kappa2(), (0.25 + 1.0 + 4.0) / 3.0, 1e-15);
  EXPECT_NEAR(model.absolute_moment(4), (32.0 - 1.0 / 32.0) / 7.5, 1e-14);
  EXPECT_EQ(model.probability(3), 2.0 / 6.0);
  model.low = model.high;
  EXPECT_NEAR(model.kappa2(), 4.0, 1e-15);
  model.law = CodeLaw::Sparse;
  EXPECT_EQ(model.kappa1(), 0.0);
  EXPECT_EQ(mixture(Vector{{0.25, 0.75}}, 3).probability(1), 0.75);
}

TEST(DictionaryModel, WhatIsOutsideTheDomainIsRefused) {
  const auto refuse = [](DictionaryModel model, std::initializer_list<std::string_view> parts) {
    expect_throw<InvalidArgument>([&] { check_model(model, "here"); }, parts);
    expect_throw<InvalidArgument>([&] { DictionarySource(model, 1); }, {"data::DictionarySource"});
  };
  EXPECT_NO_THROW(check_model(sparse(6, 4, 6), "here"));
  DictionaryModel bad = sparse(6, 4, 7);
  refuse(bad, {"[here]", "k = 7", "m = 6"});
  bad.sparsity = 0;
  refuse(bad, {"k = 0"});
  bad = sparse(6, 4, 2);
  bad.atoms.row(3) *= 1.001;
  refuse(bad, {"atom 3", "1.001"});
  bad.atoms(2, 1) = std::nan("");
  refuse(bad, {"atom 2", "not finite"});
  bad.atoms.resize(0, 4);
  refuse(bad, {"0 x 4"});
  bad = sparse(6, 4, 2);
  bad.low = 0.0;
  refuse(bad, {"[0, 2]"});
  bad.low = 3.0;
  refuse(bad, {"[3, 2]"});
  bad = sparse(6, 4, 2);
  bad.noise = -0.1;
  refuse(bad, {"noise", "-0.1"});
  bad = sparse(6, 4, 2);
  bad.weights = Vector::Constant(6, 1.0 / 6.0);
  refuse(bad, {"weights"});
  EXPECT_NO_THROW(check_model(mixture(Vector{{0.5, 0.5}}, 3), "here"));
  refuse(mixture(Vector{{0.5, 0.6}}, 3), {"1.1"});
  refuse(mixture(Vector{{1.0, 0.0}}, 3), {"number 1 is 0"});
  bad = mixture(Vector{{0.5, 0.5}}, 3);
  bad.weights = Vector::Ones(1);
  refuse(bad, {"1 weights", "2 components"});
  bad = mixture(Vector{{0.5, 0.5}}, 3);
  bad.high = 2.0;
  refuse(bad, {"[1, 2]"});
}

TEST(DictionarySource, SupportsAreUniformSubsets) {
  constexpr Index m = 7, k = 3, n = 40'000;
  const Matrix on = codes_of(DictionarySource(sparse(m, 5, k), 2), n).cwiseAbs().cwiseMin(1.0);
  EXPECT_EQ(on.rowwise().sum(), Vector::Constant(n, k));
  const Matrix pairs = on.transpose() * on / n;
  // Every triple of atoms, not only every pair, occurs equally often: 35 of them.
  const double p1 = 3.0 / 7.0, p2 = p1 * 2.0 / 6.0, p3 = p2 * 1.0 / 5.0;
  for (Index i = 0; i < m; ++i) {
    expect_mean(pairs(i, i), p1, p1 * (1.0 - p1), n);
    for (Index j = 0; j < i; ++j) {
      expect_mean(pairs(i, j), p2, p2 * (1.0 - p2), n);
      for (Index l = 0; l < j; ++l) {
        const double together = (on.col(i).array() * on.col(j).array() * on.col(l).array()).mean();
        expect_mean(together, p3, p3 * (1.0 - p3), n);
      }
    }
  }
}

TEST(DictionarySource, CodesHaveTheMomentsOfTheirLaw) {
  constexpr Index n = 40'000;
  for (const CodeLaw law : {CodeLaw::Sparse, CodeLaw::Nonnegative}) {
    const DictionaryModel model = sparse(8, 5, 2, law);
    const Matrix codes = codes_of(DictionarySource(model, 3), n);
    const Index on = 2 * n;  // non-zeros
    const double k1 = model.kappa1(), k2 = model.kappa2(), k4 = model.absolute_moment(4);
    expect_mean(codes.sum() / on, k1, k2 - k1 * k1, on);
    expect_mean(codes.cwiseAbs2().sum() / on, k2, k4 - k2 * k2, on);
    expect_mean(codes.cwiseAbs2().cwiseAbs2().sum() / on, k4, model.absolute_moment(8), on);
    // Entries of one sample are independent: E c_i c_j = P(both) κ₁².
    const Matrix second = codes.transpose() * codes / n;
    const double both = 2.0 / 8.0 * 1.0 / 7.0;
    for (Index j = 1; j < 8; ++j) expect_mean(second(j, j - 1), both * k1 * k1, both * k2 * k2, n);
    const double least = law == CodeLaw::Sparse ? -2.0 : 0.0;
    EXPECT_GE(codes.minCoeff(), least);
    EXPECT_LE(codes.maxCoeff(), 2.0);
    EXPECT_GE((codes.array() == 0.0).select(9.0, codes.cwiseAbs()).minCoeff(), 1.0);
  }
}

TEST(DictionarySource, ComponentsOccurAsOftenAsTheirWeights) {
  constexpr Index n = 40'000;
  const Vector weights{{0.5, 0.01, 0.29, 0.2}};
  const Matrix codes = codes_of(DictionarySource(mixture(weights, 3), 4), n);
  EXPECT_EQ(codes.rowwise().sum(), Vector::Ones(n));
  for (Index j = 0; j < 4; ++j) {
    expect_mean(codes.col(j).mean(), weights[j], weights[j] * (1.0 - weights[j]), n);
  }
}

// E x xᵀ = Aᵀ E[c cᵀ] A + σ² I for every law.
TEST(DictionarySource, SamplesHaveTheSecondMomentOfTheModel) {
  constexpr Index n = 40'000, d = 4;
  for (DictionaryModel model : {sparse(6, d, 2), sparse(6, d, 2, CodeLaw::Nonnegative),
                                mixture(Vector{{0.5, 0.3, 0.2}}, d)}) {
    model.noise = 0.7;
    const double k = static_cast<double>(model.sparsity), m = static_cast<double>(model.size());
    const double both = m > k ? k * (k - 1.0) / (m * (m - 1.0)) : 0.0;
    Matrix code = Matrix::Constant(model.size(), model.size(), both * std::pow(model.kappa1(), 2));
    for (Index j = 0; j < model.size(); ++j) code(j, j) = model.probability(j) * model.kappa2();
    const Matrix expected =
        model.atoms.transpose() * code * model.atoms + 0.49 * Matrix::Identity(d, d);
    const Matrix rows = rows_of(DictionarySource(model, 6), n);
    for (Index i = 0; i < d; ++i) {
      for (Index j = 0; j < d; ++j) {
        const Vector products = rows.col(i).cwiseProduct(rows.col(j));
        // 5 standard errors, estimated from the sample.
        const double variance = products.cwiseAbs2().mean() - std::pow(products.mean(), 2);
        expect_mean(products.mean(), expected(i, j), variance, n);
      }
    }
  }
}

TEST(DictionarySource, ARowIsItsCodeOnTheAtomsPlusNoise) {
  DictionaryModel model = sparse(40, 9, 5);
  const Matrix clean = rows_of(DictionarySource(model, 7), 300);
  const Matrix codes = codes_of(DictionarySource(model, 7), 300);
  // Sums of 5 products, each of size at most 2.
  EXPECT_LT((clean - codes * model.atoms).cwiseAbs().maxCoeff(), 1e-14);
  model.noise = 0.1;
  const Matrix noise = rows_of(DictionarySource(model, 7), 300) - clean;
  const Index numbers = noise.size();
  // Standard errors of mean and variance of N(0, σ²): σ/√n and σ²√(2/n).
  expect_mean(noise.mean(), 0.0, 0.01, numbers);
  expect_mean(noise.cwiseAbs2().mean(), 0.01, 2e-4, numbers);
}

TEST(DictionarySource, IsAFunctionOfSeedSplitAndNumber) {
  DictionaryModel model = sparse(12, 6, 4);
  model.noise = 0.2;
  const DictionarySource source(model, 3), test(model, 3, "test"), other(model, 4);
  const Matrix rows = rows_of(source, 600);
  for (const Index first : {1, 255, 300}) {
    EXPECT_EQ(rows_of(source, 300, static_cast<std::uint64_t>(first)), rows.middleRows(first, 300));
  }
  EXPECT_EQ(rows_of<float>(source, 600), rows.cast<float>());
  EXPECT_EQ(source.size(), kUnlimited);
  EXPECT_THAT(source.description(), testing::HasSubstr("12 atoms in dimension 6, k = 4"));
  SparseCode a, b;
  source.code(17, a);
  EXPECT_TRUE(std::ranges::is_sorted(a.support));
  source.code(18, b);
  source.code(17, b);
  EXPECT_EQ(a.support, b.support);
  EXPECT_EQ(a.values, b.values);
  // Rows of the same number in two splits, or of two seeds, are uncorrelated: the mean of
  // x·y / d over n rows, each of variance (E x_j²)²/d at least, is within 5 standard errors of 0.
  for (const DictionarySource* apart : {&test, &other}) {
    const Vector products = rows.cwiseProduct(rows_of(*apart, 600)).rowwise().sum();
    expect_mean(products.mean(), 0.0, products.cwiseAbs2().mean(), 600);
  }
}

TEST(DictionarySource, AllAtomsAtOnceAndOneAtomWork) {
  SparseCode code;
  DictionarySource(sparse(5, 5, 5), 1).code(0, code);
  EXPECT_THAT(code.support, testing::ElementsAre(0, 1, 2, 3, 4));
  DictionarySource(sparse(1, 3, 1), 1).code(9, code);
  EXPECT_THAT(code.support, testing::ElementsAre(0));
  DictionarySource(mixture(Vector::Ones(1), 3), 1).code(9, code);
  EXPECT_THAT(code.support, testing::ElementsAre(0));
  EXPECT_THAT(code.values, testing::ElementsAre(1.0));
}

}  // namespace
}  // namespace twofold::data
