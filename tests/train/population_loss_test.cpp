#include "twofold/train/population_loss.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "train/problem.hpp"
#include "twofold/core/error.hpp"
#include "twofold/model/encoder.hpp"

namespace twofold::train {
namespace {

constexpr double kTwoOverPi = 2 / std::numbers::pi;

Matrix gaussian_rows(Index d, Index n, std::uint64_t seed) {
  return std::get<model::DenseEncoder>(model::gaussian_encoder(d, n, seed)).matrix;
}

Matrix haar_rows(Index d, Index n, std::uint64_t seed) {
  return std::get<model::DenseEncoder>(model::haar_encoder(d, n, seed)).matrix;
}

// Masks with an empty one, one of a single coordinate and one of two: the degenerate cases.
Matrix some_masks(Index d) {
  Matrix masks = support_masks(0.6, 9, d, 3);
  masks.topRows(3).setZero();
  masks(1, 2) = masks(2, 0) = masks(2, d - 1) = 1;
  return masks;
}

// K = I and C = c1 Bᵀ. Tolerance: the ridge, 1e-9 of the value, and rounding.
TEST(PopulationLoss, OfOrthonormalRowsIsTheGaussianLimit) {
  ThreadPool pool(2);
  for (const Index n : {Index{1}, Index{5}, Index{12}}) {
    const double rate = static_cast<double>(n) / 12;
    EXPECT_NEAR(population_loss(haar_rows(12, n, 4), {}, support_masks(1, 1, 12, 1), pool),
                1 - kTwoOverPi * rate, 2e-9);
  }
}

// B = I: bit i tells about coordinate i alone, Cᵢᵢ = c1 p̂ᵢ/√p with p̂ᵢ the share of masks with i.
// Tolerance as above.
TEST(PopulationLoss, OfTheIdentityIsThatOfItsCoordinates) {
  ThreadPool pool(2);
  const double p = 0.3;
  const Matrix masks = support_masks(p, 40, 6, 5);
  const Vector share = masks.colwise().mean();
  EXPECT_NEAR(population_loss(Matrix::Identity(6, 6), {.sparsity = p}, masks, pool),
              1 - kTwoOverPi * share.squaredNorm() / (p * 6), 2e-9);
}

// The second of two equal bits adds nothing. Tolerance: the ridge.
TEST(PopulationLoss, OfEqualRowsIsThatOfOne) {
  ThreadPool pool(1);
  const Matrix row = gaussian_rows(7, 1, 2);
  Matrix gradient;
  const double loss =
      population_loss_gradient(row.replicate(2, 1), {}, support_masks(1, 1, 7, 1), gradient, pool);
  EXPECT_NEAR(loss, 1 - kTwoOverPi / 7, 2e-9);
  EXPECT_TRUE(gradient.allFinite());
}

// Tolerance: rounding of sums of some hundred terms.
TEST(PopulationLoss, DoesNotDependOnTheScaleOfRowsOrData) {
  ThreadPool pool(1);
  const Matrix B = gaussian_rows(7, 5, 1), masks = some_masks(7);
  const Vector s = Vector::LinSpaced(7, 0.5, 2);
  const double loss = population_loss(B, {.sparsity = 0.6, .deviations = s}, masks, pool);
  EXPECT_NEAR(population_loss(3 * B, {.sparsity = 0.6, .deviations = 0.1 * s}, masks, pool), loss,
              1e-13);
}

// Central difference with h = 1e-5: truncation h² times a third derivative of up to 100, 1e-8;
// rounding 1e-16/h = 1e-11. Rows are not of unit norm: the formula is for any B.
TEST(PopulationLoss, GradientMatchesFiniteDifferences) {
  constexpr double h = 1e-5, tolerance = 2e-8;
  ThreadPool pool(2);
  const Matrix masks = some_masks(7);
  const PopulationProblem problem{.sparsity = 0.6, .deviations = Vector::LinSpaced(7, 0.5, 1.5)};
  for (const Index n : {Index{5}, Index{9}}) {
    Matrix B = gaussian_rows(7, n, 1);
    B.row(1) *= 1.7;
    Matrix gradient;
    const double loss = population_loss_gradient(B, problem, masks, gradient, pool);
    EXPECT_EQ(loss, population_loss(B, problem, masks, pool));
    EXPECT_GT(gradient.norm(), 0.01);  // far above the tolerance
    for (Index i = 0; i < B.size(); ++i) {
      Matrix plus = B, minus = B;
      plus.data()[i] += h;
      minus.data()[i] -= h;
      const double slope = (population_loss(plus, problem, masks, pool) -
                            population_loss(minus, problem, masks, pool)) /
                           (2 * h);
      EXPECT_NEAR(gradient.data()[i], slope, tolerance) << "n = " << n << ", entry " << i;
    }
  }
}

TEST(PopulationLoss, GivesTheSameBitsOnAnyNumberOfThreads) {
  const Matrix B = gaussian_rows(9, 7, 1), masks = support_masks(0.4, 50, 9, 3);
  ThreadPool one(1), three(3);
  Matrix a, b;
  EXPECT_EQ(population_loss_gradient(B, {.sparsity = 0.4}, masks, a, one),
            population_loss_gradient(B, {.sparsity = 0.4}, masks, b, three));
  EXPECT_TRUE(same_bits(a, b));
}

TEST(PopulationLoss, IsNotANumberForSuchAnEncoder) {
  ThreadPool pool(1);
  Matrix B = gaussian_rows(3, 2, 1), gradient;
  B(1, 1) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(
      std::isnan(population_loss_gradient(B, {}, support_masks(1, 1, 3, 1), gradient, pool)));
  EXPECT_TRUE(gradient.hasNaN());
}

TEST(PopulationLoss, RefusesWhatIsOutsideItsDomain) {
  ThreadPool pool(1);
  const Matrix B = gaussian_rows(3, 2, 1), masks = support_masks(0.5, 4, 3, 1);
  const auto loss = [&](const PopulationProblem& problem, const Matrix& m) {
    return population_loss(B, problem, m, pool);
  };
  EXPECT_THROW((void)loss({.sparsity = 0}, masks), InvalidArgument);
  EXPECT_THROW((void)loss({.sparsity = 1.1}, masks), InvalidArgument);
  EXPECT_THROW((void)loss({.deviations = Vector::Ones(4)}, masks), InvalidArgument);
  EXPECT_THROW((void)loss({.deviations = Vector::Zero(3)}, masks), InvalidArgument);
  EXPECT_THROW((void)loss({.deviations = -Vector::Ones(3)}, masks), InvalidArgument);
  EXPECT_THROW((void)loss({}, support_masks(0.5, 4, 2, 1)), InvalidArgument);
  EXPECT_THROW((void)support_masks(0.5, 0, 3, 1), InvalidArgument);
  EXPECT_THROW((void)support_masks(-0.5, 4, 3, 1), InvalidArgument);
}

TEST(SupportMasks, AreFunctionsOfTheirNumberAndSplit) {
  const Matrix masks = support_masks(0.3, 10, 20, 7);
  EXPECT_TRUE(same_bits<double>(support_masks(0.3, 4, 20, 7, "test", 6), masks.bottomRows(4)));
  EXPECT_FALSE(same_bits(support_masks(0.3, 10, 20, 7, "train"), masks));
  EXPECT_FALSE(same_bits(support_masks(0.3, 10, 20, 8), masks));
}

// Tolerance: 5 standard errors of a share among 10⁵.
TEST(SupportMasks, HaveTheShareOfOnes) {
  const double p = 0.3, count = 1e5;
  EXPECT_NEAR(support_masks(p, 1000, 100, 7).mean(), p, 5 * std::sqrt(p * (1 - p) / count));
}

}  // namespace
}  // namespace twofold::train
