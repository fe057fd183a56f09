#include "run_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "twofold/core/error.hpp"

namespace twofold::train {
namespace {

constexpr double kProgressSeconds = 0.1;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

void check_run(std::string_view where, std::int64_t steps,
               const std::vector<std::int64_t>& record_steps, const CheckpointPolicy& policy) {
  require(policy.seconds > 0 && policy.every >= 0, where,
          "checkpoints need seconds > 0 and every >= 0");
  const bool increasing = std::adjacent_find(record_steps.begin(), record_steps.end(),
                                             std::greater_equal<>()) == record_steps.end();
  require(increasing, where, "record_steps must be increasing");
  require(record_steps.empty() || (record_steps.front() >= 0 && record_steps.back() <= steps),
          where, fmt::format("record_steps must lie within [0, {}]", steps));
}

RunLog::RunLog(std::int64_t steps, const std::vector<std::int64_t>& record_steps,
               const std::string& stage, const CheckpointPolicy& policy, Observer& observer)
    : steps_(steps),
      record_steps_(record_steps),
      stage_(stage),
      policy_(policy),
      observer_(observer),
      next_record_(record_steps.begin()) {}

void RunLog::begin(std::int64_t step, bool saved) {
  next_record_ = std::lower_bound(record_steps_.begin(), record_steps_.end(), step);
  if (saved) last_saved_ = step;
}

bool RunLog::take_record(std::int64_t step) {
  if (next_record_ == record_steps_.end() || *next_record_ != step) return false;
  ++next_record_;
  return true;
}

bool RunLog::unsaved(std::int64_t step) const {
  return !policy_.folder.empty() && step != last_saved_;
}

bool RunLog::checkpoint_due(std::int64_t step) const {
  if (!unsaved(step)) return false;
  return (policy_.every > 0 && step > 0 && step % policy_.every == 0) ||
         seconds_since(last_save_) >= policy_.seconds;
}

void RunLog::saved(std::int64_t step) {
  last_saved_ = step;
  last_save_ = Clock::now();
}

void RunLog::progress(std::int64_t step, double loss) {
  const bool more = next_record_ != record_steps_.end();
  observer_.progress({.stage = stage_,
                      .done = step,
                      .total = steps_,
                      .loss = loss,
                      .next_record = more ? *next_record_ : 0});
}

void RunLog::report(std::int64_t step, double loss) {
  if (seconds_since(last_report_) < kProgressSeconds) return;
  last_report_ = Clock::now();
  progress(step, loss);
}

}  // namespace twofold::train
