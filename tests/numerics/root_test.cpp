#include "twofold/numerics/root.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "twofold/core/error.hpp"

namespace twofold::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(BracketedRoot, KnownRoots) {
  struct Case {
    double (*f)(double);
    double low, high, root;
  };
  const Case cases[] = {
      {[](double x) { return x * x - 2.0; }, 0.0, 2.0, std::numbers::sqrt2},
      {[](double x) { return 1.0 - std::exp(x); }, -1.0, 3.0, 0.0},
      {[](double x) { return std::log(x); }, 1e-10, 50.0, 1.0},
      {[](double x) { return std::sin(x); }, 2.0, 4.0, std::numbers::pi},
      {[](double x) { return std::atan(1e6 * (x - 0.25)); }, 0.0, 1.0, 0.25},
  };
  for (const Case& c : cases) {
    const auto solved = bracketed_root(c.f, c.low, c.high, {.absolute_tolerance = 1e-15});
    EXPECT_EQ(solved.status, SolveStatus::Converged);
    // Final bracket 1e-15 + 4 eps |x|; f itself rounds, which moves a simple root by some eps.
    EXPECT_NEAR(solved.value, c.root, 1e-15 + 8.0 * kEps * std::abs(c.root));
    EXPECT_LE(solved.iterations, 40);
    EXPECT_EQ(solved.residual, std::abs(c.f(solved.value)));
  }
}

TEST(BracketedRoot, TinyRootIsRelativelyAccurate) {
  const auto solved = bracketed_root([](double x) { return std::sqrt(x) - 1e-10; }, 0.0, 1.0);
  EXPECT_EQ(solved.status, SolveStatus::Converged);
  // sqrt doubles the relative error of 1e-10 and rounds once.
  EXPECT_NEAR(solved.value / 1e-20, 1.0, 10.0 * kEps);
}

TEST(BracketedRoot, RootAtAnEndIsFoundAtOnce) {
  const auto f = [](double x) { return x - 1.0; };
  EXPECT_EQ(bracketed_root(f, 1.0, 2.0).value, 1.0);
  EXPECT_EQ(bracketed_root(f, 0.0, 1.0).value, 1.0);
  EXPECT_EQ(bracketed_root(f, 1.0, 1.0).iterations, 1);
}

TEST(BracketedRoot, JumpIsLocated) {
  const auto solved = bracketed_root([](double x) { return x < 0.3 ? -1.0 : 1.0; }, 0.0, 1.0);
  EXPECT_EQ(solved.status, SolveStatus::Converged);
  // Final bracket.
  EXPECT_NEAR(solved.value, 0.3, 8.0 * kEps);
}

TEST(BracketedRoot, MissingBracketIsMisuse) {
  const auto square = [](double x) { return x * x + 1.0; };
  EXPECT_THROW(static_cast<void>(bracketed_root(square, -1.0, 1.0)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(bracketed_root(square, 1.0, -1.0)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(bracketed_root(square, std::nan(""), 1.0)), InvalidArgument);
}

TEST(BracketedRoot, LimitIsAStatus) {
  const auto cubic = [](double x) { return std::pow(x - 1.0 / 3.0, 3); };
  const auto solved = bracketed_root(cubic, -1.0, 1.5, {.max_evaluations = 8});
  EXPECT_EQ(solved.status, SolveStatus::MaxIterations);
  EXPECT_GT(solved.value, -1.0);
  EXPECT_LT(solved.value, 1.5);
}

TEST(BracketedRoot, NanIsAStatus) {
  const auto gap = [](double x) { return std::abs(x) < 0.9 ? std::nan("") : x; };
  EXPECT_EQ(bracketed_root(gap, -1.0, 1.0).status, SolveStatus::NonFinite);
  EXPECT_EQ(bracketed_root(gap, 0.0, 1.0).status, SolveStatus::NonFinite);
}

}  // namespace
}  // namespace twofold::numerics
