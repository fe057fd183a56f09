// Options of the system one_bit: y = sign(Bx), decoded linearly, by posterior means, in layers.
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
struct OneBitModel {
  double rate = 1.0;
  std::string encoder = "hadamard";
  bool store_norm = true;

  static constexpr std::array<std::string_view, 7> kEncoders{
      "hadamard", "haar", "gaussian", "one_round", "dct", "identity", "learned"};
  static constexpr auto fields() {
    using M = OneBitModel;
    return std::tuple{
        field("rate", &M::rate, "r = n/d, bits per coordinate; n is rounded", domain::positive),
        field("encoder", &M::encoder,
              "hadamard: two rounds of signs and a fast transform; one_round: a single one; haar, "
              "dct: dense orthogonal; gaussian: independent rows; identity: axes; learned: trained",
              domain::one_of(kEncoders)),
        field("store_norm", &M::store_norm,
              "scale each vector to norm √d before encoding; errors are in its own units then")};
  }
};

/// [decode]
struct OneBitDecode {
  std::vector<std::int64_t> layers{1, 2, 3, 10};
  std::int64_t samples = 200;
  std::int64_t fit_samples = 0;
  bool ri_gamp = false;

  static constexpr auto fields() {
    using D = OneBitDecode;
    return std::tuple{
        field("layers", &D::layers, "numbers of decoder layers to run; 1 is the posterior mean",
              domain::at_least_one),
        field("samples", &D::samples, "test vectors", domain::at_least_one),
        field("fit_samples", &D::fit_samples,
              "training vectors for the least-squares decoder; 0: none, or 100 n for a learned or "
              "identity encoder",
              domain::non_negative),
        field("ri_gamp", &D::ri_gamp,
              "orthogonal encoders: also run RI-GAMP with full memory and compare the iterates")};
  }
};

/// [train], for encoder = "learned".
struct OneBitTrain {
  std::string method = "surrogate";
  std::int64_t steps = 2000;
  double first_step = 0.3;
  double last_step = 0.03;
  std::int64_t batch = 1000;
  double width = 0.1;
  std::int64_t masks = 48;
  std::int64_t records = 41;
  double checkpoint_seconds = 60.0;

  static constexpr std::array<std::string_view, 2> kMethods{"population", "surrogate"};
  static constexpr auto fields() {
    using T = OneBitTrain;
    return std::tuple{
        field("method", &T::method,
              "surrogate: SGD with a smooth slope in place of sign', any data; population: the "
              "exact gradient over support masks, gaussian and sparse_gaussian",
              domain::one_of(kMethods)),
        field("steps", &T::steps, "updates of the encoder", domain::at_least_one),
        field("first_step", &T::first_step, "η of the first step; of d times the gradient",
              domain::positive),
        field("last_step", &T::last_step, "η of the last step; geometric in between",
              domain::positive),
        field("batch", &T::batch, "surrogate: fresh samples per step", domain::at_least_one),
        field("width", &T::width, "surrogate: width τ of sech²(z/τ)/τ", domain::positive),
        field("masks", &T::masks, "population: support masks per step", domain::at_least_one),
        field("records", &T::records, "how many times the loss is measured, ends included",
              Domain{"in [2, 10000]", [](double v) { return v >= 2 && v <= 1e4; }, {}}),
        field("checkpoint_seconds", &T::checkpoint_seconds, "time between checkpoints",
              domain::positive)};
  }
};

/// [unrolled]: the layers of the decoder as a network with weights of its own.
struct OneBitUnrolled {
  std::int64_t steps = 0;
  std::string start = "state_evolution";
  std::string denoiser = "gate";
  bool free_matrices = false;
  std::int64_t batch = 64;
  double learning_rate = 0.02;

  static constexpr std::array<std::string_view, 2> kStarts{"state_evolution", "naive"};
  static constexpr std::array<std::string_view, 3> kDenoisers{"gate", "tanh", "table"};
  static constexpr auto fields() {
    using U = OneBitUnrolled;
    return std::tuple{
        field("steps", &U::steps, "Adam steps for each entry of decode.layers; 0: not trained",
              domain::non_negative),
        field("start", &U::start, "weights of the state evolution, or ones that know nothing",
              domain::one_of(kStarts)),
        field("denoiser", &U::denoiser, "family of the trained scalar function",
              domain::one_of(kDenoisers)),
        field("free_matrices", &U::free_matrices, "train a matrix of its own in place of each B"),
        field("batch", &U::batch, "fresh samples per step", domain::at_least_one),
        field("learning_rate", &U::learning_rate, "of scalars and denoisers, falling to 2 % of it",
              domain::positive)};
  }
};

/// All sections of a one_bit spec.
struct OneBitSpec {
  data::SourceOptions data;
  OneBitModel model;
  OneBitDecode decode;
  OneBitTrain train;
  OneBitUnrolled unrolled;
  PredictOptions predict;
};

/// Reads the sections and refuses unknown keys and combinations that mean nothing.
/// @throws InvalidArgument  with file, key and remedy.
[[nodiscard]] OneBitSpec read_one_bit_spec(SpecDocument& document);

/// The spec with every default filled in, as TOML.
[[nodiscard]] std::string resolved_text(const OneBitSpec& spec);

}  // namespace twofold::experiment
