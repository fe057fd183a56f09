// Options of the system dictionary_recovery: a tied autoencoder beside the dictionary that made
// its samples.
#pragma once

#include <array>
#include <cstdint>
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
struct RecoveryModel {
  std::string activation = "hard_threshold";
  double threshold = 0.5;
  double bias = -0.5;
  std::int64_t active = 0;
  bool positive = false;
  std::int64_t atoms = 0;

  static constexpr std::array<std::string_view, 4> kActivations{"hard_threshold", "jump_relu",
                                                                "relu", "top_k"};
  static constexpr auto fields() {
    using M = RecoveryModel;
    return std::tuple{
        field(
            "activation", &M::activation,
            "which units of a sample fire: |z| >= threshold; z > threshold; z + bias > 0, shifted "
            "by the bias; the `active` largest |z|",
            domain::one_of(kActivations)),
        field(
            "threshold", &M::threshold,
            "hard_threshold, jump_relu: in the units of the samples; half the least code is usual",
            domain::non_negative),
        field("bias", &M::bias, "relu: b <= 0, at the start, in the units of the samples",
              Domain{"<= 0", [](double v) { return v <= 0 && std::isfinite(v); }, {}}),
        field("active", &M::active, "top_k: units that fire; 0: data.sparsity",
              domain::non_negative),
        field("positive", &M::positive, "top_k: the largest z > 0 in place of the largest |z|"),
        field("atoms", &M::atoms, "rows of W; 0: as many as the data were made of",
              domain::non_negative)};
  }
};

/// [train]
struct RecoveryTrain {
  std::string start = "near";
  double start_distance = 0.3;
  double step = 1.0;
  double last_step = 0.0;
  std::string gradient = "approximate";
  std::int64_t iterations = 30;
  std::int64_t batch = 0;
  double bias_shrink = 1.0;
  double bias_floor = 0.0;
  double last_threshold = 0.0;
  bool backtrack = false;
  std::int64_t reseed_every = 0;
  std::int64_t polish = 0;
  std::string support = "gate";
  bool normalise = true;
  double divergence_limit = 10.0;
  std::string precision = "double";
  std::int64_t records = 61;
  double checkpoint_seconds = 60.0;

  static constexpr std::array<std::string_view, 5> kStarts{"near", "samples", "kmeans++",
                                                           "spectral", "fourth_moment"};
  static constexpr std::array<std::string_view, 3> kGradients{"approximate", "decoder_only",
                                                              "sign"};
  static constexpr std::array<std::string_view, 2> kSupports{"gate", "oracle"};
  static constexpr std::array<std::string_view, 2> kPrecisions{"double", "float"};
  static constexpr auto fields() {
    using T = RecoveryTrain;
    return std::tuple{
        field("start", &T::start, "near the true atoms, or from samples alone",
              domain::one_of(kStarts)),
        field("start_distance", &T::start_distance, "near: distance δ of each atom, up to √2",
              Domain{"in [0, 1.41]", [](double v) { return v >= 0 && v <= 1.41; }, {}}),
        field("step", &T::step, "τ, in units of m/(k κ₂) or what stands for it in the code's law",
              domain::positive),
        field("last_step", &T::last_step, "τ at the end, geometric in between; 0: constant",
              domain::non_negative),
        field("gradient", &T::gradient,
              "approximate: both terms; decoder_only: the encoder's term left out; sign: of the "
              "codes",
              domain::one_of(kGradients)),
        field("iterations", &T::iterations, "steps; 0 only measures the start",
              domain::non_negative),
        field("batch", &T::batch, "samples of a step; 0: all of them in every step",
              domain::non_negative),
        field("bias_shrink", &T::bias_shrink, "relu: the bias is divided by this after each step",
              domain::at_least_one),
        field("bias_floor", &T::bias_floor, "relu: least |bias|", domain::non_negative),
        field("last_threshold", &T::last_threshold,
              "threshold at the end, geometric in between; 0: constant", domain::non_negative),
        field("backtrack", &T::backtrack,
              "halve the step until the loss does not rise by more than 0.1 %"),
        field("reseed_every", &T::reseed_every,
              "iterations between replacements of idle and over-active units; 0: never",
              domain::non_negative),
        field("polish", &T::polish, "steps at the end with least-squares codes on the support",
              domain::non_negative),
        field("support", &T::support, "gate: the activation decides; oracle: the true support",
              domain::one_of(kSupports)),
        field("normalise", &T::normalise, "scale each atom to norm 1 after each step"),
        field("divergence_limit", &T::divergence_limit,
              "the run has collapsed when the loss is this many times that of empty codes",
              Domain{"> 1", [](double v) { return v > 1 && std::isfinite(v); }, {}}),
        field("precision", &T::precision, "arithmetic of the training",
              domain::one_of(kPrecisions)),
        field("records", &T::records, "how many iterations are recorded, ends included, at most",
              Domain{"in [2, 10000]", [](double v) { return v >= 2 && v <= 1e4; }, {}}),
        field("checkpoint_seconds", &T::checkpoint_seconds, "time between checkpoints",
              domain::positive)};
  }
};

/// [compare]: other methods on the same samples, from the same start.
struct RecoveryCompare {
  std::vector<std::string> baselines;
  std::int64_t iterations = 30;
  std::int64_t samples = 0;
  std::int64_t held_out = 2000;

  static constexpr std::array<std::string_view, 5> kBaselines{"lloyd", "em", "ksvd", "nmf", "pca"};
  static constexpr auto fields() {
    using C = RecoveryCompare;
    return std::tuple{
        field("baselines", &C::baselines, "any of lloyd, em, ksvd, nmf, pca",
              domain::one_of(kBaselines)),
        field("iterations", &C::iterations, "of each baseline", domain::at_least_one),
        field("samples", &C::samples, "that ksvd is given; 0: all", domain::non_negative),
        field("held_out", &C::held_out, "samples behind the explained variance",
              domain::at_least_one)};
  }
};

/// All sections of a dictionary_recovery spec.
struct RecoverySpec {
  data::SourceOptions data;
  RecoveryModel model;
  RecoveryTrain train;
  RecoveryCompare compare;
  PredictOptions predict;

  /// Whether the samples are made from a dictionary that is known.
  [[nodiscard]] bool generative() const;
};

/// Reads the sections and refuses unknown keys and combinations that mean nothing.
/// @throws InvalidArgument  with file, key and remedy.
[[nodiscard]] RecoverySpec read_dictionary_recovery_spec(SpecDocument& document);

/// The spec with every default filled in, as TOML.
[[nodiscard]] std::string resolved_text(const RecoverySpec& spec);

}  // namespace twofold::experiment
