// How the sample's code covariance spreads the rates of contraction; private to recovery_curve.
#pragma once

#include <vector>

#include "twofold/theory/recovery_gradient.hpp"

namespace twofold::theory {

/// The squared distance that N samples add to the population's: expected
/// Σ_i tan²θ_i under step factors f(x) = (1 − τλ²x)/(1 − τλ²r + τr) with x random, less the same
/// with x at its population values.
///
/// Within the span of the atoms x is Marchenko-Pastur of variance y + (split/κ₂)² + y₃ about
/// `mean`, y₃ from products of a row's error with other codes; outside it of variance y about κ₂.
/// Rates in units of the leading stiffness, r that of κ₂.
/// Source  docs/theory/dictionary_recovery.md#curve.
class SampleModes {
 public:
  /// @param samples  N, of the batch if `fresh`.
  SampleModes(const data::DictionaryModel& model, RecoveryGradient kind, double samples,
              bool fresh);

  /// One step at mean cosine λ, with the predicted error before it as a share of its start.
  void advance(double tau, double lambda, double share);

  /// Of the squared distance at the start.
  [[nodiscard]] double excess() const;

 private:
  /// A part of the directions: x = centre + r (law − 1), population values centre ± split.
  struct Part {
    double weight = 0, centre = 0, split = 0, spread = 0;
    Vector nodes, node_weights, amplitude;
    double upper = 1, lower = 1;  ///< population amplitudes
    double extra = 0;             ///< fresh batches: the excess
  };
  void add_part(double weight, double centre, double split, double spread);
  void advance(Part& part, double tau, double square, double share) const;

  double rate_;
  bool fresh_;
  std::vector<Part> parts_;
};

}  // namespace twofold::theory
