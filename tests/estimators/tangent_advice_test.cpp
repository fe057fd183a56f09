#include "twofold/estimators/tangent_advice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <numbers>

#include "twofold/core/error.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/npy.hpp"
#include "twofold/data/unit_sphere.hpp"
#include "twofold/estimators/one_bit_prediction.hpp"
#include "twofold/theory/tangent_kernel_fluctuation.hpp"
#include "twofold/theory/tangent_kernel_trajectory.hpp"

namespace twofold::estimators {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Matrix sphere(Index n, Index d, std::uint64_t seed = 3) {
  Matrix X(n, d);
  data::UnitSphere(d, seed).read(0, View<double>(X));
  return X;
}

TangentAdvice advise(const Matrix& X, const TangentAdviceOptions& options = {}, int threads = 2) {
  ThreadPool pool(threads);
  return tangent_advice(data::ArraySource<double>(X), options, pool);
}

std::string refusal(const Matrix& X, const TangentAdviceOptions& options) {
  try {
    (void)advise(X, options);
  } catch (const InvalidArgument& e) {
    return e.what();
  }
  return "";
}

// Gradient descent on the linearised problem, step by step.
double steps_by_iteration(const Matrix& kernel, const Matrix& X, double step, double target) {
  Matrix E = X;
  double steps = 0.0;
  while (E.squaredNorm() > target * X.squaredNorm()) {
    E -= step / static_cast<double>(X.cols()) * kernel * E;
    steps += 1.0;
  }
  return steps;
}

// Two unit rows at the angle θ: eigenvalues of K are 1/2 ± cos θ (1/2 − θ/2π), of Γ
// 1/2 ± [sin θ + (π − θ) cos θ]/2π; rounding.
TEST(TangentAdvice, GivesTheClosedFormOfTwoRows) {
  const double angle = 0.7, pi = std::numbers::pi;
  Matrix X(2, 2);
  X << 1.0, 0.0, std::cos(angle), std::sin(angle);
  const TangentAdvice advice = advise(X);
  const double k = std::cos(angle) * (0.5 - angle / (2.0 * pi));
  const double g = (std::sin(angle) + (pi - angle) * std::cos(angle)) / (2.0 * pi);
  EXPECT_NEAR(advice.mode("weak").smallest, (0.5 - k) / 2.0, 1e-15);
  EXPECT_NEAR(advice.mode("decoder").smallest, (0.5 - g) / 2.0, 1e-15);
  EXPECT_NEAR(advice.mode("joint").largest, (1.0 + k + g) / 2.0, 1e-15);
  EXPECT_NEAR(advice.mode("joint").steps.practical, 1.8 * 2.0 / (1.0 + k + g), 1e-14);
  ASSERT_EQ(advice.samples.closest.size(), 1U);
  EXPECT_NEAR(advice.samples.closest[0].angle, angle, 1e-15);
  EXPECT_EQ(advice.mode("weak").structural_width, 2);
  EXPECT_EQ(advice.mode("joint").structural_width, 1);
  EXPECT_THROW((void)advice.mode("tied"), InvalidArgument);
}

// The curve is a sum over modes; a run takes the same steps, up to one where rounding decides.
TEST(TangentAdvice, CountsTheStepsOfALinearisedRun) {
  const Matrix X = sphere(60, 8);
  const TangentAdvice advice = advise(X, {.target = 1e-4});
  ThreadPool pool(1);
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  for (const TangentModeAdvice& mode : advice.modes) {
    const double steps =
        steps_by_iteration(theory::combine(kernels, mode.rates), X, mode.steps.practical, 1e-4);
    ASSERT_TRUE(mode.steps_to_target.has_value()) << mode.name;
    EXPECT_NEAR(*mode.steps_to_target, steps, 1.0) << mode.name;
  }
}

// Products alone: λ to 1e-6 (Lanczos) and 1e-6 per entry of a unit diagonal 1/2 (floats). Steps:
// the quadrature is exact here but for two random mixtures of the d − 6 smaller directions, whose
// share of the loss has a relative deviation below √(2/2); half a target more or less is a few
// steps of a geometric decay, 15 % of them at most.
TEST(TangentAdvice, AgreesBetweenAllAndTheEndsOfTheSpectrum) {
  const Matrix X = sphere(150, 12);
  const TangentAdvice whole = advise(X);
  TangentAdvice many = advise(X, {.whole_rows = 0});
  EXPECT_TRUE(whole.whole_spectrum);
  EXPECT_FALSE(many.whole_spectrum);
  ASSERT_EQ(many.modes.size(), 2U);
  for (const TangentModeAdvice& mode : many.modes) {
    const TangentModeAdvice& expected = whole.mode(mode.name);
    EXPECT_NEAR(mode.largest, expected.largest, 2e-6 * expected.largest) << mode.name;
    EXPECT_LE(mode.largest_error, 1e-6 * mode.largest);
    EXPECT_TRUE(mode.bound_only) << mode.name;
    EXPECT_GE(mode.smallest, expected.smallest - 1e-6 * 150.0 / 12.0) << mode.name;
    ASSERT_TRUE(mode.steps_to_target.has_value());
    EXPECT_EQ(mode.steps_kind, StepsKind::Computed);
    EXPECT_NEAR(*mode.steps_to_target, *expected.steps_to_target,
                0.15 * *expected.steps_to_target + 1.0)
        << mode.name;
  }
  // Too few products for the curve: said, and from below.
  many = advise(X, {.whole_rows = 0, .products = 4});
  EXPECT_EQ(many.mode("weak").steps_kind, StepsKind::LowerBound);
  EXPECT_EQ(many.mode("weak").products, 4);
}

// Both ways to use a kernel in floats. Its entries are off by 1e-5 at most, so λ_max by n times
// that at most, and by far less because their signs differ.
TEST(TangentAdvice, TakesSplitProducts) {
  const Matrix X = sphere(700, 12);
  TangentAdviceOptions options{.target = 1e-4, .whole_rows = 0, .study_rows = 40};
  for (const double memory : {2e9, 2.1e6}) {
    options.memory_limit = memory;
    options.float_products = FloatProducts::Float;
    const TangentAdvice strict = advise(X, options);
    options.float_products = FloatProducts::SplitBf16;
    const TangentAdvice split = advise(X, options);
    EXPECT_EQ(split.sampled, strict.sampled);
    for (const char* name : {"weak", "joint"}) {
      const TangentModeAdvice &a = split.mode(name), &b = strict.mode(name);
      EXPECT_NE(a.largest, b.largest) << name;
      EXPECT_NEAR(a.largest / b.largest, 1.0, 1e-5) << name;
      // The settled quadrature may end a look earlier or later: 0.5 % as there, doubled.
      EXPECT_NEAR(*a.steps_to_target / *b.steps_to_target, 1.0, 1e-2) << name;
    }
  }
}

// 2 MB hold the kernel of 500 rows and not that of 700, whose steps follow from those of 500.
TEST(TangentAdvice, ExtrapolatesTheStepsOfMoreRowsThanFit) {
  const Matrix X = sphere(700, 12);
  const TangentAdvice whole = advise(X, {.target = 1e-8, .study_rows = 40});
  const TangentAdvice many =
      advise(X, {.target = 1e-8, .whole_rows = 0, .study_rows = 40, .memory_limit = 2e6});
  EXPECT_EQ(many.sampled, 500);
  EXPECT_EQ(many.gram_bytes, 0.0);
  for (const TangentModeAdvice& mode : many.modes) {
    const TangentModeAdvice& expected = whole.mode(mode.name);
    // Lanczos to 1e-6, the kernel in floats to 1e-6.
    EXPECT_NEAR(mode.largest, expected.largest, 2e-6 * expected.largest)
        << mode.name << " " << mode.largest_error << " " << mode.products;
    EXPECT_TRUE(mode.bound_only);
    EXPECT_GE(mode.smallest, expected.smallest);
    EXPECT_EQ(mode.steps_kind, StepsKind::Extrapolated);
    ASSERT_TRUE(mode.steps_to_target.has_value());
    // Half a doubling; the quadrature of three samples of rows, as above at 1e-4: at 1e-8 half the
    // relative error.
    EXPECT_NEAR(*mode.steps_to_target / *expected.steps_to_target, 1.0, 0.15 + mode.steps_error)
        << mode.name;
  }
  const TangentAdvice again =
      advise(X, {.target = 1e-8, .whole_rows = 0, .study_rows = 40, .memory_limit = 2e6}, 3);
  EXPECT_EQ(again.mode("joint").largest, many.mode("joint").largest);
  EXPECT_EQ(again.mode("joint").steps_to_target, many.mode("joint").steps_to_target);
}

// K restricted to two rows has a λ_min of its own, and that of all rows is no larger.
TEST(TangentAdvice, BoundsTheSmallestEigenvalueByTheClosestPair) {
  Matrix X = sphere(200, 12);
  X.row(150) = X.row(7) + 1e-3 * X.row(8);
  const double whole = advise(X).mode("weak").smallest;
  const TangentModeAdvice many = advise(X, {.whole_rows = 0}).mode("weak");
  EXPECT_TRUE(many.bound_only);
  EXPECT_GE(many.smallest, whole);
  // θ/2π over d for unit rows at the angle θ, up to terms in θ²; sin θ <= 1e-3.
  EXPECT_LE(many.smallest, 1.01e-3 / (2.0 * std::numbers::pi * 12.0));
}

TEST(TangentAdvice, AFileHoldsTheKernel) {
  const Matrix X = sphere(90, 10);
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "tangent_advice_gram.npy";
  const TangentAdvice plain = advise(X), with_file = advise(X, {.gram = file}, 1);
  EXPECT_EQ(with_file.mode("joint").largest, plain.mode("joint").largest);
  const auto rows = data::open_npy(file);
  ASSERT_EQ(rows->size(), 90U);
  Matrix kernel(90, 90);
  rows->read(0, View<double>(kernel));
  std::filesystem::remove(file);
  ThreadPool pool(1);
  const Matrix exact = theory::combine(theory::tangent_kernels(pool, X), theory::kJoint);
  // 1e-6 a float's accuracy of a kernel entry.
  EXPECT_LT((kernel - exact).cwiseAbs().maxCoeff(), 2e-6);
}

TEST(TangentAdvice, SaysWhatAFileNeeds) {
  const std::filesystem::path file =
      std::filesystem::path(::testing::TempDir()) / "tangent_advice_refused.npy";
  // A panel of 512 rows and pieces of 512x512 floats are more than 1 MB.
  EXPECT_THAT(refusal(sphere(100, 4), {.memory_limit = 1e6, .gram = file}),
              HasSubstr("to be written"));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(TangentAdvice, SaysHowMuchTheMeanHolds) {
  Matrix X = sphere(50, 4);
  X.rowwise() -= X.colwise().mean().eval();
  // Rounding.
  EXPECT_NEAR(advise(X).mean_share, 0.0, 1e-15);
  const double energy = X.squaredNorm();
  X.col(2).array() += 10.0;
  EXPECT_NEAR(advise(X).mean_share, 5000.0 / (5000.0 + energy), 1e-14);
}

// Flips go like 1/√N, so a tenth of the error takes a hundred times the neurons, once they decide.
TEST(TangentAdvice, WidensByTheFlips) {
  const Matrix X = sphere(60, 30);
  const Index fine = advise(X, {.tolerance = 1e-3}).mode("weak").width;
  const Index finer = advise(X, {.tolerance = 1e-4}).mode("weak").width;
  // Rounding up to whole neurons.
  EXPECT_NEAR(static_cast<double>(finer) / static_cast<double>(fine), 100.0, 1e-3);
  EXPECT_GT(static_cast<double>(fine), std::pow(3.5 / 1e-3, 2.0));
  EXPECT_FALSE(advise(X).mode("weak").width_bound);
  EXPECT_TRUE(advise(X, {.study_rows = 30}).mode("weak").width_bound);
}

// On random rows flips do not decide, and 1.8/λ_max misses by more than the rule of 1/λ_max says.
TEST(TangentAdvice, WidensByTheFluctuationOfTheKernel) {
  const Matrix X = sphere(20, 10);
  const TangentAdvice advice = advise(X, {.tolerance = 0.05});
  ThreadPool pool(1);
  const theory::TangentKernels kernels = theory::tangent_kernels(pool, X);
  const TangentModeAdvice& weak = advice.mode("weak");
  const auto spectrum = theory::tangent_spectrum(theory::combine(kernels, weak.rates), 10);
  const auto miss = theory::trajectory_fluctuation(pool, X, spectrum, theory::silent_start(X),
                                                   {.rates = weak.rates,
                                                    .step = weak.steps.practical,
                                                    .steps = {1, 2, 4, 8, 16, 32},
                                                    .neurons = weak.width});
  // The means over 64 and over 32 neurons: 4 standard errors of 0.5/√32, and their square roots.
  EXPECT_NEAR(*std::ranges::max_element(miss), 0.05, 0.36 * 0.05);
  EXPECT_GT(static_cast<double>(weak.width), std::pow(3.5 / 0.05, 2.0));
}

// Twice the rows count twice in everything that goes with the square.
TEST(TangentAdvice, ScalesWithTheData) {
  const Matrix X = sphere(40, 6);
  const TangentAdvice one = advise(X), three = advise(3.0 * X);
  EXPECT_NEAR(three.mode("weak").largest, 9.0 * one.mode("weak").largest, 1e-13);
  EXPECT_NEAR(three.start_loss, 9.0 * one.start_loss, 1e-12);
  EXPECT_EQ(three.mode("weak").steps_to_target, one.mode("weak").steps_to_target);
  EXPECT_EQ(three.best_ratio, one.best_ratio);
}

TEST(TangentAdvice, NamesCopiesMultiplesOppositesAndZeros) {
  Matrix X = sphere(30, 5);
  X.row(17) = X.row(4);
  X.row(9) = 2.5 * X.row(21);
  X.row(28) = -3.0 * X.row(2);
  X.row(13).setZero();
  const TangentAdvice advice = advise(X);
  EXPECT_THAT(advice.zero_rows, ElementsAre(13));
  ASSERT_EQ(advice.coincident.size(), 3U);
  const auto is = [&](std::size_t k, Index first, Index second, Coincidence kind) {
    const CoincidentRows& pair = advice.coincident[k];
    return pair.first == first && pair.second == second && pair.kind == kind;
  };
  EXPECT_TRUE(is(0, 4, 17, Coincidence::Copy));
  EXPECT_TRUE(is(1, 9, 21, Coincidence::Scaled));
  EXPECT_TRUE(is(2, 2, 28, Coincidence::Opposite));
  // A zero, a copy and a multiple take one eigenvalue each; one pair of opposites takes none.
  EXPECT_EQ(advice.mode("weak").rank, 27);
  ASSERT_TRUE(advice.mode("weak").steps_to_target.has_value());
}

TEST(TangentAdvice, ManyCopiesAreNamedInOrderAndNotAll) {
  const TangentAdvice advice = advise(Matrix::Ones(50, 3), {.closest = 4});
  ASSERT_EQ(advice.coincident.size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(advice.coincident[k].first, 0);
    EXPECT_EQ(advice.coincident[k].second, static_cast<Index>(k) + 1);
  }
  EXPECT_EQ(advice.samples.copies, 50 * 49 / 2);
  EXPECT_EQ(advice.mode("joint").rank, 1);
}

// K + rΓ has both more to go by and a constant mode that limits the step: on the sphere the steps
// first fall and then rise with r, and the advice stays where they cost little.
TEST(TangentAdvice, RecommendsARateThatCostsFewSteps) {
  const TangentAdvice advice = advise(sphere(200, 10));
  ASSERT_EQ(advice.rates.size(), 7U);
  const double fewest = *advice.rates.front().steps_to_target;
  for (const RateAdvice& rate : advice.rates) {
    // Affordable at the ratio itself, at none above it.
    EXPECT_TRUE(rate.ratio < advice.best_ratio ||
                (rate.ratio == advice.best_ratio) == (*rate.steps_to_target <= 1.1 * fewest));
  }
  EXPECT_EQ(advice.studied, 200);
  ASSERT_EQ(advice.stopping.size(), 2U);
  for (const StoppingAdvice& stop : advice.stopping) {
    EXPECT_LE(stop.error, stop.interpolation) << stop.mode;
    EXPECT_LT(stop.error, 1.0) << stop.mode;  // better than an output of 0
  }
}

// (2d + 3)/N of the energy is lost by a tied network of variance 2, for any input.
TEST(TangentAdvice, SaysWhenTiedWeightsAreTheIdentity) {
  const TangentAdvice advice = advise(sphere(20, 10), {.target = 1e-2});
  EXPECT_EQ(advice.identity_width, 2300.0);
  EXPECT_DOUBLE_EQ(advice.tying.back().start.slope, 1.0);  // a quotient by N
}

TEST(TangentAdvice, SaysHowMuchMemoryWouldDo) {
  const std::string message = refusal(sphere(100, 4), {.memory_limit = 5e4});
  EXPECT_THAT(message, HasSubstr("100 rows need"));
  EXPECT_THAT(message, HasSubstr("0.05 MB are allowed"));
  EXPECT_THAT(message, HasSubstr("--memory-limit"));
  // What it says is enough.
  const std::size_t place = message.find("need ") + 5;
  const double needed = 1e6 * std::stod(message.substr(place));
  EXPECT_EQ(refusal(sphere(100, 4), {.memory_limit = 1.01 * needed}), "");
}

TEST(TangentAdvice, RefusesOptionsOutsideTheirRange) {
  const Matrix X = sphere(5, 3);
  EXPECT_THAT(refusal(X, {.target = 0.0}), HasSubstr("target"));
  EXPECT_THAT(refusal(X, {.tolerance = 1.5}), HasSubstr("tolerance"));
  EXPECT_THAT(refusal(X, {.folds = 1}), HasSubstr("folds"));
  EXPECT_THAT(refusal(X, {.products = 1}), HasSubstr("products"));
  EXPECT_THAT(refusal(X, {.memory_limit = 0.0}), HasSubstr("memory_limit"));
  EXPECT_THROW((void)advise(Matrix::Zero(4, 3)), DataError);
  ThreadPool pool(1);
  EXPECT_THROW((void)tangent_advice(data::UnitSphere(3, 1), {}, pool), InvalidArgument);
}

TEST(TangentAdvice, StopsWhenAsked) {
  class Stopper final : public Observer {
    [[nodiscard]] StopRequest stop_requested() const override { return StopRequest::Interrupt; }
  } stopper;
  ThreadPool pool(1);
  EXPECT_THROW((void)tangent_advice(data::ArraySource<double>(sphere(5, 3)), {}, pool, stopper),
               Stopped);
}

}  // namespace
}  // namespace twofold::estimators
