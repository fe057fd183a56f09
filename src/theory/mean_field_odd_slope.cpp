#include "twofold/theory/mean_field_odd_slope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/model/gaussian_moments.hpp"

namespace twofold::theory {
namespace {

constexpr double kLargestVariance = 1e8;
// m' of ELU has an integrable singularity q^{-1/2} at 0; below this q it multiplies nothing.
constexpr double kSmallestVariance = 1e-30;

template <typename... Types>
bool is_any(const model::Activation& activation) {
  return (std::holds_alternative<Types>(activation) || ...);
}

}  // namespace

OddSlope::OddSlope(const model::Activation& activation, std::string_view where)
    : activation_(activation) {
  const bool blind =
      is_any<model::Sign, model::HardThreshold, model::JumpRelu, model::TopK>(activation);
  if (!is_any<model::TopK>(activation)) constant_ = model::linear_odd_slope(activation);
  require(!blind || constant_.has_value(), where,
          fmt::format("no mean-field prediction for {}: back-propagation does not see its jumps",
                      model::activation_name(activation)));
}

double OddSlope::value(double q) const {
  if (constant_) return *constant_;
  if (std::isnan(q)) return q;
  return model::mean_slope(activation_, std::clamp(q, 0.0, kLargestVariance));
}

double OddSlope::derivative(double q) const {
  if (constant_) return 0.0;
  if (std::isnan(q)) return q;
  return model::mean_slope_derivative(activation_,
                                      std::clamp(q, kSmallestVariance, kLargestVariance));
}

}  // namespace twofold::theory
