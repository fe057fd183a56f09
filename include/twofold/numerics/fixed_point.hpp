// Fixed points x = g(x): damped iteration and Anderson acceleration.
#pragma once

#include <functional>

#include "twofold/linalg/matrix.hpp"
#include "twofold/numerics/status.hpp"

namespace twofold::numerics {

/// Returns g(x), of the length of x.
using VectorMap = std::function<Vector(const Vector& x)>;

struct FixedPointOptions {
  double tolerance = 1e-12;   ///< > 0; ends when |g(x) - x| <= tolerance (1 + |x|), max norms.
  int max_iterations = 1000;  ///< evaluations of g, >= 1.
  double damping = 1.0;       ///< in (0, 1]: the share of g(x) - x that is applied.
  double divergence = 1e8;    ///< > 1; gives up when |g(x) - x| exceeds this times its first value
                              ///< (or times 1, if that is larger).
};

/// x <- x + damping (g(x) - x). Converges linearly where that map is a contraction.
///
/// `value` is the last x at which g was evaluated, `residual` is |g(x) - x| there in max
/// norm, `iterations` counts evaluations. With NonFinite, value is the x where g failed.
/// @throws InvalidArgument  if an option is outside its range or g changes the length.
Solved<Vector> damped_fixed_point(const VectorMap& g, const Vector& start,
                                  const FixedPointOptions& options = {});

/// Anderson acceleration: the next x minimises the linearised residual over the span of the
/// last `depth` differences. Statuses and errors as above.
///
///   x <- x + β r - (ΔX + β ΔR) γ,  γ = argmin |r - ΔR γ|,  r = g(x) - x,  β = damping
///
/// @param depth  >= 1, number of differences kept. For an affine map of dimension <= depth the
///               solution is found after dimension + 1 evaluations, up to rounding.
/// Source: Walker and Ni, SIAM J. Numer. Anal. 49 (2011) 1715.
Solved<Vector> anderson_fixed_point(const VectorMap& g, const Vector& start, Index depth,
                                    const FixedPointOptions& options = {});

}  // namespace twofold::numerics
