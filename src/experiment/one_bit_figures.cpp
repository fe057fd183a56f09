#include "experiment/one_bit_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "experiment/figure_making.hpp"
#include "experiment/heat_map.hpp"
#include "experiment/one_bit_quantities.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/theory/one_bit_limit.hpp"
#include "twofold/theory/sparsity_transition.hpp"

namespace twofold::experiment {
namespace {

constexpr std::string_view kEncoder = "encoder";  // a picture, not a figure

using Results = std::vector<const OneBitResult*>;

void add_predicted(Figure& figure, double x, const std::string& series, const std::string& panel,
                   double value) {
  if (std::isfinite(value)) figure.rows.push_back({x, series, panel, true, value});
}

void add_measured(Figure& figure, double x, const std::string& series, const std::string& panel,
                  const OneBitResult& r, const std::string& key) {
  if (const auto value = measured_value(r, key)) {
    figure.rows.push_back({x, series, panel, false, value->mean, value->standard_error});
  }
}

double predicted_layer(const OneBitResult& r, std::size_t i) {
  return i < r.predicted.layers.size() ? r.predicted.layers[i] : OneBitPrediction::kNone;
}

// Every decoder against the value of the case.
void draw_errors(const Results& results, Figure& figure) {
  for (const OneBitResult* r : results) {
    const std::string panel = r->setting.prior->name();
    add_predicted(figure, r->value, "linear", panel, r->predicted.linear);
    add_measured(figure, r->value, "linear", panel, *r, "linear");
    add_measured(figure, r->value, "linear, fitted", panel, *r, "fitted");
    const auto& layers = r->setting.spec.decode.layers;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string name = fmt::format("L = {}", layers[i]);
      add_predicted(figure, r->value, name, panel, predicted_layer(*r, i));
      add_measured(figure, r->value, name, panel, *r, fmt::format("layer {}", layers[i]));
    }
    if (r->setting.layered()) add_predicted(figure, r->value, "Bayes", panel, r->predicted.bayes);
    if (r->setting.learned()) {
      add_predicted(figure, r->value, "learned", panel, r->predicted.trained);
      add_measured(figure, r->value, "learned", panel, *r, "trained");
    }
  }
}

void draw_layers(const Results& results, Figure& figure) {
  for (const OneBitResult* r : results) {
    const auto& layers = r->setting.spec.decode.layers;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const auto L = static_cast<double>(layers[i]);
      add_predicted(figure, L, r->label, "", predicted_layer(*r, i));
      add_measured(figure, L, r->label, "", *r, fmt::format("layer {}", layers[i]));
      const std::string trained = r->label.empty() ? "unrolled" : r->label + ", unrolled";
      add_measured(figure, L, trained, "", *r, fmt::format("unrolled {}", layers[i]));
    }
  }
}

// Loss on the way, the plateau, and where it should end.
void draw_training(const Results& results, Figure& figure) {
  double end = 0.0;
  for (const OneBitResult* r : results) {
    for (const OneBitMeasured& m : r->measured) {
      for (std::size_t k = 0; k < m.step.size(); ++k) {
        figure.rows.push_back({m.step[k], r->label, "", false, m.loss[k]});
      }
      if (!m.step.empty()) end = std::max(end, m.step.back());
    }
  }
  for (const OneBitResult* r : results) {
    for (const double step : {0.0, end}) {
      add_predicted(figure, step, r->label, "", r->predicted.trained);
      if (r == results.front()) {
        add_predicted(figure, step, "plateau R_Gauss", "", r->predicted.gaussian_limit);
      }
    }
  }
}

// The three curves of a family of priors against p, and what training reached.
void draw_transition(const Results& results, Figure& figure) {
  constexpr int kPoints = 33;
  std::vector<std::string> drawn;
  for (const OneBitResult* r : results) {
    data::SourceOptions options = r->setting.spec.data;
    const std::string& panel = options.source;
    add_measured(figure, options.sparsity, "learned", panel, *r, "trained");
    const bool known = std::ranges::find(drawn, panel) != drawn.end();
    if (known || r->setting.spec.predict.skip) continue;
    drawn.push_back(panel);
    for (int i = 0; i < kPoints; ++i) {
      const double p = options.sparsity = 0.2 + 0.8 * i / (kPoints - 1);
      const auto prior = data::sparse_prior(options);
      if (!prior) break;
      add_predicted(figure, p, "R_Gauss", panel, theory::gaussian_limit(1.0));
      add_predicted(figure, p, "R_Id", panel, theory::identity_limit(*prior, 1.0));
      add_predicted(figure, p, "least R(θ)", panel, theory::best_tilted_rotation(*prior).loss);
    }
  }
}

