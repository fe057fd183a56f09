// A root of a function of one variable inside a bracket.
#pragma once

#include <functional>
#include <limits>

#include "twofold/numerics/status.hpp"

namespace twofold::numerics {

struct RootOptions {
  double relative_tolerance = 4.0 * std::numeric_limits<double>::epsilon();  ///< >= 0
  double absolute_tolerance = 0.0;                                           ///< >= 0
  int max_evaluations = 200;                                                 ///< >= 4
};

/// A point where f changes sign in [low, high] (Alefeld, Potra and Shi, TOMS 748; Boost.Math).
///
/// Ends when the bracket is shorter than absolute + relative min(|a|, |b|), or f = 0 exactly;
/// value is the end with the smaller |f|. A root at 0 that is not hit exactly needs
/// absolute_tolerance > 0. `iterations` counts evaluations of f; `residual` is |f(value)|.
/// Status: MaxIterations with the best point so far; NonFinite if f returns NaN or infinity.
/// @throws InvalidArgument  if low > high, an end is not finite, an option is outside its
///                          range, or f has the same sign at both ends (no bracket).
Solved<double> bracketed_root(const std::function<double(double)>& f, double low, double high,
                              const RootOptions& options = {});

}  // namespace twofold::numerics
