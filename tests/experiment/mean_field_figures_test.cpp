#include "experiment/mean_field_figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "experiment/synthetic_result.hpp"

namespace twofold::experiment {
namespace {

std::vector<Figure> draw(std::vector<FigureOptions> figures, std::vector<MeanFieldResult> results) {
  ExperimentSpec spec;
  spec.figures = std::move(figures);
  spec.axis = "λ";
  return mean_field_figures(spec, results);
}

Figure draw_one(std::string kind, std::vector<MeanFieldResult> results) {
  FigureOptions options;
  options.kind = std::move(kind);
  return draw({options}, std::move(results)).front();
}

std::ptrdiff_t count(const Figure& figure, bool predicted) {
  return std::ranges::count(figure.rows, predicted, &FigureRow::predicted);
}

MeanFieldResult labelled(std::string label, double value) {
  MeanFieldResult r = synthetic_result();
  r.label = std::move(label);
  r.value = value;
  return r;
}

TEST(Figures, DefaultsAreGainAndLoss) {
  const auto list = draw({}, {synthetic_result()});
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0].name, "1-gain");
  EXPECT_EQ(list[1].name, "2-loss");
  for (const Figure& f : list) EXPECT_FALSE(f.sentence.empty());
}

TEST(Figures, GainHasALineAndPointsForEachDirection) {
  const Figure figure = draw_one("gain", {synthetic_result()});
  EXPECT_EQ(count(figure, true), 6);  // two directions at three times
  EXPECT_EQ(count(figure, false), 6);
  EXPECT_EQ(figure.series, "direction");
  EXPECT_EQ(figure.panel, "");
  const FigureRow& point = figure.rows[4];  // after the line of direction 1
  EXPECT_EQ(point.x, 1.0);
  EXPECT_FALSE(point.predicted);
  // A mean and a standard error of two numbers near 1: a few roundings.
  EXPECT_NEAR(point.value, 0.6, 1e-14);
  EXPECT_NEAR(point.standard_error, kScatter, 1e-14);
}

TEST(Figures, LossIsInUnitsOfItsStartWithTheWidthBand) {
  const Figure figure = draw_one("loss", {synthetic_result()});
  const FigureRow& line = figure.rows.front();
  EXPECT_NEAR(line.value, 0.8, 1e-14);  // one division
  EXPECT_NEAR(line.low, 0.8, 1e-14);
  EXPECT_NEAR(line.high, 0.9, 1e-14);
  EXPECT_EQ(figure.series, "");
}

TEST(Figures, SeveralCasesBecomePanelsOrColours) {
  const std::vector<MeanFieldResult> results{labelled("a", 1), labelled("b", 2)};
  const Figure gain = draw_one("gain", results), loss = draw_one("loss", results);
  EXPECT_EQ(gain.panel, "case");
  EXPECT_EQ(gain.rows.back().panel, "b");
  EXPECT_EQ(loss.series, "case");
  EXPECT_EQ(loss.rows.back().series, "b");
}

TEST(Figures, CasesCanBeChosen) {
  FigureOptions options;
  options.kind = "loss";
  options.cases = {"b"};
  const Figure figure = draw({options}, {labelled("a", 1), labelled("b", 2)}).front();
  EXPECT_EQ(figure.rows.size(), 6u);
}

TEST(Figures, SweepsPlaceCasesByTheirValue) {
  const Figure figure = draw_one("sweep:end_loss", {labelled("a", 1), labelled("b", 2)});
  EXPECT_EQ(figure.name, "1-sweep-end_loss");
  EXPECT_EQ(figure.x.label, "λ");
  ASSERT_EQ(figure.rows.size(), 4u);
  EXPECT_EQ(figure.rows[0].x, 1.0);
  EXPECT_EQ(figure.rows[3].x, 2.0);
  EXPECT_EQ(figure.series, "");
}

TEST(Figures, ADivergedRunStillShowsItsPrediction) {
  MeanFieldResult r = synthetic_result();
  r.measured.clear();
  for (const char* kind : {"gain", "scale", "loss", "spectrum"}) {
    const Figure figure = draw_one(kind, {r});
    EXPECT_GT(count(figure, true), 0) << kind;
    EXPECT_EQ(count(figure, false), 0) << kind;
  }
}

TEST(Figures, OptionsOverrideTitleAndScales) {
  FigureOptions options;
  options.kind = "spectrum";
  options.title = "mine";
  options.y_scale = "log";
  const Figure figure = draw({options}, {synthetic_result()}).front();
  EXPECT_EQ(figure.title, "mine");
  EXPECT_EQ(figure.x.scale, "log");  // of the kind
  EXPECT_EQ(figure.y.scale, "log");
}

}  // namespace
}  // namespace twofold::experiment
