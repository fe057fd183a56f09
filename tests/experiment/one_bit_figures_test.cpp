#include "experiment/one_bit_figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "experiment/one_bit_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/png.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

using Results = std::vector<OneBitResult>;

FigureOptions kind(std::string name) {
  FigureOptions options;
  options.kind = std::move(name);
  return options;
}

std::vector<Figure> draw(std::vector<FigureOptions> figures, const Results& results) {
  ExperimentSpec spec;
  spec.figures = std::move(figures);
  spec.axis = "rate r";
  return one_bit_figures(spec, results);
}

Figure draw_one(const std::string& name, const Results& results) {
  return draw({kind(name)}, results).front();
}

// The rows of one series, predicted or measured.
std::vector<FigureRow> rows(const Figure& figure, std::string_view series, bool predicted) {
  std::vector<FigureRow> found;
  std::ranges::copy_if(figure.rows, std::back_inserter(found), [&](const FigureRow& row) {
    return row.series == series && row.predicted == predicted;
  });
  return found;
}

TEST(OneBitFigures, ErrorsDrawEveryDecoderAtTheValueOfTheCase) {
  const OneBitResult r = measured_layers();
  const Figure figure = draw_one("errors", {r});
  EXPECT_EQ(figure.name, "1-errors");
  EXPECT_EQ(figure.x.label, "rate r");
  EXPECT_EQ(figure.series, "decoder");
  EXPECT_EQ(figure.panel, "");  // one prior
  // Linear, L = 1 and L = 3 twice, the fitted decoder measured, Bayes predicted.
  EXPECT_EQ(figure.rows.size(), 8u);
  for (const FigureRow& row : figure.rows) EXPECT_EQ(row.x, 3.0);
  EXPECT_EQ(rows(figure, "linear", true).at(0).value, r.predicted.linear);
  EXPECT_EQ(rows(figure, "L = 3", true).at(0).value, r.predicted.layers[1]);
  EXPECT_EQ(rows(figure, "Bayes", true).at(0).value, r.predicted.bayes);
  const FigureRow point = rows(figure, "L = 3", false).at(0);
  EXPECT_NEAR(point.value, r.predicted.layers[1] + kPlus, 1e-14);  // mean of two equal numbers
  EXPECT_NEAR(point.standard_error, kError / std::sqrt(2.0), 1e-14);
  EXPECT_EQ(rows(figure, "linear, fitted", false).size(), 1u);
}

TEST(OneBitFigures, ErrorsHaveAPanelPerPrior) {
  const OneBitResult learned = measured_training(0.3);
  const Figure figure = draw_one("errors", {measured_layers(), learned});
  EXPECT_EQ(figure.panel, "prior");
  EXPECT_EQ(figure.rows.front().panel, "sparse Gaussian, p = 0.3");
  EXPECT_EQ(figure.rows.back().panel, "sparse Rademacher, p = 0.8");
  EXPECT_EQ(rows(figure, "learned", true).at(0).value, learned.predicted.trained);
  EXPECT_EQ(rows(figure, "learned", false).at(0).value, 0.3);
}

TEST(OneBitFigures, LayersDrawDepthWithAColourPerCase) {
  const OneBitResult r = measured_layers();
  const Figure figure = draw_one("layers", {r});
  EXPECT_EQ(figure.rows.size(), 6u);
  EXPECT_EQ(figure.series, "case");
  const auto line = rows(figure, "layered", true);
  ASSERT_EQ(line.size(), 2u);
  EXPECT_EQ(line[0].x, 1.0);
  EXPECT_EQ(line[1].x, 3.0);
  EXPECT_EQ(line[1].value, r.predicted.layers[1]);
  EXPECT_EQ(rows(figure, "layered", false).size(), 2u);
  EXPECT_EQ(rows(figure, "layered, unrolled", false).size(), 2u);
}

TEST(OneBitFigures, TrainingDrawsThePathThePlateauAndTheEnd) {
  const OneBitResult r = measured_training(0.3);
  const Figure figure = draw_one("training", {r});
  const auto path = rows(figure, "trained", false);
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(path[1].x, 5.0);
  EXPECT_EQ(path[1].value, 0.4);
  const auto plateau = rows(figure, "plateau R_Gauss", true);
  ASSERT_EQ(plateau.size(), 2u);
  EXPECT_EQ(plateau[0].x, 0.0);
  EXPECT_EQ(plateau[1].x, 10.0);
  EXPECT_EQ(plateau[1].value, r.predicted.gaussian_limit);
  EXPECT_EQ(rows(figure, "trained", true).at(1).value, r.predicted.trained);
  EXPECT_EQ(figure.rows.size(), 7u);
}

