#include "twofold/model/activation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "twofold/core/error.hpp"

namespace twofold::model {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename A>
A example() {
  if constexpr (requires { A::default_parameter; }) {
    return A{};
  } else if constexpr (requires { A::with(1.0); }) {
    return A::with(0.6);
  } else {
    return A{};
  }
}

template <typename A>
class ElementwiseActivation : public testing::Test {};

// All alternatives of `Activation` but TopK, which has its own tests.
using ElementwiseTypes = testing::Types<Identity, Relu, LeakyRelu, Gelu, Silu, Softplus, Elu, Tanh,
                                        Erf, Sigmoid, HardTanh, Sin, Sign, HardThreshold, JumpRelu>;
TYPED_TEST_SUITE(ElementwiseActivation, ElementwiseTypes);
static_assert(std::variant_size_v<Activation> == 15 + 1);

TYPED_TEST(ElementwiseActivation, SlopeMatchesCentralDifference) {
  const auto a = example<TypeParam>();
  constexpr double h = 1e-5;
  // Truncation h²|σ'''|/6 <= 4e-11 (|σ'''| <= 2), rounding 2ε|σ|/h <= 2e-10 for |σ| <= 5.
  constexpr double tolerance = 1e-9;
  for (const double z : {-4.6, -3.1, -0.7, -0.2, 0.2, 0.7, 1.3, 4.6}) {  // away from kinks
    const double difference = (a.value(z + h) - a.value(z - h)) / (2 * h);
    EXPECT_NEAR(a.slope(z), difference, tolerance) << a.name << " z=" << z;
  }
}

TYPED_TEST(ElementwiseActivation, IsSmoothExceptAtItsKinks) {
  const auto a = example<TypeParam>();
  // Between points 1e-7 apart the slope of a smooth function moves by at most 1e-7 |σ''|, |σ''|
  // < 2.
  constexpr double step = 1e-7, tolerance = 2e-7;
  for (double z = -2.0; z <= 2.0; z += 0.1) {
    bool near_kink = false;
    for (const double kink : a.kinks()) near_kink |= std::abs(z - kink) < 1e-3;
    if (near_kink) continue;
    EXPECT_NEAR(a.slope(z + step), a.slope(z - step), tolerance) << a.name << " z=" << z;
    EXPECT_NEAR(a.value(z + step), a.value(z - step), tolerance * 2) << a.name << " z=" << z;
  }
}

TYPED_TEST(ElementwiseActivation, FloatAgreesWithDouble) {
  const auto a = example<TypeParam>();
  for (const float z : {-30.0f, -8.0f, -1.25f, -0.125f, 0.0f, 0.25f, 1.5f, 7.0f, 30.0f}) {
    const double exact = a.value(static_cast<double>(z)), slope = a.slope(static_cast<double>(z));
    // The argument of exp or erfc carries a relative error ε, so the value carries z²ε, and a few ε
    // for libm; below the smallest normal float only absolute accuracy is left.
    const double relative = (8.0 + static_cast<double>(z) * z) * 0x1p-23;
    EXPECT_NEAR(a.value(z), exact, relative * std::abs(exact) + 1e-37) << a.name << " z=" << z;
    EXPECT_NEAR(a.slope(z), slope, relative * (std::abs(slope) + std::abs(exact)) + 1e-37)
        << a.name << " z=" << z;
  }
}

TYPED_TEST(ElementwiseActivation, ValueOfNanIsNan) {
  const auto a = example<TypeParam>();
  EXPECT_TRUE(std::isnan(a.value(kNan))) << a.name;
  EXPECT_TRUE(std::isnan(a.value(std::numeric_limits<float>::quiet_NaN()))) << a.name;
}

TYPED_TEST(ElementwiseActivation, TakesItsLimitsAtTheExtremes) {
  const auto a = example<TypeParam>();
  if constexpr (std::is_same_v<TypeParam, Sin>) {
    EXPECT_TRUE(std::isnan(a.value(kInf)));  // no limit
    return;
  }
  for (const double z : {-kInf, -1e300, -745.0, -40.0, 40.0, 745.0, 1e300, kInf}) {
    EXPECT_FALSE(std::isnan(a.value(z))) << a.name << " z=" << z;
    EXPECT_TRUE(std::isfinite(a.slope(z))) << a.name << " z=" << z;
    EXPECT_LE(std::abs(a.value(z)), std::abs(z)) << a.name << " z=" << z;
  }
}

TEST(Activation, HandValues) {
  EXPECT_EQ(Relu::value(-2.0), 0.0);
  EXPECT_EQ(Relu::slope(0.0), 0.0);
  EXPECT_EQ(LeakyRelu{0.25}.value(-2.0), -0.5);
  EXPECT_EQ(HardTanh::value(-3.0), -1.0);
  EXPECT_EQ(HardTanh::slope(1.0), 0.0);
  EXPECT_EQ(Sign::value(-3.0), -1.0);
  EXPECT_EQ(Sign::value(0.0), 0.0);
  EXPECT_EQ(HardThreshold{0.5}.value(-0.5), -0.5);
  EXPECT_EQ(HardThreshold{0.5}.value(0.25), 0.0);
  EXPECT_EQ(JumpRelu{0.5}.value(0.5), 0.0);
  EXPECT_EQ(JumpRelu{0.5}.value(0.75), 0.75);
  EXPECT_EQ(Elu{2.0}.value(-kInf), -2.0);
  EXPECT_EQ(Gelu::value(0.0), 0.0);
  // One rounding of ln 2 and of 1/2.
  EXPECT_NEAR(Softplus::value(0.0), std::numbers::ln2, 1e-16);
  EXPECT_EQ(Sigmoid::value(0.0), 0.5);
  // Φ(1.959963984540054) = 0.975; 13 digits of the quantile are given.
  EXPECT_NEAR(Erf::value(1.959963984540054), 0.95, 1e-13);
}

TEST(Activation, TailsKeepRelativeAccuracy) {
  // ln(1 + e^-40) = e^-40 and logistic(-40) = e^-40 to relative e^-40; a few ulp of exp.
  EXPECT_NEAR(Softplus::value(-40.0) / std::exp(-40.0), 1.0, 1e-15);
  EXPECT_NEAR(Sigmoid::value(-40.0) / std::exp(-40.0), 1.0, 1e-15);
  // sech² z = 4 e^{-2z} to relative 2e^{-2z} = 1e-17; cosh is squared: a few ulp.
  EXPECT_NEAR(Tanh::slope(20.0) / (4.0 * std::exp(-40.0)), 1.0, 2e-15);
  // Mills' ratio: Φ(-z) = φ(z)/z (1 - 1/z² + 3/z⁴ - 15/z⁶ + ...), the next term is 105/z⁸ = 4e-9.
  const double z = 20.0, mills = 1.0 - 1.0 / (z * z) + 3.0 / std::pow(z, 4) - 15.0 / std::pow(z, 6);
  EXPECT_NEAR(Gelu::value(-z) / (-normal_pdf(z) * mills), 1.0, 5e-9);
}

TEST(ParseActivation, RoundTripsEveryName) {
  for (const std::string& name : activation_names()) {
    const bool needs_parameter = name == "hard_threshold" || name == "jump_relu" || name == "top_k";
    const Activation a =
        parse_activation(name, needs_parameter ? std::optional(3.0) : std::nullopt);
    const std::string text = activation_name(a);
    EXPECT_EQ(text.substr(0, name.size()), name);
    EXPECT_EQ(activation_name(parse_activation(text)), text);
    EXPECT_EQ(parse_activation(text).index(), a.index());
  }
}

TEST(ParseActivation, KeepsTheParameterExactly) {
  const double alpha = 0.1 + 1e-16 * 3;
  EXPECT_EQ(std::get<LeakyRelu>(parse_activation("leaky_relu", alpha)).alpha, alpha);
  const Activation again = parse_activation(activation_name(LeakyRelu{alpha}));
  EXPECT_EQ(std::get<LeakyRelu>(again).alpha, alpha);
  EXPECT_EQ(std::get<LeakyRelu>(parse_activation("leaky_relu")).alpha, 0.01);
  EXPECT_EQ(std::get<TopK>(parse_activation("top_k(32)")).k, 32);
}

TEST(ParseActivation, RefusesWhatItDoesNotUnderstand) {
  for (const char* text : {"rleu", "", "relu(1)", "leaky_relu(", "leaky_relu(0.1", "leaky_relu(x)",
                           "leaky_relu(0.1)x", "leaky_relu(nan)", "leaky_relu(-1)", "top_k",
                           "top_k(0)", "top_k(1.5)", "jump_relu(-1)", "hard_threshold(inf)"}) {
    EXPECT_THROW((void)parse_activation(text), InvalidArgument) << text;
  }
  EXPECT_THROW((void)parse_activation("elu(1)", 1.0), InvalidArgument);
}

TEST(ParseActivation, UnknownNameListsTheNames) {
  try {
    (void)parse_activation("rleu");
    FAIL() << "no exception";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("rleu"));
    for (const std::string& name : activation_names()) {
      EXPECT_THAT(error.what(), testing::HasSubstr(name));
    }
  }
}

}  // namespace
}  // namespace twofold::model
