#include "twofold/numerics/root.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstdint>

#include "twofold/core/error.hpp"

namespace twofold::numerics {
namespace {

constexpr auto kWhere = "numerics::bracketed_root";

void check(double low, double high, const RootOptions& options) {
  if (!(std::isfinite(low) && std::isfinite(high) && low <= high)) {
    throw InvalidArgument(kWhere, fmt::format("needs finite low <= high, got [{}, {}]", low, high));
  }
  if (!(options.relative_tolerance >= 0.0 && options.absolute_tolerance >= 0.0)) {
    throw InvalidArgument(kWhere,
                          fmt::format("tolerances must be >= 0, got relative {}, absolute {}",
                                      options.relative_tolerance, options.absolute_tolerance));
  }
  if (options.max_evaluations < 4) {
    throw InvalidArgument(
        kWhere, fmt::format("max_evaluations must be >= 4, got {}", options.max_evaluations));
  }
}

}  // namespace

Solved<double> bracketed_root(const std::function<double(double)>& f, double low, double high,
                              const RootOptions& options) {
  check(low, high, options);
  int evaluations = 0;
  bool finite = true;
  // A non-finite value is reported as a root: that ends the solver at once.
  const auto counted = [&](double x) {
    ++evaluations;
    const double y = f(x);
    finite = finite && std::isfinite(y);
    return finite ? y : 0.0;
  };
  const auto finished = [&](double x, double residual, SolveStatus status) {
    return Solved<double>{x, finite ? status : SolveStatus::NonFinite, evaluations, residual};
  };

  const double f_low = counted(low);
  if (f_low == 0.0) return finished(low, 0.0, SolveStatus::Converged);
  const double f_high = counted(high);
  if (f_high == 0.0) return finished(high, 0.0, SolveStatus::Converged);
  if ((f_low < 0.0) == (f_high < 0.0)) {
    throw InvalidArgument(
        kWhere, fmt::format("no bracket: f({}) = {} and f({}) = {} have the same sign", low, f_low,
                            high, f_high));
  }

  const auto close = [&](double a, double b) {
    return b - a <= options.absolute_tolerance +
                        options.relative_tolerance * std::min(std::abs(a), std::abs(b));
  };
  auto limit = static_cast<std::uintmax_t>(options.max_evaluations - 2);  // reduced to those used
  const auto [a, b] =
      boost::math::tools::toms748_solve(counted, low, high, f_low, f_high, close, limit);
  const double f_a = std::abs(counted(a)), f_b = std::abs(counted(b));
  const bool done = close(a, b) || f_a == 0.0 || f_b == 0.0;
  return finished(f_a <= f_b ? a : b, std::min(f_a, f_b),
                  done ? SolveStatus::Converged : SolveStatus::MaxIterations);
}

}  // namespace twofold::numerics
