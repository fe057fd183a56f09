// Options of the system tangent_kernel: wide ReLU autoencoders beside their kernel.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "twofold/core/fields.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/spec_document.hpp"

namespace twofold::experiment {

/// [model]
struct TangentModel {
  std::int64_t neurons = 4096;
  std::string init = "plain";
  std::string decoder = "signs";
  std::string scaling = "mean_field";
  double init_scale = 1.0;

  static constexpr std::array<std::string_view, 2> kInits{"plain", "antisymmetric"};
  static constexpr std::array<std::string_view, 2> kDecoders{"signs", "normal"};
  static constexpr std::array<std::string_view, 2> kScalings{"mean_field", "standard"};
  static constexpr auto fields() {
    using M = TangentModel;
    return std::tuple{
        field("neurons", &M::neurons, "N, neurons of the network", domain::at_least_one),
        field("init", &M::init,
              "plain: all weights independent; antisymmetric: each neuron has a twin that cancels "
              "it, so that the output starts at 0",
              domain::one_of(kInits)),
        field("decoder", &M::decoder, "law of the decoder's entries, of variance 1",
              domain::one_of(kDecoders)),
        field("scaling", &M::scaling,
              "mode tied: the sum is divided by N (mean_field) or by √(Nd) (standard, as that of "
              "untied networks always is)",
              domain::one_of(kScalings)),
        field("init_scale", &M::init_scale, "mode tied: standard deviation of the weights",
              domain::positive)};
  }
};

/// [train]
struct TangentTrain {
  std::string mode = "joint";
  std::optional<double> step = {};
  double step_ratio = 0.0;
  double decoder_step = 1.0;
  std::int64_t steps = 400;
  double target = 0.0;
  bool halve = false;
  double divergence_limit = 1e6;
  std::string precision = "double";
  double checkpoint_seconds = 60.0;

  static constexpr std::array<std::string_view, 4> kModes{"weak", "joint", "decoder", "tied"};
  static constexpr std::array<std::string_view, 3> kPrecisions{"double", "float", "split_bf16"};
  static constexpr auto fields() {
    using T = TangentTrain;
    return std::tuple{
        field("mode", &T::mode,
              "what is trained: weak, the encoder; joint, both factors; decoder; tied, one matrix "
              "in both roles",
              domain::one_of(kModes)),
        field("step", &T::step,
              "η of W ← W − η ∂L/∂W, L = ½‖X − X̂‖² summed over samples, in units of 1/data²: rows "
              "10 times longer need a step 100 times smaller; auto: 1.8/λ_max of the finite "
              "network's kernel",
              domain::positive),
        field("step_ratio", &T::step_ratio,
              "the step as a pure number η λ_max, λ_max of the kernel of infinite width; stable "
              "below 2; 0: `step` counts",
              domain::non_negative),
        field("decoder_step", &T::decoder_step, "mode joint: step of the decoder in units of η",
              domain::positive),
        field("steps", &T::steps, "most updates; 0: theory and the start alone",
              domain::non_negative),
        field("target", &T::target, "stop once the loss is below this share of the first; 0: never",
              domain::below_one),
        field("halve", &T::halve, "halve the step whenever it raised the loss"),
        field("divergence_limit", &T::divergence_limit,
              "give up when the loss exceeds this many times the first",
              Domain{"> 1", [](double v) { return v > 1; }, {}}),
        field("precision", &T::precision,
              "of training; split_bf16: float, with products in three of bfloat16, for AMX",
              domain::one_of(kPrecisions)),
        field("checkpoint_seconds", &T::checkpoint_seconds, "time between checkpoints",
              domain::positive)};
  }
};

/// [record]
struct TangentRecord {
  std::vector<std::int64_t> steps;
  std::vector<double> window{1e-3, 1e-7};

  static constexpr auto fields() {
    using R = TangentRecord;
    return std::tuple{
        field("steps", &R::steps,
              "steps at which losses are reported and residuals compared; none: 0 and about ten a "
              "decade",
              domain::non_negative),
        field("window", &R::window,
              "[high, low] of the predicted loss over the first, where quantity slope looks",
              domain::positive)};
  }
};

/// [predict], beside what every system has there
struct TangentPredict : PredictOptions {
  std::string kernel = "infinite";
  std::int64_t queries = 200;
  double memory = 0.2;

  static constexpr std::array<std::string_view, 2> kKernels{"infinite", "empirical"};
  static constexpr auto fields() {
    using P = TangentPredict;
    return std::tuple{
        field("kernel", &P::kernel,
              "infinite: the limit of many neurons; empirical: that of the finite network at its "
              "start",
              domain::one_of(kKernels)),
        field("queries", &P::queries, "unseen samples on which outputs are compared",
              domain::non_negative),
        field("memory", &P::memory,
              "kernel = \"empirical\": GB that its (nd)² numbers may take; decomposing them takes "
              "about a minute at 0.2 and grows with the power 3/2",
              domain::positive)};
  }
};

/// All sections of a tangent_kernel spec.
struct TangentSpec {
  data::SourceOptions data;
  TangentModel model;
  TangentTrain train;
  TangentRecord record;
  TangentPredict predict;

  [[nodiscard]] bool tied() const { return train.mode == "tied"; }
};

/// Reads the sections and refuses unknown keys and combinations that mean nothing. The source is
/// unit_sphere unless the document says otherwise.
/// @throws InvalidArgument  with file, key and remedy.
[[nodiscard]] TangentSpec read_tangent_kernel_spec(SpecDocument& document);

/// The spec with every default filled in, as TOML.
[[nodiscard]] std::string resolved_text(const TangentSpec& spec);

}  // namespace twofold::experiment
