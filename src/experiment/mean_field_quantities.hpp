// What can be compared in a mean_field experiment, by name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/judging.hpp"
#include "experiment/mean_field_case.hpp"
#include "twofold/experiment/experiment_spec.hpp"

namespace twofold::experiment {

/// What the data must satisfy for a prediction (docs/theory/mean_field.md#data).
enum class Needs {
  Symmetry,  ///< x and -x with one law
  Phases     ///< holds on moderately asymmetric data too
};

/// A quantity that claims and figures may name.
struct Quantity {
  std::string_view name;
  std::string_view about;
  std::vector<Comparison> (*evaluate)(const MeanFieldResult&, const ClaimOptions&);
  Needs needs;
};

/// @throws InvalidArgument  with the nearest name.
[[nodiscard]] const Quantity& find_quantity(std::string_view name);

/// Names of all quantities with one line for people.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>>
mean_field_quantities();

}  // namespace twofold::experiment
