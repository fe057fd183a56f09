#include "experiment/dictionary_recovery_figures.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "experiment/dictionary_recovery_cases.hpp"
#include "experiment/throws_with.hpp"
#include "support/png.hpp"
#include "support/temporary_folder.hpp"
#include "twofold/core/error.hpp"

namespace twofold::experiment {
namespace {

ExperimentSpec asking_for(const std::string& kind) {
  ExperimentSpec spec;
  spec.figures.push_back({.kind = kind});
  return spec;
}

Figure drawn(const std::string& kind, const RecoveryResult& result) {
  return dictionary_recovery_figures(asking_for(kind), {result}).at(0);
}

std::vector<FigureRow> rows(const Figure& figure, bool predicted) {
  std::vector<FigureRow> list;
  std::ranges::copy_if(figure.rows, std::back_inserter(list),
                       [&](const FigureRow& row) { return row.predicted == predicted; });
  return list;
}

TEST(DictionaryRecoveryFigures, ErrorHasALineAndPoints) {
  const Figure figure = drawn("error", measured_recovery());
  EXPECT_EQ(figure.name, "1-error");
  EXPECT_EQ(figure.y.scale, "log");
  const auto points = rows(figure, false);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[2].x, 2.0);
  EXPECT_DOUBLE_EQ(points[2].value, 0.04);
  EXPECT_EQ(rows(figure, true).size(), 3u);
}

TEST(DictionaryRecoveryFigures, NoLineFromSamples) {
  RecoveryResult r = measured_recovery();
  r.setting.spec.train.start = "samples";
  EXPECT_TRUE(rows(drawn("error", r), true).empty());
}

TEST(DictionaryRecoveryFigures, ALogScaleHasNoZeros) {
  RecoveryResult r = measured_recovery();
  r.measured.front().distance.row(2).setZero();
  EXPECT_EQ(rows(drawn("error", r), false).size(), 2u);
}

TEST(DictionaryRecoveryFigures, LossIsTheMeanOverRepeats) {
  RecoveryResult r = measured_recovery();
  r.measured.push_back(r.measured.front());
  r.measured.back().loss = {0.6, 0.4, 0.3};
  const Figure figure = drawn("loss", r);
  ASSERT_EQ(figure.rows.size(), 3u);
  EXPECT_DOUBLE_EQ(figure.rows[0].value, 0.5);
  // Half the difference of two values.
  EXPECT_NEAR(figure.rows[0].standard_error, 0.1, 1e-15);
}

TEST(DictionaryRecoveryFigures, MethodsStandBesideEachOther) {
  RecoveryResult r = measured_recovery();
  r.setting.spec.compare.baselines = {"lloyd", "pca"};
  r.measured.front().values["lloyd recovered"] = {0.5, 0.0};
  const Figure figure = drawn("methods", r);
  ASSERT_EQ(figure.rows.size(), 2u);
  EXPECT_EQ(figure.rows[0].series, "autoencoder");
  EXPECT_EQ(figure.rows[0].x, 3.0);
  EXPECT_EQ(figure.rows[1].series, "lloyd");
  EXPECT_EQ(figure.rows[1].value, 0.5);
  EXPECT_EQ(figure.y.label, "share of atoms found");
}

TEST(DictionaryRecoveryFigures, CosinesAreADiagonalWhateverTheOrderAndSign) {
  const TemporaryFolder folder;
  RecoveryResult r = measured_recovery();
  const Matrix A = r.setting.truth().atoms;
  r.measured.front().atoms.row(0) = A.row(1);
  r.measured.front().atoms.row(1) = A.row(0);
  const auto pictures = dictionary_recovery_pictures(asking_for("cosines"), {r}, folder.path());
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_EQ(pictures[0].name, "cosines-1");
  const Png png = read_png(folder.path() / pictures[0].file);
  EXPECT_EQ(png.pixel(0, 0), (std::array<int, 3>{8, 48, 107}));
  EXPECT_EQ(png.pixel(png.width - 1, 0), (std::array<int, 3>{255, 255, 255}));
  EXPECT_TRUE(dictionary_recovery_figures(asking_for("cosines"), {r}).empty());
}

TEST(DictionaryRecoveryFigures, AtomsAreDrawnForImagesOnly) {
  const TemporaryFolder folder;
  RecoveryResult r = measured_recovery();
  EXPECT_TRUE(dictionary_recovery_pictures(asking_for("atoms"), {r}, folder.path()).empty());
  r.setting.dataset.image = {2, 2, 1};
  const auto pictures = dictionary_recovery_pictures(asking_for("atoms"), {r}, folder.path());
  ASSERT_EQ(pictures.size(), 1u);
  EXPECT_GT(read_png(folder.path() / pictures[0].file).width, 4u);
}

TEST(DictionaryRecoveryFigures, RefusesKindsAndDataThatDoNotFit) {
  const RecoverySpec digits =
      recovery_spec("[data]\nsource = 'mnist'\n[model]\natoms = 4\n[train]\nstart = 'samples'\n");
  const auto refused = [&](const std::string& kind, std::initializer_list<std::string_view> words) {
    expect_throw<InvalidArgument>([&] { check_dictionary_recovery_figure({.kind = kind}, digits); },
                                  words);
  };
  refused("errors", {"unknown figure 'errors'", "method_errors"});
  refused("error", {"known dictionary", "mnist"});
  refused("cosines", {"known dictionary"});
  refused("sweep:recovered", {"'recovered'", "known dictionary"});
  EXPECT_NO_THROW(check_dictionary_recovery_figure({.kind = "methods"}, digits));
}

}  // namespace
}  // namespace twofold::experiment
