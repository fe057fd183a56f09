#include "twofold/experiment/mean_field_spec.hpp"

#include "twofold/core/error.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::experiment {

MeanFieldSpec read_mean_field_spec(SpecDocument& document) {
  MeanFieldSpec spec;
  RunOptions run;
  document.read("", run);
  document.read("data", spec.data);
  document.read("model", spec.model);
  document.read("train", spec.train);
  document.read("record", spec.record);
  document.read("predict", spec.predict);
  document.refuse_unknown_keys();
  (void)model::parse_activation(spec.model.activation);
  return spec;
}

std::string resolved_text(const MeanFieldSpec& spec) {
  return toml_section("data", spec.data) + toml_section("model", spec.model) +
         toml_section("train", spec.train) + toml_section("record", spec.record) +
         toml_section("predict", spec.predict);
}

}  // namespace twofold::experiment
