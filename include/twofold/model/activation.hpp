// Activations σ of the two-layer autoencoder x̂ = A σ(B x + b).
//
// Each activation is a small value type with
//   name        its word in files and on the command line;
//   value(z)    σ(z);
//   slope(z)    σ'(z) where σ is differentiable, and at a kink the one-sided value its comment
//   states; kinks()     the points where σ is not differentiable.
// value and slope exist for float and double and neither throw nor allocate. value(NaN) is NaN, and
// σ(±∞) is the limit where there is one (sin has none: NaN). A type with a parameter has
// parameter(), with(p), which checks p, and, if there is a customary one, default_parameter.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace twofold::model {

/// 1/(1 + e^{-z}) without overflow, with full relative accuracy in both tails.
template <std::floating_point Scalar>
[[nodiscard]] Scalar logistic(Scalar z) noexcept {
  const Scalar e = std::exp(-std::abs(z));
  return (z < 0 ? e : Scalar(1)) / (1 + e);
}

/// The normal distribution function Φ(z) = ½ erfc(-z/√2).
template <std::floating_point Scalar>
[[nodiscard]] Scalar normal_cdf(Scalar z) noexcept {
  return std::erfc(-z * (std::numbers::sqrt2_v<Scalar> / 2)) / 2;
}

/// The normal density φ(z) = e^{-z²/2}/√(2π).
template <std::floating_point Scalar>
[[nodiscard]] Scalar normal_pdf(Scalar z) noexcept {
  constexpr Scalar factor = std::numbers::inv_sqrtpi_v<Scalar> / std::numbers::sqrt2_v<Scalar>;
  return factor * std::exp(-z * z / 2);
}

/// σ(z) = z.
struct Identity {
  static constexpr std::string_view name = "identity";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return z;
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar) noexcept {
    return 1;
  }
};

/// σ(z) = max(z, 0); slope 0 at the kink z = 0.
struct Relu {
  static constexpr std::string_view name = "relu";
  static constexpr std::array<double, 1> kinks() noexcept { return {0.0}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return z < 0 ? Scalar(0) : z;
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return z > 0 ? Scalar(1) : Scalar(0);
  }
};

/// σ(z) = z for z >= 0 and αz below, α > 0; slope α at the kink z = 0.
struct LeakyRelu {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr double default_parameter = 0.01;
  double alpha = default_parameter;

  static LeakyRelu with(double alpha);
  [[nodiscard]] double parameter() const noexcept { return alpha; }
  static constexpr std::array<double, 1> kinks() noexcept { return {0.0}; }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar value(Scalar z) const noexcept {
    return z < 0 ? static_cast<Scalar>(alpha) * z : z;
  }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar slope(Scalar z) const noexcept {
    return z > 0 ? Scalar(1) : static_cast<Scalar>(alpha);
  }
};

/// σ(z) = z Φ(z), the exact form by the error function (not the tanh approximation).
struct Gelu {
  static constexpr std::string_view name = "gelu";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    const Scalar cdf = normal_cdf(z);
    return cdf == 0 ? Scalar(0) : z * cdf;  // the limit 0 at -∞, not -∞·0
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    const Scalar cdf = normal_cdf(z), pdf = normal_pdf(z);
    return pdf == 0 ? cdf : cdf + z * pdf;
  }
};

/// σ(z) = z/(1 + e^{-z}) (SiLU, swish).
struct Silu {
  static constexpr std::string_view name = "silu";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    const Scalar p = logistic(z);
    return p == 0 ? Scalar(0) : z * p;
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    const Scalar p = logistic(z), pq = p * logistic(-z);
    return pq == 0 ? p : p + z * pq;
  }
};

/// σ(z) = ln(1 + e^z).
struct Softplus {
  static constexpr std::string_view name = "softplus";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return (z < 0 ? Scalar(0) : z) + std::log1p(std::exp(-std::abs(z)));
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return logistic(z);
  }
};

/// σ(z) = z for z >= 0 and α(e^z - 1) below, α > 0; slope 1 at z = 0 (a kink unless α = 1).
struct Elu {
  static constexpr std::string_view name = "elu";
  static constexpr double default_parameter = 1.0;
  double alpha = default_parameter;

  static Elu with(double alpha);
  [[nodiscard]] double parameter() const noexcept { return alpha; }
  static constexpr std::array<double, 1> kinks() noexcept { return {0.0}; }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar value(Scalar z) const noexcept {
    return z < 0 ? static_cast<Scalar>(alpha) * std::expm1(z) : z;
  }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar slope(Scalar z) const noexcept {
    return z < 0 ? static_cast<Scalar>(alpha) * std::exp(z) : Scalar(1);
  }
};

/// σ(z) = tanh z.
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return std::tanh(z);
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    const Scalar c = std::cosh(z);  // not 1 - tanh², which loses the tail
    return 1 / (c * c);
  }
};

/// σ(z) = erf(z/√2) = 2Φ(z) - 1: note the √2.
struct Erf {
  static constexpr std::string_view name = "erf";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return std::erf(z * (std::numbers::sqrt2_v<Scalar> / 2));
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return 2 * normal_pdf(z);
  }
};

