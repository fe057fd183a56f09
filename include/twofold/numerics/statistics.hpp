// Means with standard errors.
#pragma once

#include <cstdint>
#include <span>

namespace twofold::numerics {

/// A sample mean and its standard error (0 for fewer than two values: unknown).
struct MeanAndError {
  double mean = 0.0;
  double standard_error = 0.0;
};

/// Mean and variance of a stream of numbers in one pass (Welford, Technometrics 4 (1962) 419).
///
/// NaN and infinity propagate. Accuracy: relative error of the variance about count · eps, also
/// where the mean is large against the spread.
class RunningStatistics {
 public:
  void add(double value) noexcept;

  /// As if the values of `other` had been added, up to rounding (Chan, Golub and LeVeque 1983).
  void merge(const RunningStatistics& other) noexcept;

  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

  /// 0 if empty.
  [[nodiscard]] double mean() const noexcept { return mean_; }

  /// Unbiased: Σ (x - mean)² / (count - 1); 0 for fewer than two values.
  [[nodiscard]] double variance() const noexcept;

  /// √(variance / count), for independent values; 0 for fewer than two.
  [[nodiscard]] double standard_error() const noexcept;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0.0;
  double squares_ = 0.0;  // Σ (x - mean)²
};

/// Mean and standard error of independent values; zeros if empty.
[[nodiscard]] MeanAndError mean_and_error(std::span<const double> values) noexcept;

}  // namespace twofold::numerics
