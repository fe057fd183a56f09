#include "twofold/numerics/fixed_point.hpp"

#include <fmt/core.h>

#include <Eigen/QR>
#include <algorithm>
#include <optional>

#include "twofold/core/error.hpp"

namespace twofold::numerics {
namespace {

void check(const FixedPointOptions& options) {
  constexpr auto kWhere = "numerics::fixed_point";
  require(options.tolerance > 0.0, kWhere,
          fmt::format("tolerance must be > 0, got {}", options.tolerance));
  require(options.max_iterations >= 1, kWhere,
          fmt::format("max_iterations must be >= 1, got {}", options.max_iterations));
  require(options.damping > 0.0 && options.damping <= 1.0, kWhere,
          fmt::format("damping must be in (0, 1], got {}", options.damping));
  require(options.divergence > 1.0, kWhere,
          fmt::format("divergence must be > 1, got {}", options.divergence));
}

double max_norm(const Vector& x) {
  return x.size() == 0 ? 0.0 : x.lpNorm<Eigen::Infinity>();
}

// Repeats x <- next(x, r), r = g(x) - x, until the residual says stop.
template <typename Next>
Solved<Vector> iterate(const VectorMap& g, const Vector& start, const FixedPointOptions& options,
                       Next&& next) {
  check(options);
  Solved<Vector> result{start, SolveStatus::MaxIterations, 0, 0.0};
  Vector& x = result.value;
  double limit = 0.0;
  while (true) {
    Vector r = g(x);
    ++result.iterations;
    require(r.size() == x.size(), "numerics::fixed_point",
            fmt::format("the map turns length {} into {}", x.size(), r.size()));
    r -= x;
    result.residual = max_norm(r);
    if (result.iterations == 1) limit = options.divergence * std::max(1.0, result.residual);
    std::optional<SolveStatus> end;
    if (!r.allFinite()) {
      end = SolveStatus::NonFinite;
    } else if (result.residual <= options.tolerance * (1.0 + max_norm(x))) {
      end = SolveStatus::Converged;
    } else if (result.residual > limit) {
      end = SolveStatus::Diverged;
    } else if (result.iterations == options.max_iterations) {
      end = SolveStatus::MaxIterations;
    }
    if (end) {
      result.status = *end;
      return result;
    }
    x = next(x, r);
  }
}

// The last `depth` differences of iterates and residuals, as columns in a ring.
class AndersonHistory {
 public:
  AndersonHistory(Index dimension, Index depth)
      : steps_(dimension, depth), changes_(dimension, depth) {}

  Vector next(const Vector& x, const Vector& r, double damping) {
    if (seen_ > 0) {
      const Index column = (seen_ - 1) % steps_.cols();
      steps_.col(column) = x - last_x_;
      changes_.col(column) = r - last_r_;
    }
    const Index used = std::min(seen_, steps_.cols());
    last_x_ = x;
    last_r_ = r;
    ++seen_;
    if (used == 0) return x + damping * r;
    // Nearly dependent differences are usual close to the solution: minimum-norm γ.
    const Vector gamma = changes_.leftCols(used).completeOrthogonalDecomposition().solve(r);
    return x + damping * r - (steps_.leftCols(used) + damping * changes_.leftCols(used)) * gamma;
  }

 private:
  Eigen::MatrixXd steps_, changes_;
  Vector last_x_, last_r_;
  Index seen_ = 0;
};

}  // namespace

Solved<Vector> damped_fixed_point(const VectorMap& g, const Vector& start,
                                  const FixedPointOptions& options) {
  return iterate(g, start, options,
                 [&](const Vector& x, const Vector& r) { return Vector(x + options.damping * r); });
}

Solved<Vector> anderson_fixed_point(const VectorMap& g, const Vector& start, Index depth,
                                    const FixedPointOptions& options) {
  require(depth >= 1, "numerics::anderson_fixed_point",
          fmt::format("depth must be >= 1, got {}", depth));
  AndersonHistory history(start.size(), depth);
  return iterate(g, start, options, [&](const Vector& x, const Vector& r) {
    return history.next(x, r, options.damping);
  });
}

}  // namespace twofold::numerics
