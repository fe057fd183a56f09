#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "scalar_law.hpp"
#include "twofold/linalg/symmetric_eigen.hpp"

namespace twofold::data {
namespace {

constexpr Index kNodes = 48;
constexpr double kDrop = 60.0;  // the integrand is left out below e^-60 of its peak

struct UnitRule {
  Vector nodes, weights;
};

// ∫_0^1 s^{a−1} f(s) ds ≈ Σ weights f(nodes): Gauss-Jacobi by the eigenvalues of its Jacobi matrix
// (Golub and Welsch, Math. Comp. 23 (1969) 221). a = 1 is Gauss-Legendre.
UnitRule unit_rule(double a) {
  const double b = a - 1.0;
  Matrix jacobi = Matrix::Zero(kNodes, kNodes);
  jacobi(0, 0) = b / (b + 2.0);
  for (Index n = 1; n < kNodes; ++n) {
    const double k = static_cast<double>(n), m = 2.0 * k + b;
    jacobi(n, n) = b * b / (m * (m + 2.0));
    jacobi(n, n - 1) = 2.0 * k * (k + b) / (m * std::sqrt((m + 1.0) * (m - 1.0)));
  }
  const SymmetricEigen eigen = symmetric_eigen(std::move(jacobi));
  UnitRule rule{0.5 * (eigen.values.array() + 1.0), Vector(kNodes)};
  for (Index k = 0; k < kNodes; ++k) {
    rule.weights[k] = eigen.vectors(0, k) * eigen.vectors(0, k) / a;
  }
  return rule;
}

// Constants of the law, shared by its channels. The slab lives on [−end, end].
struct BetaShape {
  double p, a, end, constant;  // density of x/end: constant · (1 − (x/end)²)^{a−1}
  UnitRule legendre, jacobi;
};

// In η = 1 − x/end in [0, 2], for w >= 0: density ∝ (η(2 − η))^{a−1} e^{−(c + η)²/2τ} with
// c = w/end − 1 and τ = t/end². Only the window where this is not negligible is integrated.
class BetaChannel final : public ChannelLaw {
 public:
  BetaChannel(std::shared_ptr<const BetaShape> shape, double t)
      : shape_(std::move(shape)), t_(t), tau_(t / (shape_->end * shape_->end)) {}

  [[nodiscard]] ChannelPoint at(double w) const override {
    ChannelPoint point = with_spike(slab(std::abs(w)), shape_->p, w, t_);
    if (w < 0.0) point.mean = -point.mean;
    return point;
  }

  [[nodiscard]] std::vector<Feature> features() const override {
    const double s = std::sqrt(t_), wide = std::sqrt(1.0 / shape_->p + t_);
    const double end = shape_->end;
    return {
        {0.0, s, 10.0 * s}, {-end, s, 10.0 * s}, {end, s, 10.0 * s}, {0.0, wide, end + 10.0 * s}};
  }

 private:
  struct Window {
    double low, peak, high;
  };
  struct Node {
    double eta, weight;
  };
  struct Nodes {
    std::array<Node, 2 * kNodes> list;
    std::size_t size = 0;
  };

  [[nodiscard]] double power() const { return shape_->a - 1.0; }

  // Peak of the whole integrand for a > 1, where it is log-concave; of the exponential otherwise.
  [[nodiscard]] double peak(double c) const {
    if (power() <= 0.0) return std::max(0.0, -c);
    double slope = 0.5, eta = 0.0;  // 1/(2 − η), fixed point in a few steps since η <= 1
    for (int i = 0; i < 8; ++i) {
      const double half = 0.5 * (c + tau_ * power() * slope), product = tau_ * power();
      const double root = std::hypot(half, std::sqrt(product));
      eta = half > 0.0 ? product / (half + root) : root - half;
      eta = std::clamp(eta, std::numeric_limits<double>::min(), 1.0);
      slope = 1.0 / (2.0 - eta);
    }
    return eta;
  }

  // ln of the integrand, relative to the peak.
  [[nodiscard]] double log_relative(double eta, double peak, double c) const {
    const double gauss = (eta - peak) * (2.0 * c + eta + peak) / (2.0 * tau_);
    if (power() <= 0.0) return -gauss;
    return power() * std::log(eta / peak * (2.0 - eta) / (2.0 - peak)) - gauss;
  }

  // Where log_relative passes −kDrop between `inside` and `outside`, on the outer side.
  [[nodiscard]] double edge(double inside, double outside, double peak, double c) const {
    if (log_relative(outside, peak, c) > -kDrop) return outside;
    for (int i = 0; i < 40; ++i) {
      const double middle = 0.5 * (inside + outside);
      (log_relative(middle, peak, c) > -kDrop ? inside : outside) = middle;
      if (std::abs(outside - inside) < 0.02 * std::abs(outside - peak)) break;
    }
    return outside;
  }

