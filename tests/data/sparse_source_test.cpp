#include "twofold/data/sparse_source.hpp"

#include <cmath>

#include "support.hpp"
#include "twofold/data/dataset.hpp"

namespace twofold::data {
namespace {

TEST(SparseSource, CoordinatesAreUncorrelatedWithVarianceOne) {
  constexpr Index d = 5, n = 40'000;
  const double p = 0.2;
  const Matrix rows = rows_of(SparseSource(ScalarPrior::sparse_gaussian(p), d, 4), n);
  const Matrix second = rows.transpose() * rows / n;
  for (Index j = 0; j < d; ++j) {
    // 5 standard errors with E x⁴ = 3/p, fixed seed.
    EXPECT_NEAR(rows.col(j).mean(), 0.0, 5.0 / std::sqrt(1.0 * n));
    for (Index k = 0; k < d; ++k) {
      const double variance = j == k ? 3.0 / p - 1.0 : 1.0;
      EXPECT_NEAR(second(j, k), j == k ? 1.0 : 0.0, 5.0 * std::sqrt(variance / n));
    }
  }
}

TEST(SparseSource, IsAFunctionOfSeedSplitAndNumber) {
  const ScalarPrior prior = ScalarPrior::sparse_laplace(0.5);
  const SparseSource source(prior, 7, 3), test(prior, 7, 3, "test"), other(prior, 7, 4);
  const Matrix rows = rows_of(source, 20);
  EXPECT_EQ(rows_of(source, 4, 9), rows.middleRows(9, 4));
  EXPECT_NE(rows_of(test, 20), rows);
  EXPECT_NE(rows_of(other, 20), rows);
  EXPECT_EQ(rows_of<float>(source, 20), rows.cast<float>());
  EXPECT_EQ(source.size(), kUnlimited);
  EXPECT_THAT(source.description(), testing::HasSubstr("sparse Laplace, p = 0.5"));
  expect_throw<InvalidArgument>([&] { SparseSource(prior, 0, 1); }, {"dimension", "0"});
}

TEST(SparseSource, IsOpenedByName) {
  ThreadPool pool(2);
  SourceOptions options;
  options.dimension = 4;
  options.sparsity = 0.25;
  options.mixture = 0.5;
  options.beta = 2.0;
  const std::vector<std::pair<std::string, ScalarPrior>> known{
      {"sparse_gaussian", ScalarPrior::sparse_gaussian(0.25)},
      {"sparse_rademacher", ScalarPrior::sparse_rademacher(0.25)},
      {"sparse_laplace", ScalarPrior::sparse_laplace(0.25)},
      {"sparse_mixture", ScalarPrior::sparse_mixture(0.25, 0.5)},
      {"sparse_beta", ScalarPrior::sparse_beta(0.25, 2.0)}};
  for (const auto& [name, prior] : known) {
    options.source = name;
    const Dataset set = open_dataset(options, 9, pool);
    EXPECT_EQ(rows_of(*set.train, 10), rows_of(SparseSource(prior, 4, 9, "train"), 10)) << name;
    EXPECT_EQ(rows_of(*set.test, 10), rows_of(SparseSource(prior, 4, 9, "test"), 10)) << name;
    EXPECT_EQ(set.prior.value().name(), prior.name());
    EXPECT_EQ(set.spectrum, Vector::Ones(4));
  }
  options.transforms = {"scale:2"};
  EXPECT_FALSE(open_dataset(options, 9, pool).prior.has_value());
  options.transforms.clear();
  options.sparsity = 1.5;
  const auto open = [&] { (void)open_dataset(options, 9, pool); };
  expect_throw<InvalidArgument>(open, {"1.5"});
  options.sparsity = 0.5;
  options.dimension = 0;
  expect_throw<InvalidArgument>(open, {"sparse_beta needs dimension >= 1"});
}

TEST(SparseSource, GaussianByDimensionAloneIsIsotropic) {
  ThreadPool pool(1);
  SourceOptions options;
  options.dimension = 3;
  const Dataset set = open_dataset(options, 9, pool);
  EXPECT_EQ(set.spectrum, Vector::Ones(3));
  EXPECT_EQ(set.prior.value().name(), "Gaussian");
  options.noise = 0.5;
  EXPECT_FALSE(open_dataset(options, 9, pool).prior.has_value());
}

}  // namespace
}  // namespace twofold::data
