#include "twofold/data/scalar_prior.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "scalar_law.hpp"
#include "twofold/core/error.hpp"

namespace twofold::data {
namespace {

constexpr double kLeastNoise = 1e-12, kMostNoise = 1e12;
constexpr double kLeastBeta = 0.05, kMostBeta = 50.0;

void check_sparsity(double p) {
  require(p > 0.0 && p <= 1.0, "data::ScalarPrior",
          fmt::format("the probability p of a non-zero must be in (0, 1], got {}", p));
}

}  // namespace

ScalarChannel::ScalarChannel(std::shared_ptr<const ChannelLaw> law, double t) noexcept
    : law_(std::move(law)), t_(t) {}

ScalarPosterior ScalarChannel::posterior(double w) const {
  require(std::isfinite(w), "data::ScalarChannel::posterior",
          fmt::format("the observation w must be finite, got {}", w));
  const ChannelPoint point = law_->at(w);
  return {point.mean, point.variance};
}

double ScalarChannel::log_density(double w) const {
  require(std::isfinite(w), "data::ScalarChannel::log_density",
          fmt::format("the observation w must be finite, got {}", w));
  return law_->at(w).log_density;
}

double ScalarChannel::mean(const std::function<double(double w, const ScalarPosterior&)>& h) const {
  return channel_mean(*law_, [&](double w, const ChannelPoint& point) {
    return h(w, {point.mean, point.variance});
  });
}

double ScalarChannel::mmse() const {
  const double value =
      channel_mean(*law_, [](double, const ChannelPoint& point) { return point.variance; });
  return std::clamp(value, 0.0, t_ / (1.0 + t_));
}

double ScalarChannel::information() const {
  const double entropy =
      channel_mean(*law_, [](double, const ChannelPoint& point) { return -point.log_density; });
  return std::max(0.0, entropy - 0.5 * std::log(2.0 * std::numbers::pi * std::numbers::e * t_));
}

ScalarPrior::ScalarPrior(std::shared_ptr<const ScalarLaw> law) noexcept : law_(std::move(law)) {}

ScalarPrior ScalarPrior::sparse_gaussian(double p) {
  check_sparsity(p);
  return ScalarPrior(mixture_law({{1.0 - p, 0.0, 0.0}, {p, 0.0, 1.0 / p}},
                                 fmt::format("sparse Gaussian, p = {}", p)));
}

ScalarPrior ScalarPrior::sparse_rademacher(double p) {
  check_sparsity(p);
  const double size = 1.0 / std::sqrt(p);
  return ScalarPrior(mixture_law({{1.0 - p, 0.0, 0.0}, {0.5 * p, size, 0.0}, {0.5 * p, -size, 0.0}},
                                 fmt::format("sparse Rademacher, p = {}", p)));
}

ScalarPrior ScalarPrior::sparse_laplace(double p) {
  check_sparsity(p);
  return ScalarPrior(laplace_law(p));
}

ScalarPrior ScalarPrior::sparse_mixture(double p, double s) {
  check_sparsity(p);
  require(
      s >= 0.0 && s <= 1.0, "data::ScalarPrior::sparse_mixture",
      fmt::format("the share s of variance between the two peaks must be in [0, 1], got {}", s));
  const double size = std::sqrt(s / p), variance = (1.0 - s) / p;
  return ScalarPrior(
      mixture_law({{1.0 - p, 0.0, 0.0}, {0.5 * p, size, variance}, {0.5 * p, -size, variance}},
                  fmt::format("sparse Gaussian mixture, p = {}, s = {}", p, s)));
}

ScalarPrior ScalarPrior::sparse_beta(double p, double a) {
  check_sparsity(p);
  require(a >= kLeastBeta && a <= kMostBeta, "data::ScalarPrior::sparse_beta",
          fmt::format("the shape a must be in [{}, {}], got {}", kLeastBeta, kMostBeta, a));
  return ScalarPrior(beta_law(p, a));
}

ScalarPrior ScalarPrior::gaussian() {
  return ScalarPrior(mixture_law({{1.0, 0.0, 1.0}}, "Gaussian"));
}

ScalarPrior ScalarPrior::empirical(std::span<const double> samples) {
  return ScalarPrior(mixture_law(quantile_components(samples),
                                 fmt::format("empirical, {} samples", samples.size())));
}

ScalarPrior ScalarPrior::mixture(std::span<const MixtureComponent> components, std::string name) {
  constexpr auto where = "data::ScalarPrior::mixture";
  constexpr double tolerance = 1e-9;
  double mass = 0.0, square = 0.0;
  for (const MixtureComponent& c : components) {
    require(c.weight > 0.0 && c.variance >= 0.0 && std::isfinite(c.mean), where,
            fmt::format("a component has weight {}, mean {}, variance {}; weights must be > 0, "
                        "variances >= 0",
                        c.weight, c.mean, c.variance));
    mass += c.weight;
    square += c.weight * (c.mean * c.mean + c.variance);
  }
  require(
      std::abs(mass - 1.0) <= tolerance && std::abs(square - 1.0) <= tolerance, where,
      fmt::format("the weights sum to {} and the mean square is {}; both must be 1", mass, square));
  return ScalarPrior(mixture_law({components.begin(), components.end()}, std::move(name)));
}

double ScalarPrior::sample(const RandomStream& stream, std::uint64_t index) const {
  return law_->sample(stream.bits(index));
}

double ScalarPrior::sample(const std::array<std::uint64_t, 4>& bits) const {
  return law_->sample(bits);
}

double ScalarPrior::mean_abs() const {
  return law_->mean_abs();
}
double ScalarPrior::fourth_moment() const {
  return law_->fourth_moment();
}
double ScalarPrior::sparsity() const {
  return law_->sparsity();
}
std::optional<double> ScalarPrior::entropy() const {
  return law_->entropy();
}
std::span<const MixtureComponent> ScalarPrior::components() const {
  return law_->components();
}
std::string ScalarPrior::name() const {
  return law_->name();
}

ScalarChannel ScalarPrior::channel(double t) const {
  require(
      t >= kLeastNoise && t <= kMostNoise, "data::ScalarPrior::channel",
      fmt::format("the noise variance t must be in [{}, {}], got {}", kLeastNoise, kMostNoise, t));
  return {law_->channel(t), t};
}

ScalarPosterior ScalarPrior::posterior(double w, double t) const {
  return channel(t).posterior(w);
}
double ScalarPrior::log_density(double w, double t) const {
  return channel(t).log_density(w);
}
double ScalarPrior::mmse(double t) const {
  return channel(t).mmse();
}
double ScalarPrior::information(double t) const {
  return channel(t).information();
}

}  // namespace twofold::data
