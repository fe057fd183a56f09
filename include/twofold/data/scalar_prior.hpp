// The law of one coordinate: sparse priors of unit variance, and what a noisy look at it tells.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "twofold/core/random.hpp"

namespace twofold::data {

class ScalarLaw;
class ChannelLaw;

/// A part weight · N(mean, variance) of a mixture; variance 0 is an atom.
struct MixtureComponent {
  double weight, mean, variance;
};

struct ScalarPosterior {
  double mean;      ///< E[x | w]
  double variance;  ///< Var(x | w), >= 0
};

/// The channel w = x + √t g at one noise variance t, with x of some prior and g ~ N(0,1).
/// Copies share the (constant) state; all functions are const and thread-safe.
class ScalarChannel {
 public:
  /// Accuracy for |w| <= 1000 √(1 + t): relative 1e-10, or absolute 1e-14 times the scale of the
  /// prior where that is more (means near 0 of a law with atoms).
  /// @param w  finite; InvalidArgument otherwise.
  [[nodiscard]] ScalarPosterior posterior(double w) const;

  /// ln f(w), f the density of w.
  [[nodiscard]] double log_density(double w) const;

  /// E h(w, posterior(w)) by Gauss-Legendre panels, half as wide as the finest structure near it.
  /// h must be as smooth as the posterior, except at w = 0.
  /// Accuracy: 1e-9 of E|h|. Cost: some thousand posteriors.
  [[nodiscard]] double mean(const std::function<double(double w, const ScalarPosterior&)>& h) const;

  /// E Var(x | w), in [0, t/(1 + t)].
  [[nodiscard]] double mmse() const;

  /// Mutual information I(x; w) = −E ln f(w) − ½ ln(2πe t) in nats, absolute accuracy 1e-9.
  [[nodiscard]] double information() const;

 private:
  friend class ScalarPrior;
  ScalarChannel(std::shared_ptr<const ChannelLaw> law, double t) noexcept;

  std::shared_ptr<const ChannelLaw> law_;
  double t_;
};

/// Law of x in R with E x² = 1, and its posterior given w = x + √t g, g ~ N(0,1).
///
/// Sparse priors are 0 with probability 1 − p, else u/√p with E u = 0, E u² = 1. A value type;
/// copies share the (constant) law. All functions are const and thread-safe.
/// Domain: t in [1e-12, 1e12], w finite; p in (0, 1]. Otherwise InvalidArgument.
/// Source  docs/theory/one_bit.md#priors.
class ScalarPrior {
 public:
  /// u ~ N(0, 1).
  static ScalarPrior sparse_gaussian(double p);
  /// u = ±1.
  static ScalarPrior sparse_rademacher(double p);
  /// u ~ Laplace(1/√2), density e^{−√2 |u|}/√2.
  static ScalarPrior sparse_laplace(double p);
  /// u ~ ½ N(±√s, 1 − s).  @param s  in [0, 1].
  static ScalarPrior sparse_mixture(double p, double s);
  /// u ~ √(2a + 1)(2 Beta(a, a) − 1), on [−√(2a+1), √(2a+1)].  @param a  in [0.05, 50].
  static ScalarPrior sparse_beta(double p, double a);
  /// x ~ N(0, 1).
  static ScalarPrior gaussian();
  /// Mixture of Gaussians from samples, scaled to E x² = 1 but not centred: each value that makes
  /// up more than 1 % of the samples becomes an atom, the rest 200 quantile bins (fewer for few
  /// samples), each a Gaussian with the bin's mean and variance.
  /// @param samples  at least one, finite, not all 0.
  static ScalarPrior empirical(std::span<const double> samples);

  /// Σ_k weight_k N(mean_k, variance_k).
  /// @param components  weights > 0 of sum 1, variances >= 0, E x² = 1, both to 1e-9.
  /// @param name        for name().
  static ScalarPrior mixture(std::span<const MixtureComponent> components, std::string name);

  /// x as a function of (stream, index).
  [[nodiscard]] double sample(const RandomStream& stream, std::uint64_t index) const;
  /// x as a function of 256 random bits.
  [[nodiscard]] double sample(const std::array<std::uint64_t, 4>& bits) const;

  [[nodiscard]] double mean_abs() const;       ///< E|x|
  [[nodiscard]] double fourth_moment() const;  ///< E x⁴
  [[nodiscard]] double sparsity() const;       ///< P(x ≠ 0)
  /// Entropy −Σ P ln P in nats; empty unless x takes finitely many values.
  [[nodiscard]] std::optional<double> entropy() const;
  /// The mixture it is, so that it can be stored; empty for sparse Laplace and sparse beta.
  [[nodiscard]] std::span<const MixtureComponent> components() const;
  [[nodiscard]] std::string name() const;  ///< such as "sparse Gaussian, p = 0.1"

  using Posterior = ScalarPosterior;

  /// x + √t g, prepared for many w at the same t.
  [[nodiscard]] ScalarChannel channel(double t) const;

  // The same for a single w or number, by channel(t).
  [[nodiscard]] Posterior posterior(double w, double t) const;
  [[nodiscard]] double log_density(double w, double t) const;
  [[nodiscard]] double mmse(double t) const;
  [[nodiscard]] double information(double t) const;

 private:
  explicit ScalarPrior(std::shared_ptr<const ScalarLaw> law) noexcept;

  std::shared_ptr<const ScalarLaw> law_;
};

}  // namespace twofold::data
