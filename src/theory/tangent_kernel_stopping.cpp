#include "twofold/theory/tangent_kernel_stopping.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <vector>

#include "checks.hpp"
#include "twofold/theory/tangent_kernel_predictor.hpp"
#include "twofold/theory/tangent_kernel_spectrum.hpp"

namespace twofold::theory {
namespace {

// 0, then whole numbers of steps growing geometrically up to `last`.
Vector time_grid(double last, Index per_decade) {
  std::vector<double> times{0.0, 1.0};
  const double factor = std::pow(10.0, 1.0 / static_cast<double>(per_decade));
  for (double t = factor; t < last; t *= factor) {
    if (std::round(t) > times.back()) times.push_back(std::round(t));
  }
  return Eigen::Map<const Vector>(times.data(), static_cast<Index>(times.size()));
}

std::vector<Index> fold_members(Index n, Index folds, Index fold, bool inside) {
  std::vector<Index> members;
  for (Index i = 0; i < n; ++i) {
    if ((i % folds == fold) == inside) members.push_back(i);
  }
  return members;
}

// Summed squared error on one fold at each time, and in the last place for t = ∞.
Vector fold_errors(const Matrix& X, const Matrix& kernel, double step, const Vector& times,
                   Index folds, Index fold) {
  const std::vector<Index> out = fold_members(X.rows(), folds, fold, true);
  const std::vector<Index> in = fold_members(X.rows(), folds, fold, false);
  const auto d = static_cast<double>(X.cols());
  const TangentSpectrum spectrum = tangent_spectrum(kernel(in, in), X.cols());
  const auto basis = spectrum.vectors.leftCols(spectrum.rank);
  const Matrix queries = kernel(out, in) * basis / d;
  const Matrix samples = basis.transpose() * X(in, Eigen::all);
  const Matrix targets = X(out, Eigen::all);
  Vector errors(times.size() + 1);
  for (Index k = 0; k <= times.size(); ++k) {
    const SpectralFilter filter = k < times.size()
                                      ? SpectralFilter::gradient_descent(step, times[k])
                                      : SpectralFilter::interpolation();
    const Vector factors = spectrum.values.head(spectrum.rank).unaryExpr([&](double value) {
      return filter.value(value);
    });
    const Matrix filtered = factors.asDiagonal() * samples;
    errors[k] = (targets - queries * filtered).squaredNorm();
  }
  return errors;
}

}  // namespace

StoppingTime stopping_time(ThreadPool& pool, const ConstView<double>& X, const Matrix& kernel,
                           double step, const StoppingOptions& options) {
  constexpr auto where = "theory::stopping_time";
  const Index n = X.rows(), folds = options.folds == 0 ? n : options.folds;
  require(n >= 2 && kernel.rows() == n && kernel.cols() == n, where,
          fmt::format("need two samples and a kernel of their size, got {} and {}x{}", n,
                      kernel.rows(), kernel.cols()));
  require_positive(step, "step", where);
  require(folds >= 2 && folds <= n, where,
          fmt::format("folds must be 0 or in [2, {}], got {}", n, folds));
  require(options.times_per_decade >= 1, where,
          fmt::format("times_per_decade must be >= 1, got {}", options.times_per_decade));
  require_non_negative(options.smallest, "smallest", where);
  const double smallest =
      options.smallest > 0.0 ? options.smallest : tangent_spectrum(kernel, X.cols()).smallest();
  const double last = smallest > 0.0 ? 20.0 / (step * smallest) : 1.0;
  const Vector times = time_grid(last, options.times_per_decade);

  const Matrix samples = X;
  std::vector<Vector> parts(static_cast<std::size_t>(folds));
  pool.run(folds, [&](Index fold) {
    parts[static_cast<std::size_t>(fold)] = fold_errors(samples, kernel, step, times, folds, fold);
  });
  const Vector errors = tree_sum(std::move(parts)) / static_cast<double>(n);
  Index best = 0;
  errors.minCoeff(&best);
  const double steps = best < times.size() ? times[best] : std::numeric_limits<double>::infinity();
  return {steps, errors[best], errors[times.size()], times, errors.head(times.size())};
}

}  // namespace twofold::theory
