#include "experiment/mean_field_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "experiment/mean_field_quantities.hpp"
#include "twofold/core/error.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::mean_field_figures";

using Results = std::vector<const MeanFieldResult*>;

Results chosen(const FigureOptions& options, const std::vector<MeanFieldResult>& all) {
  Results list;
  for (const MeanFieldResult& r : all) {
    if (options.cases.empty() || std::ranges::find(options.cases, r.label) != options.cases.end()) {
      list.push_back(&r);
    }
  }
  return list;
}

// One quantity over time: the predicted curve (a band where low < high) and the measured points.
struct CurveSource {
  std::string series, panel;
  Vector time, predicted, low, high;
  Vector measured_time;
  std::vector<Vector> measured;
  double unit = 1.0;
};

void add_curve(const CurveSource& c, Figure& figure) {
  for (Index k = 0; k < c.time.size(); ++k) {
    FigureRow row{c.time(k), c.series, c.panel, true, c.predicted(k) / c.unit};
    if (c.low.size() > 0) {
      row.low = c.low(k) / c.unit;
      row.high = c.high(k) / c.unit;
    }
    figure.rows.push_back(row);
  }
  for (Index k = 0; k < c.measured_time.size() && !c.measured.empty(); ++k) {
    numerics::RunningStatistics statistics;
    for (const Vector& m : c.measured) statistics.add(m(k) / c.unit);
    figure.rows.push_back({c.measured_time(k), c.series, c.panel, false, statistics.mean(),
                           statistics.standard_error()});
  }
}

void add_block_curves(const MeanFieldResult& r, Matrix Path::*values, Figure& figure) {
  for (const Block& b : r.setting.blocks) {
    const auto mean = [&](const Path& p) -> Vector {
      return (p.*values).middleCols(b.first, b.count).rowwise().mean();
    };
    CurveSource curve{b.label, r.label, r.curve.time, mean(r.curve), {}, {}, r.predicted.time, {}};
    for (const Path& p : r.measured) curve.measured.push_back(mean(p));
    add_curve(curve, figure);
  }
}

void add_loss_curve(const MeanFieldResult& r, Vector Path::*values, bool band, Figure& figure) {
  CurveSource curve{r.label, "", r.curve.time, r.curve.*values, {}, {}, r.predicted.time, {}};
  curve.unit = r.setting.initial_loss();
  if (band) {
    curve.low = r.curve_low;
    curve.high = r.curve_high;
  }
  for (const Path& p : r.measured) curve.measured.push_back(p.*values);
  add_curve(curve, figure);
}

void draw_gain(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) add_block_curves(*r, &Path::gain, figure);
}
void draw_scale(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) add_block_curves(*r, &Path::scale, figure);
}
void draw_loss(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) add_loss_curve(*r, &Path::loss, true, figure);
}
void draw_train_loss(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) {
    if (r->predicted.train_loss.size() > 0) {
      add_loss_curve(*r, &Path::train_loss, false, figure);
    }
  }
}

// Gain at the end against the eigenvalue.
void draw_spectrum(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) {
    const Index last = r->predicted.gain.rows() - 1;
    for (Index j = 0; j < r->setting.leading(); ++j) {
      const double s = r->setting.spectrum(j);
      figure.rows.push_back({s, r->label, "", true, r->predicted.gain(last, j)});
      numerics::RunningStatistics statistics;
      for (const Path& p : r->measured) statistics.add(p.gain(last, j));
      if (statistics.count() == 0) continue;
      figure.rows.push_back(
          {s, r->label, "", false, statistics.mean(), statistics.standard_error()});
    }
  }
}

struct Kind {
  std::string_view name;
  std::string_view title;
  Axis x, y;
  std::string_view series;
  bool panels;
  void (*draw)(const Results&, Figure&);
};

const std::array<Kind, 5>& kinds() {
  static const std::array<Kind, 5> list{Kind{"gain",
                                             "Gain of each direction",
                                             {"time", "time t = η · steps", "linear"},
                                             {"value", "gain a", "linear"},
                                             "direction",
                                             true,
                                             draw_gain},
                                        Kind{"scale",
                                             "Second moment of the neurons",
                                             {"time", "time t = η · steps", "linear"},
                                             {"value", "second moment u", "linear"},
                                             "direction",
                                             true,
                                             draw_scale},
                                        Kind{"loss",
                                             "Loss",
                                             {"time", "time t = η · steps", "linear"},
                                             {"value", "test loss / L0", "linear"},
                                             "case",
                                             false,
                                             draw_loss},
                                        Kind{"train_loss",
                                             "Training loss",
                                             {"time", "time t = η · steps", "linear"},
                                             {"value", "training loss / L0", "linear"},
                                             "case",
                                             false,
                                             draw_train_loss},
                                        Kind{"spectrum",
                                             "Shrinkage",
                                             {"eigenvalue", "eigenvalue s", "log"},
                                             {"value", "gain a at the end", "linear"},
                                             "case",
                                             false,
                                             draw_spectrum}};
  return list;
}

