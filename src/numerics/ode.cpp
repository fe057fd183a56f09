#include "twofold/numerics/ode.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/numeric/odeint/algebra/algebra_dispatcher.hpp>
#include <boost/numeric/odeint/external/eigen/eigen.hpp>
#include <boost/numeric/odeint/stepper/controlled_runge_kutta.hpp>
#include <boost/numeric/odeint/stepper/generation.hpp>
#include <boost/numeric/odeint/stepper/runge_kutta_dopri5.hpp>
#include <cmath>
#include <limits>

#include "twofold/core/error.hpp"

namespace twofold::numerics {

Vector rk4(const VectorField& field, Vector start, double begin, double end, Index steps) {
  require(steps >= 1, "numerics::rk4", fmt::format("steps must be >= 1, got {}", steps));
  const double h = (end - begin) / static_cast<double>(steps);
  Vector y = std::move(start);
  Vector k1(y.size()), k2(y.size()), k3(y.size()), k4(y.size()), trial(y.size());
  for (Index step = 0; step < steps; ++step) {
    const double t = begin + static_cast<double>(step) * h;
    field(t, y, k1);
    trial = y + 0.5 * h * k1;
    field(t + 0.5 * h, trial, k2);
    trial = y + 0.5 * h * k2;
    field(t + 0.5 * h, trial, k3);
    trial = y + h * k3;
    field(t + h, trial, k4);
    y += h / 6.0 * (k1 + 2.0 * (k2 + k3) + k4);
  }
  return y;
}

namespace {

namespace odeint = boost::numeric::odeint;
using Dopri5 =
    odeint::runge_kutta_dopri5<Vector, double, Vector, double, odeint::vector_space_algebra>;

void check(std::span<const double> times, const Dopri5Options& options) {
  constexpr auto kWhere = "numerics::dopri5";
  require(!times.empty() && std::isfinite(times.front()) && std::isfinite(times.back()), kWhere,
          "times must be finite, at least one");
  for (std::size_t k = 1; k < times.size(); ++k) {
    require(times[k - 1] < times[k], kWhere,
            fmt::format("times must increase, got {} then {}", times[k - 1], times[k]));
  }
  const double absolute = options.absolute_tolerance, relative = options.relative_tolerance;
  require(
      absolute >= 0.0 && relative >= 0.0 && absolute + relative > 0.0, kWhere,
      fmt::format("tolerances must be >= 0, one of them > 0, got {} and {}", absolute, relative));
  require(options.first_step >= 0.0, kWhere,
          fmt::format("first_step must be >= 0, got {}", options.first_step));
  require(options.max_steps >= 1, kWhere,
          fmt::format("max_steps must be >= 1, got {}", options.max_steps));
}

// Carries one solution from time to time.
class Integrator {
 public:
  Integrator(const VectorField& field, const Vector& start, const Dopri5Options& options)
      : field_(field),
        max_steps_(options.max_steps),
        stepper_(odeint::make_controlled<Dopri5>(options.absolute_tolerance,
                                                 options.relative_tolerance)),
        y_(start) {}

  SolveStatus advance(double begin, double end) {
    double t = begin;
    while (t < end) {
      if (steps_ == max_steps_) return SolveStatus::MaxIterations;
      if (t + step_ == t) return overflowed_ ? SolveStatus::NonFinite : SolveStatus::Diverged;
      const bool last = step_ >= end - t;
      const double full_step = step_;
      if (last) step_ = end - t;
      ++steps_;
      if (try_step(t) && last) {
        // A step cut short to meet `end` says nothing against the longer one.
        step_ = std::max(step_, full_step);
        t = end;
      }
    }
    return SolveStatus::Converged;
  }

  [[nodiscard]] const Vector& state() const noexcept { return y_; }
  [[nodiscard]] Index steps() const noexcept { return steps_; }
  void set_step(double step) noexcept { step_ = step; }

 private:
  // Moves y_ and t on success, and chooses the next step length in either case. A step into
  // NaN would pass the stepper's own error test, so it is taken back and halved here.
  bool try_step(double& t) {
    backup_ = y_;
    const double tried = step_, before = t;
    const auto system = [this](const Vector& y, Vector& slope, double time) {
      field_(time, y, slope);
    };
    const auto outcome = stepper_.try_step(system, y_, t, step_);
    overflowed_ = !y_.allFinite() || !std::isfinite(step_);
    if (overflowed_) {
      y_ = backup_;
      t = before;
      step_ = 0.5 * tried;
      stepper_.reset();
    }
    return !overflowed_ && outcome == odeint::success;
  }

  const VectorField& field_;
  Index max_steps_, steps_ = 0;
  odeint::result_of::make_controlled<Dopri5>::type stepper_;
  Vector y_, backup_;
  double step_ = 0.0;
  bool overflowed_ = false;
};

}  // namespace

Trajectory dopri5(const VectorField& field, const Vector& start, std::span<const double> times,
                  const Dopri5Options& options) {
  check(times, options);
  require(start.size() >= 1, "numerics::dopri5", "the state must not be empty");
  const auto count = static_cast<Index>(times.size());
  Trajectory result;
  result.states = Matrix::Constant(count, start.size(), std::numeric_limits<double>::quiet_NaN());
  if (!start.allFinite()) {
    result.status = SolveStatus::NonFinite;
    return result;
  }
  Integrator integrator(field, start, options);
  if (times.size() > 1) {
    integrator.set_step(options.first_step > 0.0 ? options.first_step
                                                 : 1e-3 * (times[1] - times[0]));
  }
  result.states.row(0) = start.transpose();
  for (result.reached = 1; result.reached < count; ++result.reached) {
    const auto k = static_cast<std::size_t>(result.reached);
    result.status = integrator.advance(times[k - 1], times[k]);
    if (result.status != SolveStatus::Converged) break;
    result.states.row(result.reached) = integrator.state().transpose();
  }
  result.steps = integrator.steps();
  return result;
}

}  // namespace twofold::numerics
