#include "twofold/data/sampler.hpp"

#include <cmath>
#include <set>

#include "support.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/gaussian.hpp"

namespace twofold::data {
namespace {

// Row i holds i + 1, so that a batch tells which samples it drew.
ArraySource<double> numbered(Index n) {
  return ArraySource<double>(Matrix(Vector::LinSpaced(n, 1.0, static_cast<double>(n))));
}

template <typename Scalar = double>
MatrixOf<Scalar> batch_of(const BatchSampler& sampler, std::uint64_t step, int threads = 1) {
  ThreadPool pool(threads);
  MatrixOf<Scalar> rows(sampler.options().batch, sampler.source().dimension());
  sampler.fill<Scalar>(step, rows, pool);
  return rows;
}

TEST(BatchSampler, IsAFunctionOfSeedAndStepOnly) {
  const auto source = Gaussian::with_spectrum(Vector::Ones(3), 1);
  const auto finite = numbered(1000);
  for (const std::string order : {"iid", "shuffle"}) {
    for (const Source* from :
         {static_cast<const Source*>(&source), static_cast<const Source*>(&finite)}) {
      const BatchOptions options{
          .batch = 70, .mirrored = true, .random_signs = true, .order = order};
      const BatchSampler sampler(*from, options, 5), again(*from, options, 5);
      (void)batch_of(again, 3);  // what was drawn before is of no influence
      const Matrix expected = batch_of(sampler, 8);
      for (const int threads : {1, 2, 3, 8}) EXPECT_EQ(batch_of(again, 8, threads), expected);
      EXPECT_NE(batch_of(sampler, 9), expected);
      EXPECT_NE(batch_of(BatchSampler(*from, options, 6), 8), expected);
    }
  }
}

TEST(BatchSampler, UnlimitedSourcesAreAlwaysFresh) {
  const auto source = Gaussian::with_spectrum(Vector::Ones(3), 1);
  const BatchSampler sampler(source, {.batch = 4}, 5);
  EXPECT_EQ(batch_of(sampler, 0), rows_of(source, 4, 0));
  EXPECT_EQ(batch_of(sampler, 7), rows_of(source, 4, 28));
  const BatchSampler mirrored(source, {.batch = 4, .mirrored = true}, 5);
  EXPECT_EQ(mirrored.draws(), 2);
  EXPECT_EQ(batch_of(mirrored, 7).topRows(2), rows_of(source, 2, 14));
}

TEST(BatchSampler, MirroredPairsAreExactlyOpposite) {
  const auto source = Gaussian::with_spectrum(Vector::Ones(3), 1);
  for (const bool signs : {false, true}) {
    const BatchSampler sampler(source, {.batch = 50, .mirrored = true, .random_signs = signs}, 5);
    const Matrix rows = batch_of(sampler, 2);
    EXPECT_EQ(rows.topRows(25), -rows.bottomRows(25));
    const MatrixF narrow = batch_of<float>(sampler, 2);
    EXPECT_EQ(narrow.topRows(25), -narrow.bottomRows(25));
  }
}

TEST(BatchSampler, ShuffledEpochsVisitEachRowOnce) {
  const auto source = numbered(30);
  const BatchSampler sampler(source, {.batch = 12, .order = "shuffle"}, 5);
  std::vector<double> drawn;  // 5 batches are 2 epochs; the third straddles them
  for (std::uint64_t step = 0; step < 5; ++step) {
    const Matrix rows = batch_of(sampler, step);
    drawn.insert(drawn.end(), rows.data(), rows.data() + rows.size());
  }
  const std::vector<double> first(drawn.begin(), drawn.begin() + 30);
  const std::vector<double> second(drawn.begin() + 30, drawn.end());
  EXPECT_EQ(std::set<double>(first.begin(), first.end()).size(), 30u);
  EXPECT_EQ(std::set<double>(second.begin(), second.end()).size(), 30u);
  EXPECT_NE(first, second);
  EXPECT_FALSE(std::is_sorted(first.begin(), first.end()));
}

TEST(BatchSampler, IidDrawsAreUniform) {
  constexpr Index n = 10, draws = 20'000;
  const auto source = numbered(n);
  const Matrix rows = batch_of(BatchSampler(source, {.batch = draws}, 5), 0);
  for (Index i = 1; i <= n; ++i) {
    const auto count = static_cast<double>((rows.array() == static_cast<double>(i)).count());
    // Binomial: variance draws p (1 - p); 5 standard errors.
    EXPECT_NEAR(count, draws * 0.1, 5 * std::sqrt(draws * 0.1 * 0.9)) << "sample " << i;
  }
}

TEST(BatchSampler, SignsAreBalancedAndIndependentOfTheDraw) {
  constexpr Index draws = 20'000;
  const auto source = numbered(10);
  const Matrix plain = batch_of(BatchSampler(source, {.batch = draws}, 5), 0);
  const Matrix signs = batch_of(BatchSampler(source, {.batch = draws, .random_signs = true}, 5), 0)
                           .cwiseQuotient(plain);
  EXPECT_TRUE((signs.array().abs() == 1.0).all());
  // Mean of ±1: standard error 1/√draws, 5 of them.
  EXPECT_NEAR(signs.mean(), 0.0, 5 / std::sqrt(1.0 * draws));
  // E sign·(x − 5.5) = 0, variance of x uniform on 1..10 is 8.25.
  EXPECT_NEAR((signs.array() * (plain.array() - 5.5)).mean(), 0.0, 5 * std::sqrt(8.25 / draws));
}

TEST(BatchSampler, SinglePrecisionDrawsTheSameSamples) {
  const auto source = numbered(100);
  const BatchSampler sampler(source, {.batch = 40, .random_signs = true}, 5);
  EXPECT_EQ(batch_of<float>(sampler, 3).cast<double>(), batch_of(sampler, 3));
}

TEST(BatchSampler, RefusesBadOptionsAndShapes) {
  const auto source = numbered(10);
  const auto with = [&](BatchOptions options) {
    return [&, options] { BatchSampler(source, options, 1); };
  };
  expect_throw<InvalidArgument>(with({.batch = 0}), {"batch must be >= 1", "0"});
  expect_throw<InvalidArgument>(with({.batch = -4}), {"-4"});
  expect_throw<InvalidArgument>(with({.batch = 3, .mirrored = true}), {"even", "3"});
  expect_throw<InvalidArgument>(with({.batch = 3, .order = "random"}),
                                {"'random'", "iid, shuffle"});
  ThreadPool pool(1);
  Matrix rows(2, 1);
  expect_throw<InvalidArgument>(
      [&] { BatchSampler(source, {.batch = 3}, 1).fill<double>(0, rows, pool); },
      {"3 x 1", "2 x 1"});
}

}  // namespace
}  // namespace twofold::data
