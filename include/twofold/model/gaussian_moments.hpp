// Gaussian moments of the activations: all that the mean-field limit needs to know about σ.
#pragma once

#include <optional>

#include "twofold/model/activation.hpp"

namespace twofold::model {

/// c if σ(u) = c·u + (an even function) exactly, nothing otherwise.
///
/// identity 1; relu, gelu, silu, softplus 1/2; leaky_relu(α) (1+α)/2; hard_threshold(0) 1;
/// jump_relu(0) 1/2. For these mean_slope is c at every q.
[[nodiscard]] std::optional<double> linear_odd_slope(const Activation& activation);

/// The mean slope m(q) = E[g σ(√q g)]/√q, g ~ N(0,1): the slope of the best linear fit of σ on a
/// Gaussian input of variance q. By Stein's lemma m(q) = E σ'(√q g), jumps of σ counted as point
/// masses. Only the odd part of σ contributes.
///
/// @param q  variance of the pre-activation, in [0, 1e8].
/// @return   m(q); m(0) is the limit, which is σ'(0) where it exists, the mean of the one-sided
///   slopes at a kink, and +∞ for sign.
/// @throws InvalidArgument  if q is outside the domain or NaN, or for top_k, which is not
///   elementwise.
/// Accuracy  relative 1e-14; closed forms, except tanh and sigmoid: trapezoid rule.
/// Source    docs/theory/mean_field.md.
[[nodiscard]] double mean_slope(const Activation& activation, double q);

/// dm/dq. Domain and errors as mean_slope; relative accuracy 1e-13. At q = 0 the limit; it is -∞
/// for elu and sign, whose m is not differentiable there.
[[nodiscard]] double mean_slope_derivative(const Activation& activation, double q);

}  // namespace twofold::model
