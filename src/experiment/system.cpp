#include "twofold/experiment/system.hpp"

#include <fmt/format.h>

#include <array>
#include <vector>

#include "experiment/dictionary_recovery_system.hpp"
#include "experiment/mean_field_system.hpp"
#include "experiment/one_bit_system.hpp"
#include "experiment/tangent_kernel_system.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {

std::span<const System> systems() {
  static const std::array list{mean_field_system(), one_bit_system(), dictionary_recovery_system(),
                               tangent_kernel_system()};
  return list;
}

const System& find_system(std::string_view name) {
  std::vector<std::string_view> names;
  for (const System& system : systems()) {
    if (system.name == name) return system;
    names.push_back(system.name);
  }
  require(!name.empty(), "experiment::find_system",
          fmt::format("the spec names no system; begin it with system = \"NAME\", one of {}",
                      fmt::join(names, ", ")));
  const std::string near = nearest_name(name, names);
  throw InvalidArgument(
      "experiment::find_system",
      fmt::format("system = \"{}\": must be one of {}{}", name, fmt::join(names, ", "),
                  near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near)));
}

namespace {

// "[[case]]" followed by the fields of one entry.
template <typename Options>
std::string tables(std::string_view name, const std::vector<Options>& list) {
  std::string text;
  for (const Options& options : list) {
    text += fmt::format("\n[[{}]]\n{}", name, toml_section("", options));
  }
  return text;
}

}  // namespace

std::string resolved_spec(const ExperimentSpec& spec) {
  std::string text =
      toml_section("", spec.run) + find_system(spec.run.system).resolve(spec.base.clone());
  const bool has_cases = !spec.case_options.front().label.empty();
  if (has_cases) text += tables("case", spec.case_options);
  return text + tables("claim", spec.claims) + tables("figure", spec.figures);
}

}  // namespace twofold::experiment
