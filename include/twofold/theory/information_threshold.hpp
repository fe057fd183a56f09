// The Bayes-optimal error for rotationally invariant encoders, and when it can be reached.
#pragma once

#include <optional>

#include "twofold/data/scalar_prior.hpp"
#include "twofold/model/decoder_scalars.hpp"
#include "twofold/numerics/status.hpp"

namespace twofold::theory {

/// Where the information functional is evaluated; all > 0, b >= 1.
struct InformationPoint {
  double a;  ///< g1: precision of the scalar channel of x
  double c;  ///< 1/mse - g1: extrinsic precision of x
  double b;  ///< 1/vz: precision of z before its bit
  double e;  ///< h = 1/ez - 1/vz: extrinsic precision of z
};

/// The point of a fixed point of the state evolution.
[[nodiscard]] InformationPoint information_point(const model::GvampScalars& fixed_point);

/// Θ in nats per coordinate: what the code says about x if the point is the right fixed point.
///
///   Θ = ½ E_l ln(c + e l) - ½ ln(a + c) - (r/2) ln(b + e) + I(x; x + G/√a) + r [½ ln b + H(b)]
///   E_l ln(c + e l) = r ln(c + e) + (1 - r) ln c  (r <= 1),  ln(c + r e)  (r >= 1)
///
/// Stationary in a, c, b, e at fixed points. Gaussian x and r <= 1: r ln 2.
/// @throws InvalidArgument  if rate is not in (0, 1e6], a is not in [1e-12, 1e12], c or e is not
///                          finite and > 0, or b is not finite and >= 1.
/// Accuracy: about 1e-8 absolute, that of ScalarPrior::information.
/// Source: docs/theory/one_bit_decoders.md#bayes.
[[nodiscard]] double information_functional(const data::ScalarPrior& prior, double rate,
                                            const InformationPoint& point);

/// Errors relative to the variance, per coordinate.
struct BayesLimit {
  double bayes;        ///< least error any decoder can have
  double algorithmic;  ///< fixed point from no information: what the decoder reaches
  double informative;  ///< fixed point from nearly full information
  std::optional<double> bayes_information;        ///< Θ there, nats; empty if the two coincide
  std::optional<double> algorithmic_information;  ///< Θ there, nats; empty if the two coincide
  bool hard;                                      ///< the Bayes error is below the algorithmic one
  numerics::SolveStatus status;                   ///< the worse of the two recursions
};

/// Runs the state evolution from both ends; where they differ, Bayes is the fixed point of
/// smaller Θ, perfect recovery counting with Θ = H(x). An error below 1e-7 is returned as 0.
/// @throws InvalidArgument  if rate is not in (0, 1e6].
[[nodiscard]] BayesLimit bayes_limit(const data::ScalarPrior& prior, double rate);

/// Least rates of perfect recovery of a discrete x, in bits per coordinate.
struct RecoveryThresholds {
  double information;  ///< by any decoder
  double algorithmic;  ///< by the multi-layer decoder
};

/// By bisection over rates in [0.01, 8] to the tolerance, > 0.
/// @throws InvalidArgument  if x does not take finitely many values or the tolerance is not > 0.
/// Status: MaxIterations if a threshold is outside the range (its end is returned).
[[nodiscard]] numerics::Solved<RecoveryThresholds> recovery_thresholds(
    const data::ScalarPrior& prior, double tolerance = 0.01);

}  // namespace twofold::theory
