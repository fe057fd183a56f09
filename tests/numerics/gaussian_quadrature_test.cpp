#include "twofold/numerics/gaussian_quadrature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace twofold::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double sech_squared(double u) {
  const double c = std::cosh(u);
  return 1.0 / (c * c);
}

// E g^{2k} = (2k - 1)!!, odd moments 0.
TEST(GaussHermite, ExactUpToDegreeTwiceThePointsMinusOne) {
  for (const Index points : {1, 2, 3, 8, 17, 40}) {
    const GaussianRule rule = gauss_hermite(points);
    double moment = 1.0;
    for (Index k = 0; k < points; ++k) {
      const auto power = static_cast<double>(2 * k);
      if (k > 0) moment *= power - 1.0;
      const double even = expectation(rule, [&](double x) { return std::pow(x, power); });
      // Nodes with relative error c n eps, raised to the power 2k <= 2n: 2n · c n eps, c = 2.
      const double tolerance = 4.0 * static_cast<double>(points * points) * kEps;
      EXPECT_NEAR(even / moment, 1.0, tolerance) << points << " points, degree " << power;
      // Exact antisymmetry: the two halves cancel up to rounding of the running sum.
      const double odd = expectation(rule, [&](double x) { return std::pow(x, power + 1.0); });
      const double size =
          expectation(rule, [&](double x) { return std::pow(std::abs(x), power + 1.0); });
      EXPECT_LE(std::abs(odd), static_cast<double>(points) * kEps * size);
    }
  }
}

// One degree beyond, the error is E h² of the monic polynomial with the nodes as roots: n!.
TEST(GaussHermite, ErrorOneDegreeBeyondIsTheFactorial) {
  const GaussianRule rule = gauss_hermite(4);
  const double moment = expectation(rule, [](double x) { return std::pow(x, 8.0); });
  // (8 - 1)!! - 4! = 105 - 24; relative rounding as above.
  EXPECT_NEAR(moment, 81.0, 81.0 * 4.0 * 16.0 * kEps);
}

TEST(GaussHermite, NodesAscendAndAreSymmetric) {
  for (const Index points : {1, 2, 5, 64, 256}) {
    const GaussianRule rule = gauss_hermite(points);
    EXPECT_TRUE(rule.nodes == -rule.nodes.reverse());
    EXPECT_TRUE(rule.weights == Vector(rule.weights.reverse()));
    for (Index i = 1; i < points; ++i) EXPECT_LT(rule.nodes[i - 1], rule.nodes[i]);
    EXPECT_GT(rule.weights.minCoeff(), 0.0);
    // Relative error of each weight c n eps.
    EXPECT_NEAR(rule.weights.sum(), 1.0, 8.0 * static_cast<double>(points) * kEps);
  }
}

TEST(GaussHermite, CharacteristicFunctionOfTheNormalLaw) {
  const double value = expectation(gauss_hermite(40), [](double x) { return std::cos(x); });
  // E cos g = e^{-1/2}; entire function, truncation below 1e-20, rounding 40 eps.
  EXPECT_NEAR(value, std::exp(-0.5), 80.0 * kEps);
}

TEST(GaussHermite, RefusesSizesOutsideItsRange) {
  EXPECT_THROW(static_cast<void>(gauss_hermite(0)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(gauss_hermite(257)), InvalidArgument);
}

// Simpson's rule on a grid 16 times finer and a range where the integrand is below 1e-20.
double sech_squared_mean_by_simpson(double q) {
  const double scale = std::sqrt(q);
  const double end = std::min(9.8, 25.0 / scale);
  constexpr int intervals = 6000;
  const double h = 2.0 * end / intervals;
  long double sum = 0.0L;
  for (int k = 0; k <= intervals; ++k) {
    const double g = -end + k * h;
    const double weight = k == 0 || k == intervals ? 1.0 : (k % 2 == 1 ? 4.0 : 2.0);
    sum += static_cast<long double>(weight * sech_squared(scale * g) * std::exp(-0.5 * g * g));
  }
  return static_cast<double>(sum) * h / 3.0 / std::sqrt(2.0 * std::numbers::pi);
}

TEST(GaussianMeanTrapezoid, AgreesWithAFineRule) {
  for (const double q : {1e-8, 1e-3, 0.3, 1.0, 4.0, 5.4, 30.0, 1e3, 1e6}) {
    const double mean = gaussian_mean_trapezoid(q, sech_squared);
    // 5e-15 of the rule; the reference's own rounding (cosh, exp: 1 ulp each) and its Simpson
    // error (4/3 trapezoid minus 1/3: also exponentially small) are of the same size.
    EXPECT_NEAR(mean / sech_squared_mean_by_simpson(q), 1.0, 1e-14) << "q = " << q;
  }
}

// E cos(√q g) = e^{-q/2} and E (√q g)⁴ = 3 q²: entire functions, so aliasing e^{-2π²/h²} is nil and
// the cut at 9.5 leaves 9.5⁵ e^{-45} = 2e-15 of the fourth moment at most.
TEST(GaussianMeanTrapezoid, ClosedFormsWhereTheRangeIsNotCut) {
  for (const double q : {1e-6, 0.1, 1.0, 5.0}) {
    EXPECT_NEAR(gaussian_mean_trapezoid(q, [](double u) { return std::cos(u); }),
                std::exp(-0.5 * q), 1e-14);
    const double fourth = gaussian_mean_trapezoid(q, [](double u) { return u * u * u * u; });
    EXPECT_NEAR(fourth / (3.0 * q * q), 1.0, 1e-14);
  }
}

TEST(GaussianMeanTrapezoid, OddFunctionsHaveMeanZero) {
  // Exactly: f(u) + f(-u) = 0 term by term.
  EXPECT_EQ(gaussian_mean_trapezoid(2.0, [](double u) { return std::tanh(u); }), 0.0);
}

TEST(GaussianMeanTrapezoid, VarianceZeroIsThePointValue) {
  EXPECT_EQ(gaussian_mean_trapezoid(0.0, [](double u) { return 3.0 + u; }), 3.0);
}

TEST(GaussianMeanTrapezoid, RefusesABadVariance) {
  const auto mean = [](double q) { return gaussian_mean_trapezoid(q, sech_squared); };
  EXPECT_THROW(static_cast<void>(mean(-1.0)), InvalidArgument);
  EXPECT_THROW(static_cast<void>(mean(std::nan(""))), InvalidArgument);
  EXPECT_THROW(static_cast<void>(mean(std::numeric_limits<double>::infinity())), InvalidArgument);
}

}  // namespace
}  // namespace twofold::numerics
