// What a spec says of the precision of training, before its system has read it.
#pragma once

#include <string>
#include <tuple>

#include "twofold/experiment/spec_document.hpp"

namespace twofold::experiment {

struct TrainPrecision {
  std::string precision;

  static constexpr auto fields() {
    return std::tuple{field("precision", &TrainPrecision::precision, "of the steps")};
  }
};

/// [train] precision; empty if the document does not say.
[[nodiscard]] inline std::string train_precision(const SpecDocument& document) {
  TrainPrecision train;
  document.clone().read("train", train);
  return train.precision;
}

}  // namespace twofold::experiment
