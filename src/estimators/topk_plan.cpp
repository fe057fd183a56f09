#include "topk_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "twofold/core/error.hpp"
#include "twofold/estimators/dictionary_folder.hpp"

namespace twofold::estimators {
namespace {

constexpr auto kWhere = "estimators::TopKLearner";
constexpr double kFirings = 20'000.0;  // of a unit in a run, on average
constexpr double kSilentGaps = 64.0;   // mean distances between two firings
constexpr double kUsualDimension = 768.0, kLargestRate = 4e-3;
constexpr std::int64_t kLeastSteps = 1000, kMostSteps = 50'000;
constexpr Index kLeastBatch = 64, kMostBatch = 1024;
constexpr double kBatchesOfAnEpoch = 100.0;
constexpr std::int64_t kLeastSilence = 1000, kDeadInPractice = 10'000'000;

void choose(TopKPlan& plan, std::string name, std::string value, std::string why) {
  plan.choices.push_back({std::move(name), std::move(value), std::move(why)});
}

std::string asked(bool given, std::string why) {
  return given ? "as asked for" : std::move(why);
}

double firings_per_row(const TopKOptions& o) {
  return static_cast<double>(o.sparsity) / static_cast<double>(o.atoms);
}

// A power of two near a hundredth of the rows.
Index default_batch(std::uint64_t rows) {
  const double wanted = static_cast<double>(rows) / kBatchesOfAnEpoch;
  const auto power = static_cast<Index>(std::exp2(std::round(std::log2(std::max(1.0, wanted)))));
  return std::clamp(power, kLeastBatch, kMostBatch);
}

void plan_run(const TopKOptions& o, TopKPlan& plan) {
  plan.batch = o.batch > 0 ? o.batch : default_batch(plan.survey.rows);
  const double rate = firings_per_row(o), batch = static_cast<double>(plan.batch);
  plan.steps = o.steps > 0 ? o.steps
                           : std::clamp(static_cast<std::int64_t>(kFirings / (rate * batch)),
                                        kLeastSteps, kMostSteps);
  const double seen = batch * static_cast<double>(plan.steps);
  choose(plan, "batch", fmt::format("{} rows", plan.batch),
         asked(o.batch > 0, "a power of two near a hundredth of the rows, 1024 at most"));
  choose(
      plan, "steps", fmt::format("{}", plan.steps),
      asked(o.steps > 0, fmt::format("a unit fires about {:.3g} times, the rows are seen {:.3g} "
                                     "times",
                                     seen * rate, seen / static_cast<double>(plan.survey.rows))));
}

void plan_schedule(const TopKOptions& o, TopKPlan& plan) {
  // Adam moves each entry by about η, and an entry of a unit row is about 1/√d.
  const double entry = std::sqrt(kUsualDimension / static_cast<double>(plan.survey.dimension));
  const double usual =
      std::min(kLargestRate, entry * train::default_topk_step(ops::TopKOptimizer::Adam, o.atoms));
  plan.schedule.step = o.learning_rate > 0.0 ? o.learning_rate : usual;
  plan.schedule.warmup = std::min<std::int64_t>(1000, plan.steps / 20);
  plan.schedule.decay = plan.steps / 5;
  choose(plan, "learning rate", fmt::format("{:.3g}", plan.schedule.step),
         asked(o.learning_rate > 0.0,
               "of Adam: 2e-4 sqrt(16384/m), in use for language models, times sqrt(768/d); 4e-3 "
               "at most"));
}

void plan_dead(const TopKOptions& o, TopKPlan& plan) {
  const double gap = 1.0 / firings_per_row(o);
  const auto silent = static_cast<std::int64_t>(std::ceil(kSilentGaps * gap));
  plan.dead_after =
      o.dead_after > 0 ? o.dead_after : std::clamp(silent, kLeastSilence, kDeadInPractice);
  choose(plan, "dead", fmt::format("silent for {} rows", plan.dead_after),
         asked(o.dead_after > 0,
               fmt::format("a unit fires every {:.3g} rows on average; give --dead-after for units "
                           "that may be rarer",
                           gap)));
}

void warn(const TopKOptions& o, TopKPlan& plan) {
  const DictionarySurvey& s = plan.survey;
  if (s.zero_rows > 0) {
    plan.warnings.push_back(
        fmt::format("{} of {} rows are 0 throughout; remove them", s.zero_rows, s.surveyed));
  }
  if (s.constant_columns > 0) {
    plan.warnings.push_back(
        fmt::format("{} of {} elements are the same in all rows", s.constant_columns, s.dimension));
  }
  if (!o.centre && s.energy > 1.2 * s.variance) {
    plan.warnings.push_back(
        fmt::format("the mean holds {:.0f} % of the squares and is not "
                    "subtracted: units are spent on it; leave out --center no",
                    100.0 * (1.0 - s.variance / s.energy)));
  }
  const double rows_per_unit = static_cast<double>(s.rows) * firings_per_row(o);
  if (rows_per_unit < 50.0) {
    plan.warnings.push_back(
        fmt::format("a unit is in about {:.2g} rows; below 50 units remember "
                    "rows rather than what they have in common",
                    rows_per_unit));
  }
}

std::string run_name(const TopKOptions& o, const TopKPlan& plan, const data::Source& rows) {
  return fmt::format(
      "topk: rows {}, atoms {}, sparsity {}, steps {}, batch {}, learning rate {}, tied {}, dead "
      "after {}, auxiliary {}, centre {}, seed {}",
      fingerprint(rows), o.atoms, o.sparsity, plan.steps, plan.batch, plan.schedule.step,
      o.tied ? "yes" : "no", plan.dead_after, o.auxiliary, o.centre ? "yes" : "no", o.seed);
}

}  // namespace

void check_options(const TopKOptions& o) {
  require(o.atoms >= 1, kWhere, fmt::format("atoms must be >= 1, got {}", o.atoms));
  require(o.sparsity >= 1 && o.sparsity <= o.atoms, kWhere,
          fmt::format("sparsity must be in 1 ... {} (the atoms there are), got {}", o.atoms,
                      o.sparsity));
  require(o.steps >= 0, kWhere, fmt::format("steps must be >= 1, got {}", o.steps));
  require(o.batch >= 0, kWhere, fmt::format("batch must be >= 1, got {}", o.batch));
  require(std::isfinite(o.learning_rate) && o.learning_rate >= 0.0, kWhere,
          fmt::format("the learning rate must be finite and > 0, got {}", o.learning_rate));
  require(o.dead_after >= 0, kWhere, fmt::format("dead_after must be >= 1, got {}", o.dead_after));
  require(std::isfinite(o.auxiliary) && o.auxiliary >= 0.0, kWhere,
          fmt::format("auxiliary must be finite and >= 0, got {}", o.auxiliary));
}

TopKPlan make_plan(const TopKOptions& options, DictionarySurvey survey, const data::Source& rows) {
  TopKPlan plan{.survey = std::move(survey)};
  choose(plan, "mean", options.centre ? "subtracted" : "left in",
         options.centre ? "the start of the decoder's bias; units need not carry it"
                        : "as asked for: there is no decoder bias");
  choose(plan, "scale", fmt::format("{:.4g}", std::sqrt(plan.survey.energy)),
         "root mean square length of a row; training divides by it, the weights file does not need "
         "it");
  plan_run(options, plan);
  plan_schedule(options, plan);
  plan_dead(options, plan);
  choose(plan, "auxiliary", fmt::format("{:.4g}", options.auxiliary),
         "weight of the loss that lets dead units explain what the others leave");
  warn(options, plan);
  plan.fingerprint = run_name(options, plan, rows);
  return plan;
}

}  // namespace twofold::estimators
