#include "twofold/theory/mean_field_width.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "checks.hpp"
#include "twofold/model/gaussian_moments.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

void check_share(double share, std::string_view where) {
  require(share >= 0.0 && share <= 1.0, where,
          fmt::format("share must be in [0, 1], got {}", share));
}

void check_init(std::string_view init, std::string_view where) {
  require(init == "iid" || init == "paired" || init == "balanced", where,
          fmt::format("init must be iid, paired or balanced, got \"{}\"", init));
}

/// (κ/c)²: the even part's energy relative to the linear one; 0 unless the odd part is linear.
double even_to_odd(const model::Activation& activation) {
  const std::optional<double> odd_slope = model::linear_odd_slope(activation);
  if (!odd_slope) return 0.0;
  const double ratio = even_slope(activation) / *odd_slope;
  return ratio * ratio;
}

}  // namespace

double even_slope(const model::Activation& activation) {
  if (const auto* leaky = std::get_if<model::LeakyRelu>(&activation)) {
    return 0.5 * std::abs(1.0 - leaky->alpha);
  }
  const bool relu_like = std::holds_alternative<model::Relu>(activation) ||
                         std::holds_alternative<model::JumpRelu>(activation) ||
                         std::holds_alternative<model::Gelu>(activation) ||
                         std::holds_alternative<model::Silu>(activation) ||
                         std::holds_alternative<model::Softplus>(activation);
  return relu_like ? 0.5 : 0.0;
}

double even_excess(const model::Activation& activation, std::string_view init, Index neurons,
                   double share) {
  constexpr auto where = "theory::even_excess";
  check_init(init, where);
  check_share(share, where);
  require(neurons >= 0, where, fmt::format("neurons must be >= 0, got {}", neurons));
  if (neurons == 0 || init != "iid") return 0.0;
  const double kappa = even_slope(activation);
  return share * kappa * kappa / static_cast<double>(neurons);
}

double width_excess(const model::Activation& activation, double trace_gain, double trace_gain_data,
                    Index neurons, double share) {
  constexpr auto where = "theory::width_excess";
  require_non_negative(trace_gain, "trace_gain", where);
  require_non_negative(trace_gain_data, "trace_gain_data", where);
  check_share(share, where);
  require(neurons >= 1, where, fmt::format("neurons must be >= 1, got {}", neurons));
  return share * even_to_odd(activation) * trace_gain * trace_gain_data /
         (2.0 * static_cast<double>(neurons));
}

Index structural_minimum(Index learned) {
  require(learned >= 0, "theory::structural_minimum",
          fmt::format("learned must be >= 0, got {}", learned));
  return 2 * learned;
}

Index neurons_for_excess(const model::Activation& activation, std::string_view init,
                         const Vector& spectrum, const Vector& gains, Index learned,
                         double excess) {
  constexpr auto where = "theory::neurons_for_excess";
  check_init(init, where);
  require_positive(excess, "excess", where);
  require_same_length(spectrum.size(), gains.size(), "spectrum and gains", where);
  const Index least = structural_minimum(learned);
  if (init != "iid") return least;
  const Vector s = checked_spectrum(spectrum, where);
  // width_excess with N = 1 is the excess times N.
  const double one = width_excess(activation, gains.sum(), gains.dot(s), 1);
  return std::max(least, static_cast<Index>(std::ceil(one / (excess * 0.5 * s.sum()))));
}

}  // namespace twofold::theory
