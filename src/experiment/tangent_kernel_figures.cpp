#include "experiment/tangent_kernel_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "experiment/figure_making.hpp"
#include "experiment/tangent_kernel_quantities.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::tangent_kernel_figures";
constexpr std::string_view kModes = "modes:";

using Results = std::vector<const TangentResult*>;

// Losses over the first at the reported steps; both axes are logarithmic, so 0 is left out.
Figure loss_figure(const Results& results) {
  Figure figure;
  figure.title = "Loss over the first";
  figure.x = {"step", "step", "log"};
  figure.y = {"value", "L/L_0", "log"};
  if (results.size() > 1) figure.series = "case";
  for (const TangentResult* r : results) {
    if (r->measured.empty()) continue;
    const TangentMeasured& m = r->measured.front();
    for (std::size_t i = 0; i < m.records.size(); ++i) {
      const auto t = static_cast<double>(m.records[i]);
      if (t == 0.0) continue;
      if (i < m.predicted_loss.size() && m.predicted_loss[i] > 0.0) {
        figure.rows.push_back(
            {t, r->label, "", true, m.predicted_loss[i] / m.predicted_loss.front()});
      }
      const double loss = m.loss[static_cast<std::size_t>(m.records[i])];
      if (loss > 0.0) figure.rows.push_back({t, r->label, "", false, loss / m.loss.front()});
    }
  }
  return figure;
}

std::string mode_of(const TangentSpec& spec) {
  return spec.tied() ? fmt::format("tied, {}", spec.model.scaling) : spec.train.mode;
}

// A sweep for each mode, as one figure.
Figure modes_figure(const FigureOptions& options, const std::string& axis, const Results& results,
                    const std::vector<JudgedCase>& cases) {
  Figure figure;
  std::set<std::string> modes;
  for (const TangentResult* r : results) modes.insert(mode_of(r->setting.spec));
  for (const std::string& mode : modes) {
    FigureOptions own = options;
    own.kind = "sweep:" + swept_quantity(options);
    own.cases.clear();
    for (const TangentResult* r : results) {
      if (mode_of(r->setting.spec) == mode) own.cases.push_back(r->label);
    }
    Figure sweep = sweep_figure(own, axis, cases);
    for (FigureRow& row : sweep.rows) row.series = mode;
    std::ranges::move(figure.rows, std::back_inserter(sweep.rows));
    figure = std::move(sweep);
  }
  figure.series = "mode";
  return figure;
}

}  // namespace

void check_tangent_kernel_figure(const FigureOptions& figure, const TangentSpec& spec) {
  if (draws_sweep(figure) || figure.kind.starts_with(kModes)) {
    check_quantity(swept_quantity(figure), spec);
  } else {
    require(figure.kind == "loss" || figure.kind == "outputs", kWhere,
            fmt::format("unknown figure '{}'; kinds are loss, outputs, sweep:QUANTITY and "
                        "modes:QUANTITY",
                        figure.kind));
  }
  require(figure.kind != "outputs" || spec.predict.queries > 0, kWhere,
          "figure 'outputs' needs predict.queries");
  check_scales(figure);
}

std::vector<FigureOptions> wanted_figures(const ExperimentSpec& spec) {
  if (!spec.figures.empty()) return spec.figures;
  return {{.kind = "loss",
           .sentence = "The line is what the kernel predicts, the points are the trained network."},
          {.kind = "outputs"}};
}

std::vector<Figure> tangent_kernel_figures(const ExperimentSpec& spec,
                                           const std::vector<TangentResult>& results) {
  std::vector<FigureOptions> wanted = wanted_figures(spec);
  std::erase_if(wanted, [](const FigureOptions& options) { return options.kind == "outputs"; });
  std::vector<Figure> figures =
      make_figures(wanted, spec, results, [&](const FigureOptions& options, const Results& chosen) {
        return options.kind.starts_with(kModes)
                   ? modes_figure(options, spec.axis, chosen, judged_cases(results))
                   : loss_figure(chosen);
      });
  // What is missing, or has no prediction, is not drawn.
  for (Figure& figure : figures) {
    std::erase_if(figure.rows, [](const FigureRow& row) { return !std::isfinite(row.value); });
  }
  return figures;
}

}  // namespace twofold::experiment
