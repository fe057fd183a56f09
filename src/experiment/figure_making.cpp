#include "experiment/figure_making.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "twofold/core/error.hpp"

namespace twofold::experiment {

bool draws_sweep(const FigureOptions& options) {
  return options.kind.starts_with("sweep:");
}

std::string swept_quantity(const FigureOptions& options) {
  return options.kind.substr(options.kind.find(':') + 1);
}

void check_scales(const FigureOptions& options) {
  for (const std::string& scale : {options.x_scale, options.y_scale}) {
    require(scale.empty() || scale == "linear" || scale == "log", "experiment::check_figure",
            fmt::format("figure '{}': scale '{}' must be linear or log", options.kind, scale));
  }
}

Figure sweep_figure(const FigureOptions& options, const std::string& axis,
                    const std::vector<JudgedCase>& cases) {
  ClaimOptions claim;
  claim.quantity = swept_quantity(options);
  Figure figure;
  figure.title = claim.quantity;
  figure.x = {"x", axis.empty() ? "case" : axis, "linear"};
  figure.y = {"value", claim.quantity, "linear"};
  figure.series = "direction";
  bool named = false;
  for (const JudgedCase* one : chosen_results(options.cases, cases)) {
    if (!one->comparable()) continue;
    for (const Comparison& c : one->evaluate(claim)) {
      const std::string series = c.name.empty() ? "" : c.title;
      named = named || !series.empty();
      figure.rows.push_back({one->value, series, "", true, c.predicted, 0.0,
                             c.predicted - c.extra_tolerance, c.predicted + c.extra_tolerance});
      figure.rows.push_back({one->value, series, "", false, c.measured, c.standard_error});
    }
  }
  if (!named) figure.series.clear();
  return figure;
}

void finish_figure(const FigureOptions& options, std::size_t index, Figure& figure) {
  figure.name = fmt::format("{}-{}", index + 1, options.kind);
  std::ranges::replace(figure.name, ':', '-');
  figure.sentence = options.sentence;
  if (!options.title.empty()) figure.title = options.title;
  if (!options.x_label.empty()) figure.x.label = options.x_label;
  if (!options.x_scale.empty()) figure.x.scale = options.x_scale;
  if (!options.y_scale.empty()) figure.y.scale = options.y_scale;
}

void refuse_kind(std::string_view name, const std::vector<std::string_view>& known,
                 std::string_view where) {
  throw InvalidArgument(where, fmt::format("unknown figure '{}'; kinds are {} and sweep:QUANTITY",
                                           name, fmt::join(known, ", ")));
}

}  // namespace twofold::experiment
