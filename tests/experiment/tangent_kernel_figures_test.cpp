#include "experiment/tangent_kernel_figures.hpp"

#include <gtest/gtest.h>

#include "experiment/tangent_kernel_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"
#include "twofold/core/file.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::experiment {
namespace {

TEST(TangentKernelFigures, LossIsOverTheFirstAndLeavesStepZeroOut) {
  ExperimentSpec spec;
  const auto figures = tangent_kernel_figures(spec, {measured_tangent()});
  ASSERT_EQ(figures.size(), 1u);
  ASSERT_EQ(figures[0].rows.size(), 4u);
  EXPECT_TRUE(figures[0].rows[0].predicted);
  EXPECT_EQ(figures[0].rows[0].x, 1.0);
  EXPECT_EQ(figures[0].rows[0].value, 0.625);
  EXPECT_EQ(figures[0].rows[1].value, 0.5);
  EXPECT_EQ(figures[0].rows[3].value, 0.125);
  // One case needs no legend.
  EXPECT_EQ(figures[0].series, "");
  EXPECT_EQ(tangent_kernel_figures(spec, {measured_tangent(), measured_tangent()})[0].series,
            "case");
}

TEST(TangentKernelFigures, WhatIsMissingIsNotDrawn) {
  ExperimentSpec spec;
  spec.figures.push_back({.kind = "sweep:flips"});
  EXPECT_TRUE(tangent_kernel_figures(spec, {measured_tangent()})[0].rows.empty());
}

TEST(TangentKernelFigures, ModesAreTheColoursOfASweep) {
  ExperimentSpec spec;
  spec.figures.push_back({.kind = "modes:trajectory", .title = "t"});
  TangentResult weak = measured_tangent();
  weak.label = "weak";
  weak.value = 5.0;
  weak.setting.spec.train.mode = "weak";
  const auto figures = tangent_kernel_figures(spec, {measured_tangent(), weak});
  ASSERT_EQ(figures[0].rows.size(), 4u);
  std::set<std::string> series;
  for (const FigureRow& row : figures[0].rows) series.insert(row.series);
  EXPECT_EQ(series, (std::set<std::string>{"joint", "weak"}));
  EXPECT_EQ(figures[0].series, "mode");
}

TEST(TangentKernelFigures, UnknownKindsAreRefused) {
  const TangentSpec spec = tangent_spec("[predict]\nqueries = 0\n");
  expect_throw<InvalidArgument>([&] { check_tangent_kernel_figure({.kind = "los"}, spec); },
                                {"unknown figure 'los'", "modes:QUANTITY"});
  expect_throw<InvalidArgument>([&] { check_tangent_kernel_figure({.kind = "outputs"}, spec); },
                                {"predict.queries"});
  expect_throw<InvalidArgument>(
      [&] { check_tangent_kernel_figure({.kind = "modes:test_error"}, spec); },
      {"predict.queries"});
}

TEST(TangentKernelFigures, OutputsOfImagesBecomeASheet) {
  ThreadPool pool(1);
  const TemporaryFolder temporary;
  const auto folder = temporary.path();
  TangentResult r = measured_tangent();
  r.setting.dataset.image = {1, 3, 1};
  create_folder(folder / "arrays");
  data::write_npy(folder / "arrays" / "outputs-case1-1.npy", ConstView<double>(r.setting.queries));
  const ExperimentSpec spec;  // as it asks for nothing, it gets the loss and this
  const auto pictures = tangent_kernel_pictures(spec, {r}, folder, pool);
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].file, "arrays/outputs-1.png");
  EXPECT_TRUE(std::filesystem::exists(folder / pictures[0].file));
  r.predicted.predictor = nullptr;  // as of a tied network
  EXPECT_NE(tangent_kernel_pictures(spec, {r}, folder, pool)[0].title.find("nothing is predicted"),
            std::string::npos);
  r.setting.dataset.image = {};
  EXPECT_TRUE(tangent_kernel_pictures(spec, {r}, folder, pool).empty());
}

}  // namespace
}  // namespace twofold::experiment
