// Initial value problems y' = f(t, y).
#pragma once

#include <functional>
#include <span>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"

namespace twofold::numerics {

/// Writes f(t, y) to `slope`, which has the length of y on entry.
using VectorField = std::function<void(double t, const Vector& y, Vector& slope)>;

/// y(end) from y(begin) = start by the classical Runge-Kutta method of order 4.
///
/// @param steps  >= 1, all of length (end - begin) / steps; end < begin is allowed.
/// @throws InvalidArgument  if steps < 1.
/// Accuracy: error O(h^4) for smooth f. No check: NaN and infinity propagate.
[[nodiscard]] Vector rk4(const VectorField& field, Vector start, double begin, double end,
                         Index steps);

struct Dopri5Options {
  double absolute_tolerance = 1e-10;  ///< error of one step: at most absolute + relative |y|,
  double relative_tolerance = 1e-10;  ///< entry by entry. Both >= 0, one of them > 0.
  double first_step = 0.0;            ///< > 0, or 0: 1/1000 of the first interval.
  Index max_steps = 1'000'000;        ///< accepted and rejected steps in all, >= 1.
};

/// The solution at the requested times.
struct [[nodiscard]] Trajectory {
  Matrix states;      ///< one row per time; rows from `reached` on are NaN.
  Index reached = 0;  ///< number of rows computed; all of them if status is Converged.
  SolveStatus status = SolveStatus::Converged;
  Index steps = 0;  ///< accepted and rejected.
};

/// y at times[0] < times[1] < ..., with y(times[0]) = start, by the adaptive method of Dormand
/// and Prince (order 5, error estimate of order 4; Boost.Odeint). Steps end at each time.
///
/// Status: MaxIterations if max_steps is used up; NonFinite if f or the start is not finite, or
/// every step, however small, overflows; Diverged if the step length falls below the
/// resolution of t (a singularity of the solution, or f is not smooth).
/// @throws InvalidArgument  if times or start are empty, times are not finite or not increasing,
///                          or an option is outside its range.
Trajectory dopri5(const VectorField& field, const Vector& start, std::span<const double> times,
                  const Dopri5Options& options = {});

}  // namespace twofold::numerics
