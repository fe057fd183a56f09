#include <algorithm>
#include <cassert>
#include <limits>

#include "scalar_law.hpp"

namespace twofold::data {
namespace {

// Components lighter than e^-60 of the heaviest are left out where there are many; with few,
// they alone may make the variance.
constexpr std::size_t kMany = 8;
constexpr double kLight = -60.0, kUnderflow = -746.0;

// MixtureComponent k at noise t: ln weight c − ½ p (w − m)², posterior mean m + gain (w − m).
struct NoisyComponent {
  double constant, precision, mean, gain, variance, width;
};

class MixtureChannel final : public ChannelLaw {
 public:
  MixtureChannel(std::span<const MixtureComponent> components, double t)
      : cut_(components.size() > kMany ? kLight : kUnderflow) {
    components_.reserve(components.size());
    for (const MixtureComponent& c : components) {
      const double total = c.variance + t, gain = c.variance / total;
      components_.push_back({std::log(c.weight) - 0.5 * std::log(2.0 * std::numbers::pi * total),
                             1.0 / total, c.mean, gain, t * gain, std::sqrt(total)});
    }
  }

  // Means are taken relative to the heaviest component, so that nothing cancels where one
  // component has all the weight.
  [[nodiscard]] ChannelPoint at(double w) const override {
    const NoisyComponent* heaviest = nullptr;
    double top = -std::numeric_limits<double>::infinity();
    for (const NoisyComponent& c : components_) {
      const double l = exponent(c, w);
      if (l > top || heaviest == nullptr) {
        top = l;
        heaviest = &c;
      }
    }
    const double origin = posterior_mean(*heaviest, w);
    double mass = 0.0, first = 0.0, second = 0.0, within = 0.0;
    for (const NoisyComponent& c : components_) {
      const double l = exponent(c, w) - top;
      if (l < cut_) continue;
      const double e = std::exp(l);
      const double shift = posterior_mean(c, w) - origin;
      mass += e;
      first += e * shift;
      second += e * shift * shift;
      within += e * c.variance;
    }
    const double mean = first / mass;
    return {top + std::log(mass), origin + mean,
            within / mass + std::max(0.0, second / mass - mean * mean)};
  }

  [[nodiscard]] std::vector<Feature> features() const override {
    std::vector<Feature> list;
    for (const NoisyComponent& c : components_) list.push_back({c.mean, c.width, 10.0 * c.width});
    return list;
  }

 private:
  static double exponent(const NoisyComponent& c, double w) {
    const double offset = w - c.mean;
    return c.constant - 0.5 * c.precision * offset * offset;
  }
  static double posterior_mean(const NoisyComponent& c, double w) {
    return c.mean + c.gain * (w - c.mean);
  }

  std::vector<NoisyComponent> components_;
  double cut_;
};

// E|m + √v g| and E (m + √v g)⁴.
double normal_mean_abs(double m, double v) {
  if (v == 0.0) return std::abs(m);
  return std::sqrt(2.0 * v / std::numbers::pi) * std::exp(-0.5 * m * m / v) +
         m * std::erf(m / std::sqrt(2.0 * v));
}

double normal_fourth_moment(double m, double v) {
  return 3.0 * v * v + 6.0 * v * m * m + m * m * m * m;
}

class MixtureLaw final : public ScalarLaw {
 public:
  MixtureLaw(std::vector<MixtureComponent> components, std::string name)
      : components_(std::move(components)), name_(std::move(name)) {
    std::erase_if(components_, [](const MixtureComponent& c) { return c.weight == 0.0; });
    double sum = 0.0;
    for (const MixtureComponent& c : components_) cumulative_.push_back(sum += c.weight);
    assert(std::abs(sum - 1.0) < 1e-9);
  }

  [[nodiscard]] double sample(const std::array<std::uint64_t, 4>& bits) const override {
    const auto found = std::ranges::upper_bound(cumulative_, unit_interval(bits[0]));
    const auto last = static_cast<std::ptrdiff_t>(components_.size()) - 1;  // the sum may round
    const MixtureComponent& c = components_[static_cast<std::size_t>(
        std::min(last, static_cast<std::ptrdiff_t>(found - cumulative_.begin())))];
    if (c.variance == 0.0) return c.mean;
    const double radius = std::sqrt(-2.0 * c.variance * std::log(unit_interval(bits[1])));
    return c.mean + radius * std::cos(2.0 * std::numbers::pi * unit_interval(bits[2]));
  }

  [[nodiscard]] double mean_abs() const override {
    return sum([](const MixtureComponent& c) { return normal_mean_abs(c.mean, c.variance); });
  }
  [[nodiscard]] double fourth_moment() const override {
    return sum([](const MixtureComponent& c) { return normal_fourth_moment(c.mean, c.variance); });
  }
  [[nodiscard]] double sparsity() const override {
    return sum(
        [](const MixtureComponent& c) { return c.mean == 0.0 && c.variance == 0.0 ? 0.0 : 1.0; });
  }
  [[nodiscard]] std::optional<double> entropy() const override {
    if (std::ranges::any_of(components_,
                            [](const MixtureComponent& c) { return c.variance > 0.0; })) {
      return std::nullopt;
    }
    return sum([](const MixtureComponent& c) { return -std::log(c.weight); });
  }
  [[nodiscard]] std::span<const MixtureComponent> components() const override {
    return components_;
  }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::unique_ptr<const ChannelLaw> channel(double t) const override {
    return std::make_unique<MixtureChannel>(components_, t);
  }

 private:
  template <typename F>
  double sum(F&& f) const {
    double total = 0.0;
    for (const MixtureComponent& c : components_) total += c.weight * f(c);
    return total;
  }

  std::vector<MixtureComponent> components_;
  std::vector<double> cumulative_;
  std::string name_;
};

}  // namespace

std::shared_ptr<const ScalarLaw> mixture_law(std::vector<MixtureComponent> components,
                                             std::string name) {
  return std::make_shared<MixtureLaw>(std::move(components), std::move(name));
}

}  // namespace twofold::data
