// m(q) and m'(q) of an activation as the predictors use them.
#pragma once

#include <optional>
#include <string_view>

#include "twofold/model/activation.hpp"

namespace twofold::theory {

/// Mean slope of the odd part of σ, constant where that part is linear.
class OddSlope {
 public:
  /// @throws InvalidArgument  for activations whose jumps back-propagation does not see (sign,
  ///         thresholds > 0) and for top_k: gradient descent does not follow their m(q).
  OddSlope(const model::Activation& activation, std::string_view where);

  /// c if the odd part of σ is c u.
  [[nodiscard]] const std::optional<double>& constant() const { return constant_; }
  /// m(q); q is clamped to the domain [0, 1e8], NaN gives NaN.
  [[nodiscard]] double value(double q) const;
  /// m'(q), finite also at q = 0.
  [[nodiscard]] double derivative(double q) const;

 private:
  model::Activation activation_;
  std::optional<double> constant_;
};

}  // namespace twofold::theory
