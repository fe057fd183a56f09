#include "twofold/experiment/one_bit_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/train_precision.hpp"
#include "twofold/core/error.hpp"
#include "twofold/experiment/experiment_spec.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::one_bit";
constexpr std::int64_t kMostLayers = 10'000;

void check(const OneBitSpec& spec) {
  const bool learned = spec.model.encoder == "learned";
  const std::string& source = spec.data.source;
  require(spec.model.rate <= 64.0, kWhere,
          fmt::format("model.rate = {} is above 64 bits per coordinate", spec.model.rate));
  require(spec.model.encoder != "identity" || spec.model.rate <= 1.0, kWhere,
          fmt::format("encoder = \"identity\" needs model.rate <= 1, got {}", spec.model.rate));
  const auto& layers = spec.decode.layers;
  require(!layers.empty() && std::ranges::max(layers) <= kMostLayers, kWhere,
          fmt::format("decode.layers must name at least one number of layers, none above {}",
                      kMostLayers));
  require(!spec.decode.ri_gamp || (!learned && spec.model.encoder != "identity"), kWhere,
          "decode.ri_gamp needs a rotation-like encoder, not a learned one or the identity");
  require(spec.unrolled.steps == 0 ||
              (!learned && spec.model.encoder != "identity" && spec.model.encoder != "gaussian"),
          kWhere, "unrolled.steps > 0 needs an orthogonal encoder");
  require(!learned || spec.train.method != "population" || source == "sparse_gaussian" ||
              source == "gaussian",
          kWhere,
          fmt::format("train.method = \"population\" is for gaussian and sparse_gaussian, not {}; "
                      "use \"surrogate\"",
                      source));
  require(spec.train.last_step <= spec.train.first_step, kWhere,
          fmt::format("train.last_step = {} is above train.first_step = {}", spec.train.last_step,
                      spec.train.first_step));
}

}  // namespace

OneBitSpec read_one_bit_spec(SpecDocument& document) {
  require(train_precision(document).empty(), kWhere,
          "train.precision is not to be chosen here: encoders are trained in double, codes and "
          "decoders are computed in float");
  OneBitSpec spec;
  RunOptions run;
  document.read("", run);
  document.read("data", spec.data);
  document.read("model", spec.model);
  document.read("decode", spec.decode);
  document.read("train", spec.train);
  document.read("unrolled", spec.unrolled);
  document.read("predict", spec.predict);
  document.refuse_unknown_keys();
  check(spec);
  return spec;
}

std::string resolved_text(const OneBitSpec& spec) {
  return toml_section("data", spec.data) + toml_section("model", spec.model) +
         toml_section("decode", spec.decode) + toml_section("train", spec.train) +
         toml_section("unrolled", spec.unrolled) + toml_section("predict", spec.predict);
}

}  // namespace twofold::experiment
