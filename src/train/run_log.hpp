// What every training loop does around its steps: records, progress, and when to save.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::train {

/// Throws InvalidArgument(where, ...) unless `record_steps` increase within [0, steps] and the
/// policy's numbers are in their domain.
void check_run(std::string_view where, std::int64_t steps,
               const std::vector<std::int64_t>& record_steps, const CheckpointPolicy& policy);

/// Which records, reports and checkpoints are due; the loop takes them. The arguments must outlive
/// it.
class RunLog {
 public:
  RunLog(std::int64_t steps, const std::vector<std::int64_t>& record_steps,
         const std::string& stage, const CheckpointPolicy& policy, Observer& observer);

  /// The loop begins at `step`; `saved`: the checkpoint of this step exists.
  void begin(std::int64_t step, bool saved);

  /// Whether a record is to be taken at `step`; each is due once.
  [[nodiscard]] bool take_record(std::int64_t step);

  /// Whether a checkpoint is to be written at `step` because of the policy's times.
  [[nodiscard]] bool checkpoint_due(std::int64_t step) const;
  /// Whether `step` is not on disk yet, and there is a folder.
  [[nodiscard]] bool unsaved(std::int64_t step) const;
  void saved(std::int64_t step);

  void progress(std::int64_t step, double loss);
  /// `progress` a few times per second at most.
  void report(std::int64_t step, double loss);

 private:
  using Clock = std::chrono::steady_clock;

  std::int64_t steps_;
  const std::vector<std::int64_t>& record_steps_;
  const std::string& stage_;
  const CheckpointPolicy& policy_;
  Observer& observer_;
  std::vector<std::int64_t>::const_iterator next_record_;
  std::int64_t last_saved_ = -1;
  Clock::time_point last_save_ = Clock::now();
  Clock::time_point last_report_ = Clock::now();
};

}  // namespace twofold::train
