#include "twofold/experiment/dictionary_recovery_spec.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "experiment/train_precision.hpp"
#include "twofold/core/error.hpp"
#include "twofold/experiment/experiment_spec.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::dictionary_recovery";

void check_model(const RecoverySpec& spec) {
  const RecoveryModel& m = spec.model;
  require(
      spec.generative() || m.atoms > 0, kWhere,
      fmt::format("model.atoms says how many atoms to look for in {}; it is 0", spec.data.source));
  require(m.activation != "top_k" || spec.generative() || m.active > 0, kWhere,
          "activation = \"top_k\" needs model.active, the number of units that fire");
  require(
      m.activation != "relu" || spec.data.source != "sparse_coding", kWhere,
      "activation = \"relu\" sees only half of codes of both signs: use hard_threshold or top_k "
      "with sparse_coding");
  require(!m.positive || m.activation == "top_k", kWhere,
          fmt::format("model.positive is for activation = \"top_k\", not {}", m.activation));
}

// What needs the truth.
void check_truth(const RecoverySpec& spec) {
  const bool near = spec.train.start == "near", oracle = spec.train.support == "oracle";
  require(spec.generative() || (!near && !oracle), kWhere,
          fmt::format("train.{} needs a source with a known dictionary, not {}",
                      near ? "start = \"near\"" : "support = \"oracle\"", spec.data.source));
  require((!near && !oracle) || spec.model.atoms == 0 || spec.model.atoms == spec.data.atoms,
          kWhere,
          fmt::format("train.{} needs as many units as atoms: leave model.atoms = {} out",
                      near ? "start = \"near\"" : "support = \"oracle\"", spec.model.atoms));
}

void check_batches(const RecoverySpec& spec) {
  const RecoveryTrain& t = spec.train;
  require(t.batch > 0 || !spec.generative() || spec.data.samples > 0, kWhere,
          "train.batch = 0 takes all samples in every step: say how many in data.samples, or give "
          "train.batch to draw fresh ones");
  require(t.batch == 0 || !t.backtrack, kWhere,
          fmt::format("train.backtrack compares losses of the same samples: it needs train.batch = "
                      "0, got {}",
                      t.batch));
  require(t.batch == 0 || t.support == "gate", kWhere,
          fmt::format("train.support = \"oracle\" needs train.batch = 0, got {}", t.batch));
}

void check_schedules(const RecoverySpec& spec) {
  const RecoveryTrain& t = spec.train;
  const std::string& activation = spec.model.activation;
  require(t.last_step <= t.step, kWhere,
          fmt::format("train.last_step = {} is above train.step = {}", t.last_step, t.step));
  require(activation == "relu" || (t.bias_shrink == 1.0 && t.bias_floor == 0.0), kWhere,
          fmt::format("train.bias_shrink and bias_floor are for activation = \"relu\", not {}",
                      activation));
  require(
      t.last_threshold == 0.0 || activation == "hard_threshold" || activation == "jump_relu",
      kWhere,
      fmt::format("train.last_threshold is for hard_threshold and jump_relu, not {}", activation));
}

}  // namespace

bool RecoverySpec::generative() const {
  return data.source == "mixture_of_gaussians" || data.source == "sparse_coding" ||
         data.source == "nonnegative_sparse_coding";
}

RecoverySpec read_dictionary_recovery_spec(SpecDocument& document) {
  require(
      train_precision(document) != "split_bf16", kWhere,
      "train.precision = \"split_bf16\" is for products of dense matrices, as in tangent_kernel "
      "and mean_field; here codes are sparse: there are double and float");
  RecoverySpec spec;
  spec.data.source = "sparse_coding";
  RunOptions run;
  document.read("", run);
  document.read("data", spec.data);
  document.read("model", spec.model);
  document.read("train", spec.train);
  document.read("compare", spec.compare);
  document.read("predict", spec.predict);
  document.refuse_unknown_keys();
  check_model(spec);
  check_truth(spec);
  check_batches(spec);
  check_schedules(spec);
  return spec;
}

std::string resolved_text(const RecoverySpec& spec) {
  return toml_section("data", spec.data) + toml_section("model", spec.model) +
         toml_section("train", spec.train) + toml_section("compare", spec.compare) +
         toml_section("predict", spec.predict);
}

}  // namespace twofold::experiment
