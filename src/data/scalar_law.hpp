// What a prior of one coordinate must deliver, and the laws there are.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numbers>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "twofold/data/scalar_prior.hpp"

namespace twofold::data {

/// Density of w, and the posterior it leaves.
struct ChannelPoint {
  double log_density, mean, variance;
};

/// Where the posterior has structure of size `width`, and how far the law of w reaches from there.
struct Feature {
  double center, width, reach;
};

/// The channel w = x + √t g at one t.
class ChannelLaw {
 public:
  virtual ~ChannelLaw() = default;
  [[nodiscard]] virtual ChannelPoint at(double w) const = 0;
  [[nodiscard]] virtual std::vector<Feature> features() const = 0;
};

/// A law of x. Docstrings as in ScalarPrior.
class ScalarLaw {
 public:
  virtual ~ScalarLaw() = default;
  [[nodiscard]] virtual double sample(const std::array<std::uint64_t, 4>& bits) const = 0;
  [[nodiscard]] virtual double mean_abs() const = 0;
  [[nodiscard]] virtual double fourth_moment() const = 0;
  [[nodiscard]] virtual double sparsity() const = 0;
  [[nodiscard]] virtual std::optional<double> entropy() const { return std::nullopt; }
  [[nodiscard]] virtual std::span<const MixtureComponent> components() const { return {}; }
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::unique_ptr<const ChannelLaw> channel(double t) const = 0;
};

/// Mixture with weights that sum to 1; components of weight 0 are dropped.
std::shared_ptr<const ScalarLaw> mixture_law(std::vector<MixtureComponent> components,
                                             std::string name);
std::shared_ptr<const ScalarLaw> laplace_law(double p);
std::shared_ptr<const ScalarLaw> beta_law(double p, double a);

/// Atoms and quantile bins of samples, scaled to unit mean square.
std::vector<MixtureComponent> quantile_components(std::span<const double> samples);

/// E h over the law of w, h given the point; see ScalarChannel::mean.
double channel_mean(const ChannelLaw& channel,
                    const std::function<double(double w, const ChannelPoint&)>& h);

/// Open (0, 1), 52 bits.
inline double unit_interval(std::uint64_t bits) noexcept {
  return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
}

/// ln of the density of N(0, variance) at w.
inline double log_normal_density(double w, double variance) noexcept {
  return -0.5 * (w * w / variance + std::log(2.0 * std::numbers::pi * variance));
}

/// Slab of probability p beside an atom at 0 of probability 1 − p.
inline ChannelPoint with_spike(const ChannelPoint& slab, double p, double w, double t) {
  if (p == 1.0) return slab;
  const double spike = log_normal_density(w, t) + std::log1p(-p);
  const double dense = slab.log_density + std::log(p);
  const double odds = dense - spike;  // ln
  const double on = 1.0 / (1.0 + std::exp(-odds)), off = 1.0 / (1.0 + std::exp(odds));
  const double log_density = std::max(dense, spike) + std::log1p(std::exp(-std::abs(odds)));
  return {log_density, on * slab.mean, on * slab.variance + on * off * slab.mean * slab.mean};
}

}  // namespace twofold::data