/// σ(z) = 1/(1 + e^{-z}).
struct Sigmoid {
  static constexpr std::string_view name = "sigmoid";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return logistic(z);
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return logistic(z) * logistic(-z);
  }
};

/// σ(z) = min(max(z, -1), 1); slope 0 at the kinks z = ±1.
struct HardTanh {
  static constexpr std::string_view name = "hard_tanh";
  static constexpr std::array<double, 2> kinks() noexcept { return {-1.0, 1.0}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return z < -1 ? Scalar(-1) : (z > 1 ? Scalar(1) : z);
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return std::abs(z) < 1 ? Scalar(1) : Scalar(0);
  }
};

/// σ(z) = sin z; NaN at ±∞.
struct Sin {
  static constexpr std::string_view name = "sin";
  static constexpr std::array<double, 0> kinks() noexcept { return {}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return std::sin(z);
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar z) noexcept {
    return std::cos(z);
  }
};

/// σ(z) = sign z, with sign 0 = 0; slope 0 everywhere: the jump at 0 is invisible to
/// back-propagation.
struct Sign {
  static constexpr std::string_view name = "sign";
  static constexpr std::array<double, 1> kinks() noexcept { return {0.0}; }
  template <std::floating_point Scalar>
  static Scalar value(Scalar z) noexcept {
    return z > 0 ? Scalar(1) : (z < 0 ? Scalar(-1) : z);
  }
  template <std::floating_point Scalar>
  static Scalar slope(Scalar) noexcept {
    return 0;
  }
};

/// σ(z) = z·1[|z| >= λ], λ >= 0; slope 1 at the jumps z = ±λ.
struct HardThreshold {
  static constexpr std::string_view name = "hard_threshold";
  double lambda = 0.0;

  static HardThreshold with(double lambda);
  [[nodiscard]] double parameter() const noexcept { return lambda; }
  [[nodiscard]] constexpr std::array<double, 2> kinks() const noexcept { return {-lambda, lambda}; }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar value(Scalar z) const noexcept {
    return std::abs(z) < static_cast<Scalar>(lambda) ? Scalar(0) : z;
  }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar slope(Scalar z) const noexcept {
    return std::abs(z) < static_cast<Scalar>(lambda) ? Scalar(0) : Scalar(1);
  }
};

/// σ(z) = z·1[z > t], t >= 0; slope 0 at the jump z = t.
struct JumpRelu {
  static constexpr std::string_view name = "jump_relu";
  double threshold = 0.0;

  static JumpRelu with(double threshold);
  [[nodiscard]] double parameter() const noexcept { return threshold; }
  [[nodiscard]] constexpr std::array<double, 1> kinks() const noexcept { return {threshold}; }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar value(Scalar z) const noexcept {
    return z <= static_cast<Scalar>(threshold) ? Scalar(0) : z;
  }
  template <std::floating_point Scalar>
  [[nodiscard]] Scalar slope(Scalar z) const noexcept {
    return z > static_cast<Scalar>(threshold) ? Scalar(1) : Scalar(0);
  }
};

/// Keeps the k codes of largest |z| of each sample and sets the others to 0.
///
/// Acts on the whole row of codes of a sample, so it has no value(z) or slope(z).
/// Ties go to the lowest index; a NaN ranks above everything, so it is not lost.
/// k >= 1; a row of at most k codes is kept as it is.
struct TopK {
  static constexpr std::string_view name = "top_k";
  std::ptrdiff_t k = 1;

  static TopK with(double k);
  [[nodiscard]] double parameter() const noexcept { return static_cast<double>(k); }

  /// value = the kept codes, 0 elsewhere; slope = 1 where kept, 0 elsewhere.
  /// All three of equal length, not overlapping; nothing is allocated. O(n) on average.
  void apply_row(std::span<const float> z, std::span<float> value,
                 std::span<float> slope) const noexcept;
  void apply_row(std::span<const double> z, std::span<double> value,
                 std::span<double> slope) const noexcept;
};

/// Everything that a test, an op or `--activation` loops over.
using Activation = std::variant<Identity, Relu, LeakyRelu, Gelu, Silu, Softplus, Elu, Tanh, Erf,
                                Sigmoid, HardTanh, Sin, Sign, HardThreshold, JumpRelu, TopK>;

/// An activation that acts on each code by itself: all but TopK.
template <typename A>
concept Elementwise = requires(const A a, double z) {
  { a.value(z) }
  noexcept->std::same_as<double>;
  { a.slope(z) }
  noexcept->std::same_as<double>;
};

/// The activation called `name`, for example "relu", or "leaky_relu(0.1)", or ("leaky_relu", 0.1).
/// Without a parameter: alpha = 0.01 (leaky_relu), 1 (elu); the thresholds and top_k need one.
/// @throws InvalidArgument  if the name is unknown (the message lists the names), or the parameter
///   is missing, superfluous, given twice, or out of its range.
[[nodiscard]] Activation parse_activation(std::string_view name,
                                          std::optional<double> parameter = {});

/// The text parse_activation reads back to the same activation, parameter included.
[[nodiscard]] std::string activation_name(const Activation& activation);

/// The names without parameters, in the order of `Activation`.
[[nodiscard]] std::vector<std::string> activation_names();

}  // namespace twofold::model