struct Kind {
  std::string_view name;
  std::string_view title;
  Axis x, y;
  std::string_view series;
  std::string_view panel;
  void (*draw)(const Results&, Figure&);
};

const Axis kError{"value", "mean square error", "linear"};

const std::array<Kind, 4>& kinds() {
  static const std::array<Kind, 4> list{Kind{"errors",
                                             "Error of each decoder",
                                             {"x", "", "linear"},
                                             kError,
                                             "decoder",
                                             "prior",
                                             draw_errors},
                                        Kind{"layers",
                                             "Error against depth",
                                             {"layers", "decoder layers L", "linear"},
                                             kError,
                                             "case",
                                             "",
                                             draw_layers},
                                        Kind{"training",
                                             "Loss of the encoder while it is trained",
                                             {"step", "step", "linear"},
                                             kError,
                                             "case",
                                             "",
                                             draw_training},
                                        Kind{"transition",
                                             "Rotation or axes",
                                             {"p", "probability p of a non-zero", "linear"},
                                             kError,
                                             "curve",
                                             "prior",
                                             draw_transition}};
  return list;
}

const Kind& kind_named(std::string_view name) {
  return find_kind(kinds(), name, "experiment::one_bit_figures", {kEncoder});
}

bool one_panel(const Figure& figure) {
  return std::ranges::all_of(
      figure.rows, [&](const FigureRow& row) { return row.panel == figure.rows.front().panel; });
}

Figure kind_figure(const FigureOptions& options, const ExperimentSpec& spec,
                   const Results& results) {
  const Kind& kind = kind_named(options.kind);
  Figure figure;
  figure.title = kind.title;
  figure.x = kind.x;
  if (figure.x.label.empty()) figure.x.label = spec.axis.empty() ? "case" : spec.axis;
  figure.y = kind.y;
  kind.draw(results, figure);
  figure.series = kind.series;
  figure.panel = one_panel(figure) ? "" : std::string(kind.panel);
  return figure;
}

// Rows of |B| in the order of the axis they look along most.
Matrix sorted_rows(const Matrix& encoder) {
  const Matrix size = encoder.cwiseAbs();
  std::vector<std::pair<Index, Index>> order;  // axis, row
  for (Index i = 0; i < size.rows(); ++i) {
    Index axis = 0;
    size.row(i).maxCoeff(&axis);
    order.emplace_back(axis, i);
  }
  std::ranges::sort(order);
  Matrix sorted(size.rows(), size.cols());
  for (Index i = 0; i < size.rows(); ++i) {
    sorted.row(i) = size.row(order[static_cast<std::size_t>(i)].second);
  }
  return sorted;
}

}  // namespace

void check_one_bit_figure(const FigureOptions& figure) {
  if (draws_sweep(figure)) {
    (void)about_one_bit(swept_quantity(figure));
  } else if (figure.kind != kEncoder) {
    (void)kind_named(figure.kind);
  }
  check_scales(figure);
}

std::vector<Figure> one_bit_figures(const ExperimentSpec& spec,
                                    const std::vector<OneBitResult>& results) {
  std::vector<FigureOptions> wanted = spec.figures;
  if (wanted.empty()) {
    if (results.front().setting.learned()) {
      wanted.push_back({.kind = "training",
                        .sentence = "The loss falls to the Gaussian limit, and "
                                    "below it where axes are better."});
    } else {
      wanted.push_back(
          {.kind = "layers", .sentence = "Each layer of the decoder lowers the error."});
    }
  }
  std::erase_if(wanted, [](const FigureOptions& options) { return options.kind == kEncoder; });
  return make_figures(wanted, spec, results,
                      [&](const FigureOptions& options, const Results& chosen) {
                        return kind_figure(options, spec, chosen);
                      });
}

std::vector<Picture> one_bit_pictures(const ExperimentSpec& spec,
                                      const std::vector<OneBitResult>& results,
                                      const std::filesystem::path& folder) {
  std::vector<Picture> pictures;
  for (const FigureOptions& options : spec.figures) {
    if (options.kind != kEncoder) continue;
    for (const OneBitResult* r : chosen_results(options.cases, results)) {
      if (r->measured.empty() || r->measured.front().encoder.size() == 0) continue;
      const std::string name = fmt::format("encoder-{}", pictures.size() + 1);
      const std::string file = "arrays/" + name + ".png";
      create_folder(folder / "arrays");
      write_heat_map(folder / file, sorted_rows(r->measured.front().encoder));
      const std::string title =
          options.title.empty() ? "|B|, rows by their main axis" : options.title;
      pictures.push_back({name, r->label.empty() ? title : title + ", " + r->label, file});
    }
  }
  return pictures;
}

}  // namespace twofold::experiment
