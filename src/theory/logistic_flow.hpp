// du/dt = 2 u (α − β u): the exact step with frozen coefficients, and the midpoint rule on it.
#pragma once

#include <algorithm>
#include <cmath>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/status.hpp"
#include "twofold/theory/mean_field_bounded.hpp"

namespace twofold::theory {

/// u(h) = 1 / (E/u + β φ),  E = e^{−2 α h},  φ = (1 − E)/α. Finite h; 0 if E overflows.
inline double logistic_step(double u, double alpha, double beta, double h) {
  if (u == 0.0) return 0.0;
  const double x = 2.0 * alpha * h;
  // Near x = 0, 1 − e^{−x} cancels; away from it one exponential serves both terms.
  if (std::abs(x) < 1e-8) return 1.0 / ((1.0 - x) / u + beta * 2.0 * h * (1.0 - 0.5 * x));
  if (std::abs(x) < 0.5) {
    const double minus_rise = std::expm1(-x);
    return 1.0 / ((1.0 + minus_rise) / u - beta * minus_rise / alpha);
  }
  const double decay = std::exp(-x);
  if (std::isinf(decay)) return 0.0;  // also where β = 0, and 0 · ∞ would be NaN
  return 1.0 / (decay / u + beta * (1.0 - decay) / alpha);
}

/// One step of length h with coefficients frozen at the midpoint. Order 2; u stays >= 0.
/// @param rates  rates(u, alpha, beta) fills the coefficients at u.
template <typename Rates>
Vector midpoint_step(const Vector& u, double h, const Rates& rates) {
  Vector alpha(u.size()), beta(u.size());
  const auto frozen = [&](double length) {
    Vector next(u.size());
    for (Index j = 0; j < u.size(); ++j) next[j] = logistic_step(u[j], alpha[j], beta[j], length);
    return next;
  };
  rates(u, alpha, beta);
  rates(frozen(0.5 * h), alpha, beta);
  return frozen(h);
}

/// Largest estimated error of one step, relative to each u_j.
inline constexpr double kStepTolerance = 1e-6;

/// One accepted step, not beyond `end`, with the length chosen by step doubling and the result
/// improved by Richardson extrapolation (kept positive).
template <typename Rates>
SolveStatus adaptive_step(FlowState& state, double end, const Rates& rates) {
  if (state.next_step <= 0.0) {
    Vector alpha(state.scale.size()), beta(state.scale.size());
    rates(state.scale, alpha, beta);
    const double rate = alpha.array().abs().maxCoeff();
    state.next_step = rate > 0.0 ? 0.05 / rate : end - state.time;
  }
  constexpr int kMaxRejections = 60;
  for (int attempt = 0; attempt < kMaxRejections; ++attempt) {
    const double left = end - state.time;
    const bool last = state.next_step >= left;
    const double h = last ? left : state.next_step;
    const Vector coarse = midpoint_step(state.scale, h, rates);
    const Vector fine = midpoint_step(midpoint_step(state.scale, 0.5 * h, rates), 0.5 * h, rates);
    if (!fine.allFinite() || !coarse.allFinite()) return SolveStatus::NonFinite;
    const double floor = 1e-14 * fine.maxCoeff() + 1e-300;
    const double error =
        ((fine - coarse).array().abs() / (fine.array() + floor)).maxCoeff() / kStepTolerance;
    const double factor = std::clamp(0.9 / std::cbrt(error + 1e-12), 0.2, 4.0);
    if (error <= 1.0) {
      state.scale = (fine + (fine - coarse) / 3.0).cwiseMax(0.5 * fine);
      state.time = last ? end : state.time + h;
      // A step cut short by `end` says nothing against the longer one proposed before.
      state.next_step = last ? std::max(state.next_step, h * factor) : h * factor;
      return SolveStatus::Converged;
    }
    state.next_step = h * factor;
  }
  return SolveStatus::MaxIterations;
}

/// Adaptive steps up to `end`.
template <typename Rates>
SolveStatus advance_flow(FlowState& state, double end, const Rates& rates) {
  constexpr int kMaxSteps = 1'000'000;
  for (int step = 0; step < kMaxSteps; ++step) {
    if (state.time >= end) return SolveStatus::Converged;
    const SolveStatus status = adaptive_step(state, end, rates);
    if (status != SolveStatus::Converged) return status;
  }
  return SolveStatus::MaxIterations;
}

}  // namespace twofold::theory
