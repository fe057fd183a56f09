#include "twofold/numerics/assignment.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <span>

#include "twofold/core/error.hpp"
#include "twofold/core/random.hpp"

namespace twofold::numerics {
namespace {

Matrix random_scores(Index rows, Index columns, std::uint64_t index) {
  Matrix score(rows, columns);
  RandomStream(9, "assignment")
      .fill_normal(index, std::span<double>(score.data(), static_cast<std::size_t>(score.size())));
  return score;
}

double total(const Matrix& score, const std::vector<Index>& partner) {
  double sum = 0.0;
  for (std::size_t i = 0; i < partner.size(); ++i) {
    if (partner[i] >= 0) sum += score(static_cast<Index>(i), partner[i]);
  }
  return sum;
}

// Best total over all injections of the shorter side into the longer one.
double best_by_enumeration(const Matrix& score) {
  if (score.rows() > score.cols()) return best_by_enumeration(score.transpose());
  std::vector<Index> order(static_cast<std::size_t>(score.cols()));
  std::iota(order.begin(), order.end(), Index{0});
  double best = -std::numeric_limits<double>::infinity();
  do {
    double sum = 0.0;
    for (Index i = 0; i < score.rows(); ++i) sum += score(i, order[static_cast<std::size_t>(i)]);
    best = std::max(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

TEST(MaximalAssignment, OptimalAndOneToOneForAllSmallShapes) {
  for (Index rows = 1; rows <= 6; ++rows) {
    for (Index columns = 1; columns <= 6; ++columns) {
      for (std::uint64_t draw = 0; draw < 3; ++draw) {
        const Matrix score = random_scores(rows, columns, draw);
        const std::vector<Index> partner = maximal_assignment(score);
        std::set<Index> used;
        for (const Index column : partner) {
          ASSERT_LT(column, columns);
          if (column >= 0) used.insert(column);
        }
        const Index pairs = std::min(rows, columns);
        EXPECT_EQ(static_cast<Index>(used.size()), pairs);
        EXPECT_EQ(std::count(partner.begin(), partner.end(), Index{-1}), rows - pairs);
        // Resolution: range (below 10) / 2^40 per pair.
        EXPECT_NEAR(total(score, partner), best_by_enumeration(score), 6.0 * 10.0 * 0x1p-40);
      }
    }
  }
}

TEST(MaximalAssignment, RecoversAPermutation) {
  constexpr Index n = 100;
  const RandomStream stream(9, "permutation");
  Matrix score = 0.4 * random_scores(n, n, 7).array().tanh().matrix();
  std::vector<Index> expected;
  for (Index i = 0; i < n; ++i) {
    expected.push_back(static_cast<Index>(stream.permuted(static_cast<std::uint64_t>(i), n, 0)));
    score(i, expected.back()) += 1.0;
  }
  EXPECT_EQ(maximal_assignment(score), expected);
}

TEST(MaximalAssignment, DoesNotDependOnOffsetAndScale) {
  const Matrix score = random_scores(6, 6, 11);
  const std::vector<Index> partner = maximal_assignment(score);
  EXPECT_EQ(maximal_assignment(1e-200 * score), partner);
  EXPECT_EQ(maximal_assignment(1e300 * score), partner);
  EXPECT_EQ(maximal_assignment((score.array() + 1e3).matrix()), partner);
}

TEST(MaximalAssignment, EqualScoresAndEmptyShapes) {
  const std::vector<Index> partner = maximal_assignment(Matrix::Constant(3, 3, 2.5));
  EXPECT_EQ(std::set<Index>(partner.begin(), partner.end()), (std::set<Index>{0, 1, 2}));
  EXPECT_TRUE(maximal_assignment(Matrix(0, 4)).empty());
  EXPECT_EQ(maximal_assignment(Matrix(2, 0)), (std::vector<Index>{-1, -1}));
}

TEST(MaximalAssignment, RefusesNan) {
  Matrix score = Matrix::Ones(2, 2);
  score(0, 1) = std::nan("");
  EXPECT_THROW(static_cast<void>(maximal_assignment(score)), InvalidArgument);
}

}  // namespace
}  // namespace twofold::numerics
