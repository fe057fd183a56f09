#include "twofold/numerics/statistics.hpp"

#include <cmath>

namespace twofold::numerics {

void RunningStatistics::add(double value) noexcept {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

void RunningStatistics::merge(const RunningStatistics& other) noexcept {
  if (other.count_ == 0) return;
  const double mine = static_cast<double>(count_), theirs = static_cast<double>(other.count_);
  const double total = mine + theirs, shift = other.mean_ - mean_;
  mean_ += shift * theirs / total;
  squares_ += other.squares_ + shift * shift * mine * theirs / total;
  count_ += other.count_;
}

double RunningStatistics::variance() const noexcept {
  return count_ < 2 ? 0.0 : squares_ / static_cast<double>(count_ - 1);
}

double RunningStatistics::standard_error() const noexcept {
  return count_ < 2 ? 0.0 : std::sqrt(variance() / static_cast<double>(count_));
}

MeanAndError mean_and_error(std::span<const double> values) noexcept {
  RunningStatistics statistics;
  for (const double value : values) statistics.add(value);
  return {statistics.mean(), statistics.standard_error()};
}

}  // namespace twofold::numerics
