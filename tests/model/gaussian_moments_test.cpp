#include "twofold/model/gaussian_moments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <limits>

#include "twofold/core/error.hpp"

namespace twofold::model {
namespace {

const std::vector<Activation> kElementwise = {
    Identity{},         Relu{},        LeakyRelu{0.2}, Gelu{}, Silu{},
    Softplus{},         Elu{},         Elu{0.5},       Tanh{}, Erf{},
    Sigmoid{},          HardTanh{},    Sin{},          Sign{}, HardThreshold{0.7},
    HardThreshold{0.0}, JumpRelu{0.7}, JumpRelu{0.0},
};

double value(const Activation& activation, double z) {
  return std::visit(
      [z](const auto& a) {
        if constexpr (requires { a.value(z); }) return a.value(z);
        return 0.0;
      },
      activation);
}

std::vector<double> kinks(const Activation& activation) {
  return std::visit(
      [](const auto& a) {
        std::vector<double> points;
        if constexpr (requires { a.kinks(); }) {
          for (const double kink : a.kinks()) points.push_back(kink);
        }
        return points;
      },
      activation);
}

// E[f(g) σ(√q g)], adaptively, on pieces between the kinks and the scales of σ. Independent of
// everything in the library. |g| > 12 holds less than 1e-30 of it.
template <typename F>
double mean_against(const Activation& activation, double q, F f) {
  std::vector<double> cuts{-12.0, -3.0, 0.0, 3.0, 12.0};
  std::vector<double> scales = kinks(activation);
  scales.insert(scales.end(), {-30.0, -6.0, -1.0, 1.0, 6.0, 30.0});
  for (const double z : scales) {
    if (std::abs(z) < 12.0 * std::sqrt(q)) cuts.push_back(z / std::sqrt(q));
  }
  std::sort(cuts.begin(), cuts.end());
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    if (cuts[i + 1] - cuts[i] < 1e-12) continue;
    sum += boost::math::quadrature::gauss_kronrod<double, 31>::integrate(
        [&](double g) { return f(g) * value(activation, std::sqrt(q) * g) * normal_pdf(g); },
        cuts[i], cuts[i + 1], 8, 1e-14);
  }
  return sum;
}

TEST(MeanSlope, IsTheBestLinearFitOfEveryActivation) {
  for (const Activation& a : kElementwise) {
    for (const double q : {1e-4, 0.01, 0.3, 1.0, 4.0, 25.0, 1e3, 1e6}) {
      const double expected = mean_against(a, q, [](double g) { return g; }) / std::sqrt(q);
      // Quadrature 1e-13 of ∫|g σ| <= 2 + √q, divided by √q: for small q a σ(0) != 0 cancels.
      const double tolerance = 1e-13 * (2.0 + 2.0 / std::sqrt(q)) + 1e-12 * std::abs(expected);
      EXPECT_NEAR(mean_slope(a, q), expected, tolerance) << activation_name(a) << " q=" << q;
    }
  }
}

// m' = E[(g³ - 3g) σ(√q g)]/(2 q^{3/2}): Stein's lemma three times.
TEST(MeanSlopeDerivative, IsTheThirdHermiteCoefficient) {
  for (const Activation& a : kElementwise) {
    for (const double q : {0.05, 0.3, 1.0, 4.0, 25.0, 1e3, 1e6}) {
      const double scale = 0.5 / (q * std::sqrt(q));
      const double expected =
          scale * mean_against(a, q, [](double g) { return g * (g * g - 3.0); });
      // Quadrature 1e-13 of ∫|(g³ - 3g) σ| <= 10 (1 + √q).
      const double tolerance = 1e-12 * scale * (1.0 + std::sqrt(q));
      EXPECT_NEAR(mean_slope_derivative(a, q), expected, tolerance)
          << activation_name(a) << " q=" << q;
    }
  }
}

TEST(MeanSlopeDerivative, IsTheDifferenceOfMeanSlope) {
  for (const Activation& a : kElementwise) {
    for (const double q : {0.2, 0.9, 1.1, 7.0, 300.0, 2e4}) {
      const double h = 1e-4 * q;
      const double difference = (mean_slope(a, q + h) - mean_slope(a, q - h)) / (2 * h);
      // Truncation h²|m'''|/6 with |q³ m'''| <= 20 m for powers of q; e^{-q/2} and e^{-λ²/2q} are
      // flatter here or far below their start: 4e-8 m(q)/q, with a margin of 5. Rounding 1e-14 m/h.
      const double m = std::max(mean_slope(a, q), 0.5 / std::sqrt(1.0 + q));
      const double tolerance = 2e-7 * m / q + 1e-14 * m / h;
      EXPECT_NEAR(mean_slope_derivative(a, q), difference, tolerance)
          << activation_name(a) << " q=" << q;
    }
  }
}

// Computed with 30 digits by mpmath: m = E sech²(√q g), m' = E[sech²(√q g) (g² - 1)]/(2q).
TEST(MeanSlope, GoldenValuesOfTanh) {
  struct Golden {
    double q, m, derivative;
  };
  for (const auto& [q, m, derivative] :
       {Golden{0.1, 0.91578607157889275837, -0.71604906206163051661},
        Golden{1.0, 0.60570550960215882558, -0.18179768814048707475},
        Golden{4.0, 0.36473876574306007514, -0.03837379818950658687},
        Golden{25.0, 0.15703824043745630767, -0.00304250329472674301}}) {
    // The accuracies that gaussian_moments.hpp promises.
    EXPECT_NEAR(mean_slope(Tanh{}, q) / m, 1.0, 1e-14);
    EXPECT_NEAR(mean_slope_derivative(Tanh{}, q) / derivative, 1.0, 1e-13);
  }
}

TEST(MeanSlope, LimitAtZeroVariance) {
  EXPECT_EQ(mean_slope(Relu{}, 0.0), 0.5);
  EXPECT_EQ(mean_slope(Elu{0.5}, 0.0), 0.75);
  EXPECT_EQ(mean_slope(HardTanh{}, 0.0), 1.0);
  EXPECT_EQ(mean_slope(Sin{}, 0.0), 1.0);
  EXPECT_EQ(mean_slope(HardThreshold{0.5}, 0.0), 0.0);
  EXPECT_EQ(mean_slope(JumpRelu{0.5}, 0.0), 0.0);
  EXPECT_EQ(mean_slope(Sign{}, 0.0), std::numeric_limits<double>::infinity());
  // Trapezoid weights add up to 1 within 1e-14.
  EXPECT_NEAR(mean_slope(Tanh{}, 0.0), 1.0, 1e-14);
  EXPECT_NEAR(mean_slope(Sigmoid{}, 0.0), 0.25, 1e-14);
  EXPECT_NEAR(mean_slope_derivative(Tanh{}, 0.0), -1.0, 1e-14);
  EXPECT_EQ(mean_slope_derivative(HardTanh{}, 0.0), 0.0);
  EXPECT_EQ(mean_slope_derivative(Sin{}, 0.0), -0.5);
  EXPECT_EQ(mean_slope_derivative(Elu{}, 0.0), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(mean_slope_derivative(Sign{}, 0.0), -std::numeric_limits<double>::infinity());
}

// √q m -> E[|g|] (σ(∞) - σ(-∞))/2 for bounded σ; the next term is relative O(1/q).
TEST(MeanSlope, BoundedActivationsActLikeTheirSignAtLargeVariance) {
  const double q = 1e8, root = std::sqrt(2.0 * std::numbers::inv_pi / q);
  // The corrections are relative c/q, c = ½∫z²σ'dz/∫σ'dz: π²/24 (tanh), 1/2 (erf), 1/6 (hard
  // tanh); thrice that for the derivative. The bounds take c = 2.
  for (const Activation& a : std::vector<Activation>{Tanh{}, Erf{}, HardTanh{}, Sign{}}) {
    EXPECT_NEAR(mean_slope(a, q) / root, 1.0, 2e-8) << activation_name(a);
    EXPECT_NEAR(mean_slope_derivative(a, q) / (-0.5 * root / q), 1.0, 6e-8) << activation_name(a);
  }
  // Elu: √q (m - 1/2) -> α/2 √(2/π), and m' likewise, with the next term relative 1/q.
  EXPECT_NEAR((mean_slope(Elu{}, q) - 0.5) / (0.5 * root), 1.0, 1e-8 + 2e-16 / root);
  EXPECT_NEAR(mean_slope_derivative(Elu{}, q) / (-0.25 * root / q), 1.0, 4e-8);
}

TEST(LinearOddSlope, IsTheOddPart) {
  for (const Activation& a : kElementwise) {
    const auto c = linear_odd_slope(a);
    double deviation = 0.0;
    for (const double u : {0.1, 0.65, 0.75, 1.3, 4.0, 9.0}) {
      const double odd = 0.5 * (value(a, u) - value(a, -u));
      deviation = std::max(deviation, std::abs(odd - c.value_or(0.5 * value(a, 1.0)) * u) / u);
    }
    // A few roundings of σ(±u)/u; the others are not linear by far.
    if (c) {
      EXPECT_LE(deviation, 4e-15) << activation_name(a);
    } else {
      EXPECT_GE(deviation, 0.01) << activation_name(a);
    }
  }
}

TEST(MeanSlope, RefusesWhatHasNone) {
  EXPECT_THROW((void)mean_slope(TopK{3}, 1.0), InvalidArgument);
  EXPECT_THROW((void)mean_slope_derivative(TopK{3}, 1.0), InvalidArgument);
  EXPECT_EQ(linear_odd_slope(TopK{3}), std::nullopt);
  for (const double q : {-1.0, 1.1e8, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW((void)mean_slope(Tanh{}, q), InvalidArgument) << q;
    EXPECT_THROW((void)mean_slope_derivative(Relu{}, q), InvalidArgument) << q;
  }
}

}  // namespace
}  // namespace twofold::model
