#include "experiment/dictionary_recovery_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/dictionary_recovery_quantities.hpp"
#include "experiment/figure_making.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kWhere = "experiment::dictionary_recovery_figures";

using Results = std::vector<const RecoveryResult*>;

void draw_error(const Results& results, Figure& figure) {
  for (const RecoveryResult* r : results) {
    if (r->predicted && r->setting.spec.train.start == "near") {
      const theory::RecoveryPrediction& p = r->predicted->run;
      for (std::size_t i = 0; i < p.iteration.size(); ++i) {
        if (p.error[i] > 0.0) {
          figure.rows.push_back({p.iteration[i], r->label, "", true, p.error[i]});
        }
      }
    }
    if (r->measured.empty()) continue;
    for (const double t : r->measured.front().iteration) {
      const auto value = measured_error(*r, t);
      if (!value || value->mean <= 0.0) continue;
      figure.rows.push_back({t, r->label, "", false, value->mean, value->standard_error});
    }
  }
}

void draw_loss(const Results& results, Figure& figure) {
  for (const RecoveryResult* r : results) {
    if (r->measured.empty()) continue;
    const auto& records = r->measured.front().iteration;
    for (std::size_t i = 0; i < records.size(); ++i) {
      std::vector<double> losses;
      for (const RecoveryMeasured& m : r->measured) {
        if (i < m.loss.size()) losses.push_back(m.loss[i]);
      }
      const auto value = numerics::mean_and_error(losses);
      if (value.mean <= 0.0) continue;
      figure.rows.push_back({records[i], r->label, "", false, value.mean, value.standard_error});
    }
  }
}

// A score of the autoencoder and of each baseline.
void draw_score(const Results& results, const std::string& score, Figure& figure) {
  for (const RecoveryResult* r : results) {
    const auto add = [&](const std::string& series, const std::string& key) {
      const auto value = measured_value(*r, key);
      if (!value) return;
      figure.rows.push_back({r->value, series, "", false, value->mean, value->standard_error});
    };
    add("autoencoder", score);
    for (const std::string& name : r->setting.spec.compare.baselines) {
      add(name, name + " " + score);
    }
  }
}

void draw_methods(const Results& results, Figure& figure) {
  const bool known =
      std::ranges::all_of(results, [](const RecoveryResult* r) { return r->setting.known(); });
  figure.y.label = known ? "share of atoms found" : "explained variance";
  draw_score(results, known ? "recovered" : "explained", figure);
}
void draw_method_errors(const Results& results, Figure& figure) {
  draw_score(results, "error", figure);
}
void draw_method_pursuit(const Results& results, Figure& figure) {
  draw_score(results, "pursuit", figure);
}

struct Kind {
  std::string_view name;
  std::string_view title;
  Axis x, y;
  std::string_view series;
  void (*draw)(const Results&, Figure&);
};

const std::array<Kind, 5>& kinds() {
  static const Axis iteration{"iteration", "iteration", "linear"}, value{"x", "", "linear"};
  static const std::array<Kind, 5> list{
      Kind{"error",
           "Distance from the true dictionary",
           iteration,
           {"value", "‖W − A‖²", "log"},
           "case",
           draw_error},
      Kind{"loss",
           "Loss, the witness of a collapse",
           iteration,
           {"value", "½ mean ‖x − x̂‖²", "log"},
           "case",
           draw_loss},
      Kind{"methods",
           "Methods on the same samples",
           value,
           {"value", "", "linear"},
           "method",
           draw_methods},
      Kind{"method_errors",
           "Methods on the same samples",
           value,
           {"value", "‖W − A‖²", "log"},
           "method",
           draw_method_errors},
      Kind{"method_pursuit",
           "Dictionaries with the same coder",
           value,
           {"value", "explained variance, codes by matching pursuit", "linear"},
           "method",
           draw_method_pursuit}};
  return list;
}

bool is_picture(const FigureOptions& figure) {
  return figure.kind == "atoms" || figure.kind == "cosines";
}

const Kind& kind_named(std::string_view name) {
  return find_kind(kinds(), name, kWhere, {"atoms", "cosines"});
}

Figure kind_figure(const FigureOptions& options, const ExperimentSpec& spec,
                   const Results& results) {
  const Kind& kind = kind_named(options.kind);
  Figure figure;
  figure.title = kind.title;
  figure.x = kind.x;
  if (figure.x.label.empty()) figure.x.label = spec.axis.empty() ? "case" : spec.axis;
  figure.y = kind.y;
  figure.series = kind.series;
  kind.draw(results, figure);
  return figure;
}

std::vector<FigureOptions> default_figures(const RecoveryResult& first) {
  if (!first.setting.known()) {
    return {{.kind = "loss", .sentence = "The loss falls, and does not rise again."}};
  }
  return {{.kind = "error",
           .sentence = "Points follow the line down to the floor that was predicted."}};
}

}  // namespace

void check_dictionary_recovery_figure(const FigureOptions& figure, const RecoverySpec& spec) {
  if (draws_sweep(figure)) {
    check_quantity(swept_quantity(figure), spec);
  } else if (!is_picture(figure)) {
    (void)kind_named(figure.kind);
  }
  const bool truth =
      figure.kind == "error" || figure.kind == "method_errors" || figure.kind == "cosines";
  require(!truth || spec.generative(), kWhere,
          fmt::format("figure '{}' needs a source with a known dictionary, not {}", figure.kind,
                      spec.data.source));
  check_scales(figure);
}

std::vector<Figure> dictionary_recovery_figures(const ExperimentSpec& spec,
                                                const std::vector<RecoveryResult>& results) {
  std::vector<FigureOptions> wanted =
      spec.figures.empty() ? default_figures(results.front()) : spec.figures;
  std::erase_if(wanted, is_picture);
  return make_figures(wanted, spec, results,
                      [&](const FigureOptions& options, const Results& chosen) {
                        return kind_figure(options, spec, chosen);
                      });
}

}  // namespace twofold::experiment