  [[nodiscard]] Window window(double c) const {
    const double top = peak(c);
    const double reach = std::sqrt(2.0 * kDrop * tau_);
    if (power() <= 0.0) {
      const double high = c < 0.0 ? top + reach : reach * reach / (c + std::hypot(c, reach));
      return {std::max(0.0, top - reach), top, std::min(2.0, high)};
    }
    constexpr double tiny = 1e-300;
    double far = std::min(2.0, 2.0 * top);  // the window may be as small as the peak's place
    while (far < 2.0 && log_relative(far, top, c) > -kDrop) far = std::min(2.0, 2.0 * far);
    return {edge(top, tiny, top, c), top, edge(top, far, top, c)};
  }

  // Nodes over [low, high] of the half [0, 1], measured from its singular end; the singular
  // factor relative to high^{a−1}. `mirrored` is the half next to η = 2.
  void add_half(double low, double high, bool mirrored, const Window& win, double c,
                Nodes& nodes) const {
    const bool whole = low < 0.1 * high;  // else the singularity is far enough for Legendre
    const UnitRule& rule = whole ? shape_->jacobi : shape_->legendre;
    const double from = whole ? 0.0 : low / high;
    for (Index k = 0; k < kNodes; ++k) {
      const double s = from + (1.0 - from) * rule.nodes[k];
      const double eta = mirrored ? 2.0 - high * s : high * s;
      const double gauss = (eta - win.peak) * (2.0 * c + eta + win.peak) / (2.0 * tau_);
      double log_weight = power() * std::log(2.0 - high * s) - gauss;
      if (!whole) log_weight += power() * std::log(s);
      nodes.list[nodes.size++] = {eta,
                                  high * (1.0 - from) * rule.weights[k] * std::exp(log_weight)};
    }
  }

  [[nodiscard]] ChannelPoint slab(double w) const {
    const double c = w / shape_->end - 1.0;
    const Window win = window(c);
    const double high = std::min(1.0, win.high);
    Nodes nodes;
    add_half(std::min(win.low, high), high, false, win, c, nodes);
    if (win.high > 1.0) add_half(2.0 - win.high, 1.0, true, win, c, nodes);
    double mass = 0.0, mean = 0.0, variance = 0.0;
    for (std::size_t k = 0; k < nodes.size; ++k) {
      mass += nodes.list[k].weight;
      mean += nodes.list[k].weight * nodes.list[k].eta;
    }
    mean /= mass;
    for (std::size_t k = 0; k < nodes.size; ++k) {
      const double offset = nodes.list[k].eta - mean;
      variance += nodes.list[k].weight * offset * offset;
    }
    const double at_peak = 0.5 * (c + win.peak) * (c + win.peak) / tau_;
    const double log_density = std::log(shape_->constant * mass) + power() * std::log(high) -
                               at_peak - 0.5 * std::log(2.0 * std::numbers::pi * t_);
    return {log_density, shape_->end * (1.0 - mean), shape_->end * shape_->end * variance / mass};
  }

  std::shared_ptr<const BetaShape> shape_;
  double t_, tau_;
};

class BetaLaw final : public ScalarLaw {
 public:
  BetaLaw(double p, double a)
      : shape_(std::make_shared<BetaShape>(
            BetaShape{p, a, std::sqrt((2.0 * a + 1.0) / p),
                      std::exp(std::lgamma(a + 0.5) - std::lgamma(a)) * std::numbers::inv_sqrtpi,
                      unit_rule(1.0), unit_rule(a)})) {}

  [[nodiscard]] double sample(const std::array<std::uint64_t, 4>& bits) const override {
    if (unit_interval(bits[0]) >= shape_->p) return 0.0;
    // [devroye1996]: 1/√(1 + 1/((U^{-1/a} − 1) cos² 2πV)) has the law of |2 Beta(a, a) − 1|.
    const double cosine = std::cos(2.0 * std::numbers::pi * unit_interval(bits[2]));
    const double odds = std::expm1(-std::log(unit_interval(bits[1])) / shape_->a) * cosine * cosine;
    const double size = shape_->end / std::sqrt(1.0 + 1.0 / odds);
    return (bits[3] >> 63) != 0 ? size : -size;
  }
  [[nodiscard]] double mean_abs() const override {
    return shape_->p * shape_->end * shape_->constant / shape_->a;
  }
  [[nodiscard]] double fourth_moment() const override {
    const double two_a = 2.0 * shape_->a;
    return 3.0 * (two_a + 1.0) / ((two_a + 3.0) * shape_->p);
  }
  [[nodiscard]] double sparsity() const override { return shape_->p; }
  [[nodiscard]] std::string name() const override {
    return fmt::format("sparse beta, p = {}, a = {}", shape_->p, shape_->a);
  }
  [[nodiscard]] std::unique_ptr<const ChannelLaw> channel(double t) const override {
    return std::make_unique<BetaChannel>(shape_, t);
  }

 private:
  std::shared_ptr<const BetaShape> shape_;
};

}  // namespace

std::shared_ptr<const ScalarLaw> beta_law(double p, double a) {
  return std::make_shared<BetaLaw>(p, a);
}

}  // namespace twofold::data
