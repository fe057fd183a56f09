// Stationary point of the norm-concentrated flow: nested roots in q (outer) and p (inner).
#include <algorithm>
#include <cmath>
#include <optional>

#include "checks.hpp"
#include "twofold/numerics/root.hpp"
#include "twofold/theory/mean_field_bounded.hpp"
#include "twofold/theory/mean_field_flow.hpp"

namespace twofold::theory {
namespace {

/// The equations at fixed q.
class Stationary {
 public:
  Stationary(const Vector& spectrum, const OddSlope& slope, double penalty, double q)
      : spectrum_(spectrum), penalty_(penalty), m_(slope.value(q)), dm_(slope.derivative(q)) {}

  /// a_j = (1 + (m'/m) p − λ/(2 m s_j))_+ ; 0 where s_j = 0.
  [[nodiscard]] Vector gains(double p) const {
    Vector a(spectrum_.size());
    for (Index j = 0; j < a.size(); ++j) {
      const double s = spectrum_[j];
      a[j] = s > 0.0 ? std::max(0.0, 1.0 + dm_ / m_ * p - penalty_ / (2.0 * m_ * s)) : 0.0;
    }
    return a;
  }
  /// Σ a_j s_j (1 − a_j)/m − p.
  [[nodiscard]] double inner(double p) const {
    const Vector a = gains(p);
    return (a.array() * spectrum_.array() * (1.0 - a.array())).sum() / m_ - p;
  }
  [[nodiscard]] double variance(double p) const { return gains(p).dot(spectrum_) / m_; }
  [[nodiscard]] double slope() const { return m_; }

 private:
  const Vector& spectrum_;
  double penalty_, m_, dm_;
};

/// The largest root of `inner` in [0, q], found by scanning down from q.
std::optional<double> inner_root(const Stationary& equations, double q) {
  constexpr int kScan = 32;
  const auto f = [&](double p) { return equations.inner(p); };
  double upper = q, at_upper = f(upper);
  if (at_upper == 0.0) return upper;
  for (int k = kScan - 1; k >= 0; --k) {
    const double lower = q * k / kScan, at_lower = f(lower);
    if (at_lower == 0.0) return lower;
    if ((at_lower > 0.0) != (at_upper > 0.0)) {
      return numerics::bracketed_root(f, lower, upper).value;
    }
    upper = lower;
    at_upper = at_lower;
  }
  return std::nullopt;
}

}  // namespace

FixedPoint fixed_point(const Vector& spectrum, const model::Activation& activation,
                       double penalty) {
  constexpr auto where = "theory::fixed_point";
  const Vector s = checked_spectrum(spectrum, where);
  require_non_negative(penalty, "penalty", where);
  const OddSlope slope(activation, where);

  // Σ a_j s_j/m − q with the inner root put in; NaN where there is none.
  const auto outer = [&](double q) {
    const Stationary equations(s, slope, penalty, q);
    const std::optional<double> p = inner_root(equations, q);
    return p ? equations.variance(*p) - q : std::nan("");
  };
  // Scan down from a q that no solution reaches and stop at the first sign change.
  const double trace = s.sum();
  constexpr int kScan = 400;
  const double top = std::min(1e3 * std::max(1.0, trace) * std::max(1.0, trace), 1e8);
  const double ratio = std::pow(1e-9 / top, 1.0 / kScan);
  FixedPoint result{Vector::Zero(s.size()), Vector::Zero(s.size()), 0.0, 0.0,
                    SolveStatus::Converged};
  double high = top, at_high = outer(high);
  for (int k = 0; k < kScan; ++k) {
    const double low = high * ratio, at_low = outer(low);
    if (at_low > 0.0 && at_high <= 0.0) {
      const auto root = numerics::bracketed_root(outer, low, high);
      result.q = root.value;
      result.status = root.status;
      break;
    }
    high = low;
    at_high = at_low;
  }
  if (result.q == 0.0) return result;  // nothing is learned
  const Stationary equations(s, slope, penalty, result.q);
  const std::optional<double> p = inner_root(equations, result.q);
  if (!p) {
    result.status = SolveStatus::NonFinite;
    return result;
  }
  result.p = *p;
  result.gain = equations.gains(result.p);
  result.scale = result.gain / equations.slope();
  return result;
}

}  // namespace twofold::theory
