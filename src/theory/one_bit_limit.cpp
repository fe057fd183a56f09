#include "twofold/theory/one_bit_limit.hpp"

#include <algorithm>
#include <numbers>
#include <vector>

#include "checks.hpp"

namespace twofold::theory {
namespace {

using std::numbers::pi;

constexpr double kLinearGain = 2.0 / pi;  // of the first bit per dimension

void check_rate(double rate) {
  require_positive(rate, "the rate r = n/d", "theory::one_bit_limit");
}

void check_sharing(const Vector& variances, Index bits) {
  constexpr auto where = "theory::one_bit_limit";
  require(variances.size() > 0, where, "there are no variances");
  for (Index i = 0; i < variances.size(); ++i) {
    require_non_negative(variances[i], "a variance", where);
  }
  require(variances.maxCoeff() > 0.0, where, "all variances are 0; nothing varies");
  require(bits >= 1, where, fmt::format("the number of bits must be >= 1, got {}", bits));
}

// Relative loss of a block on its own at rate r >= 0.
double block_loss(double rate) {
  return rate == 0.0 ? 1.0 : gaussian_limit(rate);
}

// Rate of a block of variance s² at which one more bit gains no more than `gain`.
double block_rate(double variance, double gain) {
  if (kLinearGain * variance <= gain) return 0.0;
  return std::max(1.0, std::sqrt(kSignNoise * variance / gain) - kSignNoise);
}

double bits_used(const Vector& variances, double gain) {
  double sum = 0.0;
  for (const double v : variances) sum += block_rate(v, gain);
  return sum;
}

}  // namespace

double gaussian_limit(double rate) {
  check_rate(rate);
  return rate <= 1.0 ? 1.0 - kLinearGain * rate : kSignNoise / (rate + kSignNoise);
}

double random_encoder_limit(double rate) {
  check_rate(rate);
  const double b = kSignNoise + rate - 1.0, root = std::hypot(b, 2.0 * std::sqrt(kSignNoise));
  // Of the two forms of the root, the one without cancellation.
  return b > 0.0 ? 2.0 * kSignNoise / (b + root) : 0.5 * (root - b);
}

double matched_filter_limit(double rate) {
  const double t = random_channel_noise(rate);
  return t / (1.0 + t);
}

double channel_noise(double rate) {
  check_rate(rate);
  return rate <= 1.0 ? 0.5 * pi / rate - 1.0 : kSignNoise / rate;
}

double random_channel_noise(double rate) {
  check_rate(rate);
  return 0.5 * pi / rate;
}

double finite_dimension_limit(double rate, double fourth_moment, double row_fourth) {
  constexpr auto where = "theory::finite_dimension_limit";
  require(rate > 0.0 && rate <= 1.0, where,
          fmt::format("the rate must be in (0, 1], got {}", rate));
  require(fourth_moment >= 1.0 && std::isfinite(fourth_moment), where,
          fmt::format("the fourth moment must be finite and >= 1, got {}", fourth_moment));
  require(row_fourth > 0.0 && row_fourth <= 1.0, where,
          fmt::format("the fourth power sum of a row must be in (0, 1], got {}", row_fourth));
  const double scale = 1.0 - (fourth_moment - 3.0) * row_fourth / 24.0;
  return 1.0 - kLinearGain * rate * scale * scale;
}

double scaling_loss(const Vector& variances, const Vector& energies) {
  constexpr auto where = "theory::scaling_loss";
  check_sharing(variances, 1);
  require_same_length(variances.size(), energies.size(), "variances and energies", where);
  double lost = 0.0;
  for (Index i = 0; i < energies.size(); ++i) {
    require_non_negative(energies[i], "an energy", where);
    lost += variances[i] * (kSignNoise / (kSignNoise + energies[i]));
  }
  return lost / variances.sum();
}

BitSharing best_scaling(const Vector& variances, Index bits) {
  check_sharing(variances, bits);
  std::vector<double> deviations(variances.data(), variances.data() + variances.size());
  for (double& s : deviations) s = std::sqrt(s);
  std::ranges::sort(deviations, std::greater<>());
  // With the k largest in use, Σ (√c s_i/μ − c) = n gives √c/μ = (n + k c)/Σ s_i. One more is worth
  // using as long as its own λ comes out positive.
  const auto n = static_cast<double>(bits);
  const auto most = std::min(deviations.size(), static_cast<std::size_t>(bits));
  double sum = 0.0, level = 0.0;
  std::size_t used = 0;
  for (; used < most; ++used) {
    const double total = sum + deviations[used];
    const double next = (n + kSignNoise * static_cast<double>(used + 1)) / total;
    if (!(next * deviations[used] > kSignNoise)) break;
    sum = total;
    level = next;
  }
  BitSharing sharing{Vector::Zero(variances.size()), 0.0};
  const double least = deviations[used - 1];
  std::size_t left = used;  // of equal variances at the edge, the first ones are used
  for (const double s : deviations) left -= s > least ? 1u : 0u;
  for (Index i = 0; i < variances.size(); ++i) {
    const double s = std::sqrt(variances[i]);
    if (s < least || (s == least && left == 0)) continue;
    if (s == least) --left;
    sharing.share[i] = level * s - kSignNoise;
  }
  sharing.loss = scaling_loss(variances, sharing.share);
  return sharing;
}

BitSharing best_separate_rates(const Vector& variances, Index bits) {
  check_sharing(variances, bits);
  const auto n = static_cast<double>(bits);
  // The marginal gain μ at which n bits are used: bits_used falls with μ, in jumps at 2s²/π where
  // a block of variance s² starts. After the bisection the jump, if any, lies between the ends.
  double low = 0.0, high = variances.maxCoeff();
  for (int i = 0; i < 200 && low < high; ++i) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) break;
    (bits_used(variances, middle) > n ? low : high) = middle;
  }
  BitSharing sharing{Vector(variances.size()), 0.0};
  double rest = n - bits_used(variances, high);
  for (Index i = 0; i < variances.size(); ++i) sharing.share[i] = block_rate(variances[i], high);
  for (Index i = 0; i < variances.size(); ++i) {
    if (sharing.share[i] > 0.0 || block_rate(variances[i], low) == 0.0) continue;
    sharing.share[i] = std::clamp(rest, 0.0, 1.0);
    rest -= sharing.share[i];
  }
  double lost = 0.0;
  for (Index i = 0; i < variances.size(); ++i) {
    lost += variances[i] * block_loss(sharing.share[i]);
  }
  sharing.loss = lost / variances.sum();
  return sharing;
}

}  // namespace twofold::theory
