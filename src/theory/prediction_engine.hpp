// The predictors behind one interface, for the facade mean_field_prediction.hpp.
#pragma once

#include <memory>

#include "twofold/theory/mean_field_prediction.hpp"

namespace twofold::theory {

/// A predictor that is moved forward in time.
class Engine {
 public:
  virtual ~Engine() = default;
  /// Moves to `time`, not before the last one asked for.
  virtual void advance_to(double time) = 0;
  [[nodiscard]] virtual Vector scale() const = 0;
  [[nodiscard]] virtual Vector gain() const = 0;
  /// Loss on data with variance spectrum[j] along direction j.
  [[nodiscard]] virtual double loss(const Vector& spectrum) const = 0;
  [[nodiscard]] virtual SolveStatus status() const = 0;
};

/// @param problem  checked.  @param excess  ψ, see mean_field_width.hpp; Flow, L2 and Recursion.
/// @throws InvalidArgument  if the predictor does not cover the activation or samples are missing.
[[nodiscard]] std::unique_ptr<Engine> make_engine(const MeanFieldProblem& problem,
                                                  Predictor predictor, double excess,
                                                  const Matrix* pca_samples);

/// The problem with its numbers checked and its spectrum freed from rounding.
[[nodiscard]] MeanFieldProblem checked(const MeanFieldProblem& problem);

/// Momentum μ makes the slow dynamics 1/(1 − μ) faster: the time of the flow at t = η · steps.
[[nodiscard]] inline double flow_time(const MeanFieldProblem& problem, double time) {
  return time / (1.0 - problem.momentum);
}

}  // namespace twofold::theory
