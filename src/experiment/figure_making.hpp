// What the figures of every system share: sweeps, and the options that any figure takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/judging.hpp"
#include "twofold/experiment/experiment_spec.hpp"
#include "twofold/experiment/record.hpp"

namespace twofold::experiment {

/// Whether the figure draws a quantity of each case against the case's value.
[[nodiscard]] bool draws_sweep(const FigureOptions& options);

/// "loss" of "sweep:loss".
[[nodiscard]] std::string swept_quantity(const FigureOptions& options);

/// @throws InvalidArgument  if a scale is neither empty, linear nor log.
void check_scales(const FigureOptions& options);

/// A quantity of each case against the case's value, predicted and measured.
/// @param axis  what varies over the cases.
[[nodiscard]] Figure sweep_figure(const FigureOptions& options, const std::string& axis,
                                  const std::vector<JudgedCase>& cases);

/// Name (from `index` and kind), sentence, and what the options override.
void finish_figure(const FigureOptions& options, std::size_t index, Figure& figure);

/// The figures of `wanted`: sweeps, and draw(options, chosen results) of all other kinds.
template <typename Result, typename Draw>
[[nodiscard]] std::vector<Figure> make_figures(const std::vector<FigureOptions>& wanted,
                                               const ExperimentSpec& spec,
                                               const std::vector<Result>& results, Draw&& draw) {
  const std::vector<JudgedCase> cases = judged_cases(results);
  std::vector<Figure> figures;
  for (const FigureOptions& options : wanted) {
    Figure figure = draws_sweep(options) ? sweep_figure(options, spec.axis, cases)
                                         : draw(options, chosen_results(options.cases, results));
    finish_figure(options, figures.size(), figure);
    figures.push_back(std::move(figure));
  }
  return figures;
}

/// For the message of find_kind.
[[noreturn]] void refuse_kind(std::string_view name, const std::vector<std::string_view>& known,
                              std::string_view where);

/// @param pictures  names of kinds that are no figures.
/// @throws InvalidArgument  listing all names.
template <typename List>
const auto& find_kind(const List& kinds, std::string_view name, std::string_view where,
                      const std::vector<std::string_view>& pictures = {}) {
  std::vector<std::string_view> names;
  for (const auto& kind : kinds) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  names.insert(names.end(), pictures.begin(), pictures.end());
  refuse_kind(name, names, where);
}

}  // namespace twofold::experiment
