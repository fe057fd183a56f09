#include "experiment/mean_field_figures.hpp"

#include <array>

#include "experiment/figure_making.hpp"
#include "experiment/mean_field_claims.hpp"
#include "experiment/mean_field_quantities.hpp"
#include "twofold/numerics/statistics.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::mean_field_figures";

using Results = std::vector<const MeanFieldResult*>;

// One quantity over time: the predicted curve (a band where low < high) and the measured points;
// either may be empty.
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

template <typename Values>
void add_measured(const MeanFieldResult& r, Values&& values, CurveSource& curve) {
  if (!r.measured.empty()) curve.measured_time = r.measured.front().time;
  for (const Path& p : r.measured) curve.measured.push_back(values(p));
}

void add_block_curves(const MeanFieldResult& r, Matrix Path::*values, Figure& figure) {
  for (const Block& b : r.setting.blocks) {
    const auto mean = [&](const Path& p) -> Vector {
      if (p.time.size() == 0) return {};
      return (p.*values).middleCols(b.first, b.count).rowwise().mean();
    };
    CurveSource curve{b.label, r.label, r.curve.time, mean(r.curve), {}, {}, {}, {}};
    add_measured(r, mean, curve);
    add_curve(curve, figure);
  }
}

void add_loss_curve(const MeanFieldResult& r, Vector Path::*values, bool band, Figure& figure) {
  CurveSource curve{r.label, "", r.curve.time, r.curve.*values, {}, {}, {}, {}};
  curve.unit = r.setting.initial_loss();
  if (band) {
    curve.low = r.curve_low;
    curve.high = r.curve_high;
  }
  add_measured(
      r, [&](const Path& p) { return p.*values; }, curve);
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
    const Path& path = r->measured.empty() ? r->predicted : r->measured.front();
    if (path.train_loss.size() > 0) {
      add_loss_curve(*r, &Path::train_loss, false, figure);
    }
  }
}

// Gain at the end against the eigenvalue.
void draw_spectrum(const Results& results, Figure& figure) {
  for (const MeanFieldResult* r : results) {
    const bool predicted = r->predicted.gain.rows() > 0;
    for (Index j = 0; j < r->setting.leading(); ++j) {
      const double s = r->setting.spectrum(j);
      if (predicted) {
        figure.rows.push_back({s, r->label, "", true, r->predicted.gain.bottomRows(1)(j)});
      }
      numerics::RunningStatistics statistics;
      for (const Path& p : r->measured) statistics.add(p.gain.bottomRows(1)(j));
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

Figure kind_figure(const FigureOptions& options, const Results& results) {
  const Kind& kind = find_kind(kinds(), options.kind, kWhere);
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

}  // namespace

void check_figure(const FigureOptions& figure) {
  if (draws_sweep(figure)) {
    (void)find_quantity(swept_quantity(figure));
  } else {
    (void)find_kind(kinds(), figure.kind, kWhere);
  }
  check_scales(figure);
}

std::vector<Figure> mean_field_figures(const ExperimentSpec& spec,
                                       const std::vector<MeanFieldResult>& results) {
  std::vector<FigureOptions> wanted = spec.figures;
  if (wanted.empty()) {
    wanted.push_back({.kind = "gain", .sentence = "Each direction rises in its own phase."});
    wanted.push_back({.kind = "loss", .sentence = "The loss falls by a step with each phase."});
  }
  return make_figures(wanted, spec, results, kind_figure);
}

}  // namespace twofold::experiment
