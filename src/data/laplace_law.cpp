#include <fmt/format.h>

#include "scalar_law.hpp"
#include "twofold/numerics/positive_normal.hpp"

namespace twofold::data {
namespace {

// The slab's posterior is N(|w| − t/b, t) cut to x > 0 beside N(|w| + t/b, t) cut to x < 0.
class LaplaceChannel final : public ChannelLaw {
 public:
  LaplaceChannel(double p, double scale, double t) : p_(p), b_(scale), t_(t), s_(std::sqrt(t)) {}

  [[nodiscard]] ChannelPoint at(double w) const override {
    ChannelPoint point = with_spike(slab(std::abs(w)), p_, w, t_);
    if (w < 0.0) point.mean = -point.mean;
    return point;
  }

  [[nodiscard]] std::vector<Feature> features() const override {
    const double wide = std::sqrt(b_ * b_ + t_);
    return {{0.0, s_, 10.0 * s_}, {0.0, wide, 10.0 * s_ + 42.0 * b_}};
  }

 private:
  [[nodiscard]] ChannelPoint slab(double w) const {
    const double k_same = w / s_ - s_ / b_, k_other = -w / s_ - s_ / b_;
    const auto same = numerics::positive_normal(k_same);
    const auto other = numerics::positive_normal(k_other);
    const double log_same = numerics::log_scaled_erfc(-k_same * std::numbers::sqrt2 / 2.0);
    const double log_other = numerics::log_scaled_erfc(-k_other * std::numbers::sqrt2 / 2.0);
    const double ratio = std::exp(log_other - log_same);  // in (0, 1]
    const double on = 1.0 / (1.0 + ratio), off = ratio / (1.0 + ratio);
    const double mean_same = s_ * same.mean, mean_other = -s_ * other.mean;
    const double gap = mean_same - mean_other;
    return {log_front(w, k_same, log_same) + std::log1p(ratio) - std::log(4.0 * b_),
            on * mean_same + off * mean_other,
            t_ * (on * same.variance + off * other.variance) + on * off * gap * gap};
  }

  // −w²/2t + ln erfcx(−k/√2), without the squares that cancel where k > 0.
  [[nodiscard]] double log_front(double w, double k, double log_erfcx) const {
    if (k <= 0.0) return -0.5 * w * w / t_ + log_erfcx;
    return -w / b_ + 0.5 * t_ / (b_ * b_) + std::log(std::erfc(-k * std::numbers::sqrt2 / 2.0));
  }

  double p_, b_, t_, s_;
};

class LaplaceLaw final : public ScalarLaw {
 public:
  explicit LaplaceLaw(double p) : p_(p), b_(1.0 / std::sqrt(2.0 * p)) {}

  [[nodiscard]] double sample(const std::array<std::uint64_t, 4>& bits) const override {
    if (unit_interval(bits[0]) >= p_) return 0.0;
    const double size = -b_ * std::log(unit_interval(bits[1]));
    return (bits[2] >> 63) != 0 ? size : -size;
  }
  [[nodiscard]] double mean_abs() const override { return p_ * b_; }
  [[nodiscard]] double fourth_moment() const override { return 6.0 / p_; }
  [[nodiscard]] double sparsity() const override { return p_; }
  [[nodiscard]] std::string name() const override {
    return fmt::format("sparse Laplace, p = {}", p_);
  }
  [[nodiscard]] std::unique_ptr<const ChannelLaw> channel(double t) const override {
    return std::make_unique<LaplaceChannel>(p_, b_, t);
  }

 private:
  double p_, b_;
};

}  // namespace

std::shared_ptr<const ScalarLaw> laplace_law(double p) {
  return std::make_shared<LaplaceLaw>(p);
}

}  // namespace twofold::data
