#include "twofold/model/gaussian_moments.hpp"

#include <fmt/format.h>

#include <limits>

#include "scaled_erfc.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/gaussian_quadrature.hpp"

namespace twofold::model {
namespace {

constexpr double kLargestVariance = 1e8;
const double kRootTwoOverPi = std::sqrt(2.0) * std::numbers::inv_sqrtpi;

// m(q) and dm/dq.
struct Moments {
  double slope, derivative;
};

// ---- activations with a linear odd part -----------------------------------------------------

template <typename A>
std::optional<double> odd_slope(const A&) {
  return std::nullopt;
}
std::optional<double> odd_slope(const Identity&) {
  return 1.0;
}
std::optional<double> odd_slope(const Relu&) {
  return 0.5;
}
std::optional<double> odd_slope(const Gelu&) {
  return 0.5;
}
std::optional<double> odd_slope(const Silu&) {
  return 0.5;
}
std::optional<double> odd_slope(const Softplus&) {
  return 0.5;
}
std::optional<double> odd_slope(const LeakyRelu& a) {
  return 0.5 * (1.0 + a.alpha);
}
std::optional<double> odd_slope(const HardThreshold& a) {
  return a.lambda == 0.0 ? std::optional(1.0) : std::nullopt;
}
std::optional<double> odd_slope(const JumpRelu& a) {
  return a.threshold == 0.0 ? std::optional(0.5) : std::nullopt;
}

// ---- closed forms ---------------------------------------------------------------------------

// σ' = 2φ: m = √(2/π) (1+q)^{-1/2}.
Moments moments(const Erf&, double q) {
  const double m = kRootTwoOverPi / std::sqrt(1.0 + q);
  return {m, -0.5 * m / (1.0 + q)};
}

// σ' = 1[|z| < 1]: m = P(|g| < q^{-1/2}).
Moments moments(const HardTanh&, double q) {
  if (q == 0.0) return {1.0, 0.0};
  const double edge = 1.0 / std::sqrt(q);
  return {std::erf(edge * std::numbers::sqrt2 / 2), -edge * normal_pdf(edge) / q};
}

// σ' = 1 (z >= 0), α e^z (z < 0): m = 1/2 + (α/2) erfcx(√(q/2)), and erfcx' = 2x erfcx - 2/√π.
Moments moments(const Elu& a, double q) {
  const ScaledErfc e = scaled_erfc(std::sqrt(0.5 * q));
  return {0.5 + 0.5 * a.alpha * e.value, 0.25 * a.alpha * e.minus_leading};
}

Moments moments(const Sin&, double q) {
  const double m = std::exp(-0.5 * q);
  return {m, -0.5 * m};
}

// σ' = 2δ(z): m = √(2/(πq)).
Moments moments(const Sign&, double q) {
  const double m = kRootTwoOverPi / std::sqrt(q);
  return {m, q == 0.0 ? -m : -0.5 * m / q};
}

// m = E[g² 1[g > τ]] = Φ(-τ) + τφ(τ), τ = t/√q; dm/dτ = -τ²φ(τ) and dτ/dq = -τ/(2q).
Moments moments(const JumpRelu& a, double q) {
  if (q == 0.0) return {0.0, 0.0};
  const double tau = a.threshold / std::sqrt(q), pdf = normal_pdf(tau);
  if (pdf == 0.0) return {0.0, 0.0};
  return {normal_cdf(-tau) + tau * pdf, 0.5 * tau * tau * tau * pdf / q};
}

// Both tails of |z| > λ: twice the above.
Moments moments(const HardThreshold& a, double q) {
  const Moments one = moments(JumpRelu{a.lambda}, q);
  return {2.0 * one.slope, 2.0 * one.derivative};
}

// ---- quadrature -----------------------------------------------------------------------------

// m = E sech²(√q g). m' = ½ E σ''' with σ''' = 4 sech² tanh² - 2 sech⁴ for small q. There ∫ σ''' =
// 0 makes it cancel for large q, where m' = E[σ'(√q g)(g² - 1)]/(2q) does not.
Moments moments(const Tanh&, double q) {
  const auto sech2 = [](double z) { return Tanh::slope(z); };
  const auto third = [](double z) {
    const double t = std::tanh(z), s = Tanh::slope(z);
    return s * (4.0 * t * t - 2.0 * s);
  };
  const auto stein = [q](double z) { return Tanh::slope(z) * (z * z / q - 1.0); };
  return {numerics::gaussian_mean_trapezoid(q, sech2),
          q < 1.0 ? 0.5 * numerics::gaussian_mean_trapezoid(q, third)
                  : 0.5 * numerics::gaussian_mean_trapezoid(q, stein) / q};
}

// logistic(z) = ½ + ½ tanh(z/2).
Moments moments(const Sigmoid&, double q) {
  const Moments t = moments(Tanh{}, 0.25 * q);
  return {0.25 * t.slope, 0.0625 * t.derivative};
}

// ---------------------------------------------------------------------------------------------

Moments checked_moments(const Activation& activation, double q, std::string_view where) {
  if (!(q >= 0.0 && q <= kLargestVariance)) {
    throw InvalidArgument(where, fmt::format("variance q must be in [0, 1e8], got {}", q));
  }
  if (const auto c = linear_odd_slope(activation)) return {*c, 0.0};
  return std::visit(
      [&]<typename A>(const A& a) -> Moments {
        if constexpr (requires { moments(a, q); }) {
          return moments(a, q);
        } else {
          throw InvalidArgument(where, fmt::format("{} acts on whole rows of codes: it has no "
                                                   "Gaussian mean slope",
                                                   A::name));
        }
      },
      activation);
}

}  // namespace

std::optional<double> linear_odd_slope(const Activation& activation) {
  return std::visit([](const auto& a) { return odd_slope(a); }, activation);
}

double mean_slope(const Activation& activation, double q) {
  return checked_moments(activation, q, "model::mean_slope").slope;
}

double mean_slope_derivative(const Activation& activation, double q) {
  return checked_moments(activation, q, "model::mean_slope_derivative").derivative;
}

}  // namespace twofold::model