const Kind& find_kind(std::string_view name) {
  const auto* kind = std::ranges::find(kinds(), name, &Kind::name);
  require(kind != kinds().end(), kWhere,
          fmt::format("unknown figure '{}'; kinds are gain, scale, loss, train_loss, spectrum and "
                      "sweep:QUANTITY",
                      name));
  return *kind;
}

// "sweep:loss" -> "loss"
std::string swept_quantity(const FigureOptions& options) {
  return options.kind.substr(options.kind.find(':') + 1);
}

// A quantity of each case against the case's value.
Figure sweep_figure(const FigureOptions& options, const ExperimentSpec& spec,
                    const Results& results) {
  const std::string quantity = swept_quantity(options);
  Figure figure;
  figure.title = quantity;
  figure.x = {"x", spec.axis.empty() ? "case" : spec.axis, "linear"};
  figure.y = {"value", quantity, "linear"};
  figure.series = "direction";
  ClaimOptions claim;
  claim.quantity = quantity;
  bool named = false;
  for (const MeanFieldResult* r : results) {
    if (r->measured.empty()) continue;
    for (const Comparison& c : find_quantity(quantity).evaluate(*r, claim)) {
      const std::string series = c.name.empty() ? "" : c.title;
      named = named || !series.empty();
      figure.rows.push_back({r->value, series, "", true, c.predicted, 0.0,
                             c.predicted - c.extra_tolerance, c.predicted + c.extra_tolerance});
      figure.rows.push_back({r->value, series, "", false, c.measured, c.standard_error});
    }
  }
  if (!named) figure.series.clear();
  return figure;
}

Figure kind_figure(const FigureOptions& options, const Results& results) {
  const Kind& kind = find_kind(options.kind);
  Figure figure;
  figure.title = kind.title;
  figure.x = kind.x;
  figure.y = kind.y;
  kind.draw(results, figure);
  const bool many = results.size() > 1;
  figure.series = kind.panels || many ? std::string(kind.series) : "";
  figure.panel = kind.panels && many ? "case" : "";
  return figure;
}

std::string file_name(std::size_t index, const std::string& kind) {
  std::string name = fmt::format("{}-{}", index + 1, kind);
  std::ranges::replace(name, ':', '-');
  return name;
}

}  // namespace

void check_figure(const FigureOptions& figure) {
  if (figure.kind.starts_with("sweep:")) {
    (void)find_quantity(swept_quantity(figure));
  } else {
    (void)find_kind(figure.kind);
  }
  for (const std::string& scale : {figure.x_scale, figure.y_scale}) {
    require(scale.empty() || scale == "linear" || scale == "log", kWhere,
            fmt::format("figure '{}': scale '{}' must be linear or log", figure.kind, scale));
  }
}

std::vector<Figure> mean_field_figures(const ExperimentSpec& spec,
                                       const std::vector<MeanFieldResult>& results) {
  std::vector<FigureOptions> wanted = spec.figures;
  if (wanted.empty()) {
    wanted.push_back({.kind = "gain", .sentence = "Each direction rises in its own phase."});
    wanted.push_back({.kind = "loss", .sentence = "The loss falls by a step with each phase."});
  }
  std::vector<Figure> figures;
  for (const FigureOptions& options : wanted) {
    const Results list = chosen(options, results);
    Figure figure = options.kind.starts_with("sweep:") ? sweep_figure(options, spec, list)
                                                       : kind_figure(options, list);
    figure.name = file_name(figures.size(), options.kind);
    figure.sentence = options.sentence;
    if (!options.title.empty()) figure.title = options.title;
    if (!options.x_scale.empty()) figure.x.scale = options.x_scale;
    if (!options.y_scale.empty()) figure.y.scale = options.y_scale;
    figures.push_back(std::move(figure));
  }
  return figures;
}

}  // namespace twofold::experiment