TEST(OneBitFigures, TransitionDrawsThreeCurvesOncePerFamily) {
  OneBitResult other = measured_training(0.2);
  other.setting.spec.data.sparsity = 0.9;
  const Figure figure = draw_one("transition", {measured_training(0.3), other});
  const auto limit = rows(figure, "R_Gauss", true), identity = rows(figure, "R_Id", true),
             family = rows(figure, "least R(θ)", true);
  ASSERT_EQ(limit.size(), 33u);
  ASSERT_EQ(identity.size(), 33u);
  ASSERT_EQ(family.size(), 33u);
  for (std::size_t i = 0; i < 33; ++i) {
    // Closed forms for ±1/√p: a few roundings.
    EXPECT_NEAR(limit[i].value, 1.0 - 2.0 / std::numbers::pi, 1e-14);
    EXPECT_NEAR(identity[i].value, 1.0 - identity[i].x, 1e-14);
    // It holds both: the rotation exactly, the axes as k → ∞, where bits of zeros still help.
    EXPECT_LE(family[i].value, limit[i].value + 1e-12);
    EXPECT_LE(family[i].value, identity[i].value + 1e-12);
  }
  EXPECT_EQ(identity.front().x, 0.2);
  EXPECT_EQ(identity.back().x, 1.0);
  const auto points = rows(figure, "learned", false);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[0].x, 0.8);
  EXPECT_EQ(points[1].x, 0.9);
  EXPECT_EQ(points[1].value, 0.2);
  EXPECT_EQ(figure.panel, "");
}

TEST(OneBitFigures, SweepsDrawAQuantityWithItsBand) {
  const OneBitResult r = measured_layers();
  const Figure figure = draw_one("sweep:layer", {r});
  EXPECT_EQ(figure.name, "1-sweep-layer");
  ASSERT_EQ(figure.rows.size(), 4u);
  EXPECT_EQ(figure.rows[0].series, "L = 1");
  EXPECT_EQ(figure.rows[0].x, 3.0);
  // 3 standard errors of the mean of two.
  EXPECT_NEAR(figure.rows[0].high - figure.rows[0].value, 3.0 * kError / std::sqrt(2.0), 1e-14);
}

TEST(OneBitFigures, DefaultsAreLayersOrTraining) {
  const auto layered = draw({}, {measured_layers()});
  ASSERT_EQ(layered.size(), 1u);
  EXPECT_EQ(layered[0].name, "1-layers");
  EXPECT_FALSE(layered[0].sentence.empty());
  EXPECT_EQ(draw({}, {measured_training(0.3)})[0].name, "1-training");
}

TEST(OneBitFigures, CasesCanBeChosenAndScalesSet) {
  FigureOptions options = kind("layers");
  options.cases = {"second"};
  options.y_scale = "log";
  options.title = "mine";
  OneBitResult second = measured_layers();
  second.label = "second";
  const Figure figure = draw({options}, {measured_layers(), second}).front();
  EXPECT_EQ(figure.rows.size(), 6u);
  EXPECT_EQ(figure.rows.front().series, "second");
  EXPECT_EQ(figure.y.scale, "log");
  EXPECT_EQ(figure.title, "mine");
}

TEST(OneBitFigures, WhatWasNotMeasuredLeavesItsPrediction) {
  OneBitResult layered = measured_layers(), learned = measured_training(0.3);
  layered.measured.clear();
  learned.measured.clear();
  for (const char* name : {"errors", "layers", "training", "transition"}) {
    const Figure figure = draw_one(name, {layered, learned});
    EXPECT_GT(std::ranges::count(figure.rows, true, &FigureRow::predicted), 0) << name;
    EXPECT_EQ(std::ranges::count(figure.rows, false, &FigureRow::predicted), 0) << name;
  }
  EXPECT_TRUE(draw_one("sweep:linear", {layered}).rows.empty());
}

TEST(OneBitFigures, UnknownOnesAreRefusedBeforehand) {
  for (const char* good :
       {"errors", "layers", "training", "transition", "encoder", "sweep:layer"}) {
    EXPECT_NO_THROW(check_one_bit_figure(kind(good))) << good;
  }
  expect_throw<InvalidArgument>([] { check_one_bit_figure(kind("layer")); },
                                {"unknown figure 'layer'", "kinds are errors, layers", "encoder"});
  expect_throw<InvalidArgument>([] { check_one_bit_figure(kind("sweep:lairs")); },
                                {"unknown quantity 'lairs'"});
  FigureOptions options = kind("encoder");
  options.x_scale = "sqrt";
  expect_throw<InvalidArgument>([&] { check_one_bit_figure(options); }, {"sqrt", "linear or log"});
}

TEST(OneBitPictures, ShowTheEncoderWithRowsByTheirMainAxis) {
  const TemporaryFolder folder;
  ExperimentSpec spec;
  spec.figures = {kind("layers"), kind("encoder")};
  const Results results{measured_layers(), measured_training(0.3)};
  EXPECT_EQ(one_bit_figures(spec, results).size(), 1u);  // the encoder is no figure
  const auto pictures = one_bit_pictures(spec, results, folder.path());
  ASSERT_EQ(pictures.size(), 1u);  // only one case has learned anything
  EXPECT_EQ(pictures[0].file, "arrays/encoder-1.png");
  EXPECT_NE(pictures[0].title.find("trained"), std::string::npos);

  const Png png = read_png(folder.path() / pictures[0].file);
  ASSERT_EQ(png.width, 512u);
  ASSERT_EQ(png.height, 512u);
  const auto entry = [&](std::size_t i, std::size_t j) { return png.pixel(128 * j, 128 * i); };
  const std::array<int, 3> white{255, 255, 255}, dark{8, 48, 107};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(entry(i, j), i == j ? dark : white) << i << j;
  }
  // The row (0.6, 0, 0, 0.8) looks along the last axis: paler on the left than on the right.
  EXPECT_EQ(entry(3, 1), white);
  EXPECT_GT(entry(3, 0)[0], entry(3, 3)[0]);
  EXPECT_LT(entry(3, 0)[0], 255);
}

}  // namespace
}  // namespace twofold::experiment
