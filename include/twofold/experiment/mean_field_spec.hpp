// Options of the system mean_field: x̂ = (1/N) Wᵀσ(Wx), tied weights, SGD with penalty.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/fields.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/spec_document.hpp"
#include "twofold/train/schedule.hpp"

namespace twofold::experiment {

/// [model]
struct MeanFieldModel {
  std::string activation = "relu";
  std::int64_t neurons = 1600;
  std::string init = "iid";
  double init_scale = 0.2;

  static constexpr std::array<std::string_view, 3> kInits{"iid", "paired", "balanced"};
  static constexpr auto fields() {
    using M = MeanFieldModel;
    return std::tuple{
        field("activation", &M::activation, "σ; see `twofold list activations`"),
        field("neurons", &M::neurons, "number of neurons N", domain::at_least_one),
        field("init", &M::init,
              "iid: w ~ N(0, r0² I); paired: with -w for each w; balanced: Σ w wᵀ/N = r0² I "
              "exactly",
              domain::one_of(kInits)),
        field("init_scale", &M::init_scale, "r0, standard deviation of each weight at the start",
              domain::positive)};
  }
};

/// [train]
struct MeanFieldTrain {
  double penalty = 0.0;
  double step = 0.0;
  double noise = 0.02;
  std::int64_t batch = 8;
  double time = 30.0;
  double momentum = 0.0;
  std::string units = "absolute";
  std::string order = "iid";
  std::string precision = "float";
  std::string schedule = "constant";
  std::int64_t warmup = 0;
  double final_factor = 0.01;
  double checkpoint_seconds = 60.0;

  [[nodiscard]] train::ScheduleOptions schedule_options() const {
    return {schedule, warmup, final_factor};
  }

  static constexpr std::array<std::string_view, 2> kUnits{"absolute", "leading"};
  static constexpr std::array<std::string_view, 2> kOrders{"iid", "shuffle"};
  static constexpr std::array<std::string_view, 3> kPrecisions{"float", "split_bf16", "double"};
  static constexpr auto fields() {
    using T = MeanFieldTrain;
    return std::tuple{
        field("penalty", &T::penalty, "λ of (λ/2N) Σ‖w‖²", domain::non_negative),
        field("step", &T::step, "η of w ← w − η(N ∂L/∂w + λw); 0: from `noise`",
              domain::non_negative),
        field("noise", &T::noise,
              "ν = η tr S / B with B independent samples; sets the step where `step` is 0",
              domain::positive),
        field("batch", &T::batch, "samples per step B; 0: the whole training set",
              domain::non_negative),
        field("time", &T::time, "training time t = η · steps; time / η is the number of steps",
              domain::positive),
        field("momentum", &T::momentum, "μ of the heavy ball", domain::below_one),
        field("units", &T::units,
              "leading: penalty in units of s_1 and times in units of 1/s_1, the largest "
              "eigenvalue of the data's second moment",
              domain::one_of(kUnits)),
        field("order", &T::order, "iid draws of rows, or a new shuffle each epoch",
              domain::one_of(kOrders)),
        field("precision", &T::precision,
              "of training; split_bf16: float, with products in three of bfloat16, for AMX",
              domain::one_of(kPrecisions)),
        field("schedule", &T::schedule, "of the step size along the run; relative to η",
              domain::one_of(train::ScheduleOptions::kSchedules)),
        field("warmup", &T::warmup, "steps over which the step size first rises linearly",
              domain::non_negative),
        field("final_factor", &T::final_factor, "step size at the end over η (exponential, cosine)",
              domain::positive),
        field("checkpoint_seconds", &T::checkpoint_seconds, "time between checkpoints",
              domain::positive)};
  }
};

/// [record]
struct MeanFieldRecord {
  std::vector<double> times;
  std::int64_t points = 41;
  std::string spacing = "linear";
  std::int64_t components = 20;
  std::int64_t test_samples = 2000;
  std::string predictor = "flow";
  bool save_weights = true;

  static constexpr Domain kFewPoints{
      "in [1, 100000]", [](double v) { return v >= 1 && v <= 1e5; }, {}};
  static constexpr std::array<std::string_view, 2> kSpacings{"linear", "log"};
  static constexpr std::array<std::string_view, 5> kPredictors{"flow", "recursion", "L2", "L2+",
                                                               "matrix"};
  static constexpr auto fields() {
    using R = MeanFieldRecord;
    return std::tuple{
        field("times", &R::times, "times to record, increasing; default: `points` of them",
              domain::non_negative),
        field("points", &R::points, "how many times from 0 to the end", kFewPoints),
        field("spacing", &R::spacing, "of those times", domain::one_of(kSpacings)),
        field("components", &R::components, "leading components judged and drawn",
              domain::at_least_one),
        field("test_samples", &R::test_samples, "test points drawn from a generative source",
              domain::at_least_one),
        field("predictor", &R::predictor,
              "flow: closed form (bounded σ: L2); recursion: with the finite step; L2, L2+: "
              "bounded σ; matrix: from the actual start",
              domain::one_of(kPredictors)),
        field("save_weights", &R::save_weights, "write the trained weights to arrays/")};
  }
};

/// All sections of a mean_field spec.
struct MeanFieldSpec {
  data::SourceOptions data;
  MeanFieldModel model;
  MeanFieldTrain train;
  MeanFieldRecord record;
  PredictOptions predict;
};

/// Reads the sections and refuses unknown keys.
/// @throws InvalidArgument  with file, key and remedy.
[[nodiscard]] MeanFieldSpec read_mean_field_spec(SpecDocument& document);

/// The spec with every default filled in, as TOML.
[[nodiscard]] std::string resolved_text(const MeanFieldSpec& spec);

}  // namespace twofold::experiment
