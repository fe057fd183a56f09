// What the figures of every system share: sweeps, and the options that any figure takes.
#pragma once

#include <cstddef>
#include <string>
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

}  // namespace twofold::experiment
