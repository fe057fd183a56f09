// Step sizes as a function of the step number.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "twofold/core/fields.hpp"

namespace twofold::train {

/// How the step size changes along a run of K steps, relative to its base value η.
///
/// With warm-up of K_w steps and s = (k - K_w)/(K - K_w) in [0, 1), f = `final_factor`:
///   k < K_w       η_k = η (k + 1)/(K_w + 1)
///   constant      η_k = η
///   exponential   η_k = η f^s
///   cosine        η_k = η (f + (1 - f)(1 + cos πs)/2)
struct ScheduleOptions {
  std::string schedule = "constant";
  std::int64_t warmup = 0;
  double final_factor = 0.01;

  static constexpr std::array<std::string_view, 3> kSchedules{"constant", "exponential", "cosine"};
  static constexpr auto fields() {
    using S = ScheduleOptions;
    return std::tuple{
        field("schedule", &S::schedule, "how the step size changes along the run",
              domain::one_of(kSchedules)),
        field("warmup", &S::warmup, "steps over which the step size first rises linearly",
              domain::non_negative),
        field("final_factor", &S::final_factor,
              "step size at the end over the base step (exponential, cosine)", domain::positive)};
  }
};

/// The step sizes η_0, η_1, ... of one run; stateless.
class Schedule {
 public:
  /// @param step   base step η, finite and > 0.
  /// @param steps  length of the run K >= 0.
  /// @throws InvalidArgument  if a number is outside its domain or the name is unknown.
  Schedule(const ScheduleOptions& options, double step, std::int64_t steps);

  /// η_k for k >= 0; beyond the run the formula goes on with s = 1.
  [[nodiscard]] double at(std::int64_t k) const noexcept;

  /// Training time t_k = η_0 + ... + η_{k-1} after k updates. Cost k, O(1) if constant.
  [[nodiscard]] double time(std::int64_t k) const noexcept;

 private:
  enum class Kind { Constant, Exponential, Cosine };
  Kind kind_;
  double step_;
  double final_factor_;
  std::int64_t warmup_;
  std::int64_t steps_;
};

/// About `count` step numbers from 0 to `total`, both included, even in log(k): 0, 1, 2, 3, 5, ...
/// Sorted, without repetition (so there may be fewer than `count`).
/// @throws InvalidArgument  if total < 0 or count < 2.
[[nodiscard]] std::vector<std::int64_t> log_spaced_steps(std::int64_t total, std::int64_t count);

}  // namespace twofold::train
