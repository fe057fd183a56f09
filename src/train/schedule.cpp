#include "twofold/train/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace twofold::train {

Schedule::Schedule(const ScheduleOptions& options, double step, std::int64_t steps)
    : step_(step), final_factor_(options.final_factor), warmup_(options.warmup), steps_(steps) {
  constexpr std::string_view where = "train::Schedule";
  require(step > 0 && std::isfinite(step), where,
          fmt::format("step must be finite and > 0, got {}", step));
  require(steps >= 0, where, fmt::format("steps must be >= 0, got {}", steps));
  require(warmup_ >= 0, where, fmt::format("warmup must be >= 0, got {}", warmup_));
  require(final_factor_ > 0 && std::isfinite(final_factor_), where,
          fmt::format("final_factor must be finite and > 0, got {}", final_factor_));
  const auto& names = ScheduleOptions::kSchedules;
  const auto* const name = std::find(names.begin(), names.end(), options.schedule);
  require(name != names.end(), where,
          fmt::format("unknown schedule \"{}\"; known are {}", options.schedule,
                      fmt::join(names, ", ")));
  kind_ = static_cast<Kind>(name - names.begin());
}

double Schedule::at(std::int64_t k) const noexcept {
  const auto rise = static_cast<double>(warmup_) + 1;
  if (k < warmup_) return step_ * (static_cast<double>(k) + 1) / rise;
  if (kind_ == Kind::Constant) return step_;
  const auto done = static_cast<double>(k - warmup_);
  const auto length = static_cast<double>(std::max<std::int64_t>(steps_ - warmup_, 1));
  const double s = std::min(done / length, 1.0);
  if (kind_ == Kind::Exponential) return step_ * std::pow(final_factor_, s);
  const double wave = (1 + std::cos(std::numbers::pi * s)) / 2;
  return step_ * (final_factor_ + (1 - final_factor_) * wave);
}

double Schedule::time(std::int64_t k) const noexcept {
  if (kind_ == Kind::Constant && warmup_ == 0) return step_ * static_cast<double>(k);
  double sum = 0;
  for (std::int64_t i = 0; i < k; ++i) sum += at(i);
  return sum;
}

std::vector<std::int64_t> log_spaced_steps(std::int64_t total, std::int64_t count) {
  require(total >= 0, "train::log_spaced_steps", fmt::format("total must be >= 0, got {}", total));
  require(count >= 2, "train::log_spaced_steps", fmt::format("count must be >= 2, got {}", count));
  std::vector<std::int64_t> steps{0};
  // The first is 0, the others run from 1 to total.
  const double growth = std::log(std::max(static_cast<double>(total), 1.0));
  const auto gaps = static_cast<double>(std::max<std::int64_t>(count - 2, 1));
  for (std::int64_t i = 0; i + 1 < count; ++i) {
    const double k = std::exp(growth * static_cast<double>(i) / gaps);
    steps.push_back(std::min<std::int64_t>(std::llround(k), total));
  }
  steps.push_back(total);
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

}  // namespace twofold::train
