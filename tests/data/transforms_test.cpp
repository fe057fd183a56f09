#include "twofold/data/transforms.hpp"

#include <Eigen/Eigenvalues>
#include <array>
#include <cmath>

#include "support.hpp"
#include "twofold/data/array_source.hpp"
#include "twofold/data/gaussian.hpp"
#include "twofold/data/moments.hpp"

namespace twofold::data {
namespace {

using Names = std::vector<std::string>;

std::shared_ptr<const Source> as_source(const Matrix& rows, ImageShape image = {}) {
  return std::make_shared<ArraySource<double>>(rows, "rows", image);
}

// Correlated rows with a mean, spectrum between 0.01 and 4.
Matrix some_rows(Index n = 600, std::uint64_t seed = 3) {
  const Matrix normal = rows_of(Gaussian::with_spectrum(Vector{{4.0, 1.0, 0.01}}, seed), n);
  Matrix mix(3, 3);
  mix << 1.0, 0.5, 0.0, -0.5, 1.0, 0.2, 0.1, 0.0, 1.0;
  return (normal * mix).rowwise() + Eigen::RowVector3d(5.0, -1.0, 0.5);
}

Matrix transformed(const Names& names, const Matrix& rows, ImageShape image = {}) {
  ThreadPool pool(2);
  return all_rows(*fit_transforms(names, as_source(rows, image), 1, pool).train);
}

TEST(Transforms, CenterMakesTheMeanZero) {
  const Matrix out = transformed({"center"}, some_rows());
  // Rounding of a mean of order 5: a few eps.
  EXPECT_LT(out.colwise().mean().cwiseAbs().maxCoeff(), 1e-14);
}

TEST(Transforms, UnitTraceMakesTheSecondMomentsTraceOne) {
  for (const Names& names : {Names{"unit_trace"}, Names{"center", "unit_trace"}}) {
    const Matrix out = transformed(names, some_rows());
    // n d additions, each of relative error eps, mostly cancelling.
    EXPECT_NEAR(out.squaredNorm() / static_cast<double>(out.rows()), 1.0, 1e-13);
  }
}

TEST(Transforms, WhitenMakesTheCovarianceTheIdentityDownToTheFloor) {
  const Matrix rows = some_rows();
  ThreadPool pool(2);
  const auto covariance = [&](const Names& names) {
    return moments(*fit_transforms(names, as_source(rows), 1, pool).train, pool).covariance();
  };
  // Condition number 1e3 times the rounding of the covariance, 1e-15 · 25 (its mean is 5).
  EXPECT_LT((covariance({"whiten:1e-6"}) - Matrix::Identity(3, 3)).cwiseAbs().maxCoeff(), 1e-10);
  // Floor at the mean eigenvalue: what lies below it keeps the variance λ / mean.
  const Matrix before = moments(*as_source(rows), pool).covariance();
  const Matrix after = covariance({"whiten:1"});
  const Vector spectrum = before.selfadjointView<Eigen::Lower>().eigenvalues();
  const Vector expected = (spectrum / spectrum.mean()).cwiseMin(1.0);
  const Vector found = after.selfadjointView<Eigen::Lower>().eigenvalues();
  EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), 1e-10);
}

TEST(Transforms, UnitNormLeavesZeroRows) {
  const Matrix rows = (Matrix(3, 2) << 3, 4, 0, 0, -1, 0).finished();
  EXPECT_TRUE(transformed({"unit_norm"}, rows)
                  .isApprox((Matrix(3, 2) << 0.6, 0.8, 0, 0, -1, 0).finished(), 1e-15));
}

TEST(Transforms, UnitVarianceMakesTheMeanVarianceOne) {
  const Matrix out = transformed({"center", "unit_variance"}, some_rows());
  // n d additions, each of relative error eps, mostly cancelling.
  EXPECT_NEAR(out.squaredNorm() / static_cast<double>(out.size()), 1.0, 1e-13);
  // One factor for all coordinates: the ratio of two entries stays, up to rounding.
  const Matrix before = transformed({"center"}, some_rows());
  EXPECT_NEAR(out(0, 0) / out(1, 2), before(0, 0) / before(1, 2),
              1e-14 * std::abs(before(0, 0) / before(1, 2)));
}

TEST(Transforms, NormMakesEveryRowsMeanSquareOneAndLeavesZeroRows) {
  const Matrix rows = (Matrix(3, 2) << 3, 4, 0, 0, -1, 0).finished();
  const Matrix expected = std::sqrt(2.0) * (Matrix(3, 2) << 0.6, 0.8, 0, 0, -1, 0).finished();
  EXPECT_TRUE(transformed({"norm"}, rows).isApprox(expected, 1e-15));
}

TEST(Transforms, Pool2AveragesSquaresPerChannel) {
  // Two channels of 2×4 pixels.
  Matrix image(1, 16);
  image << 1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80;
  const Matrix expected = (Matrix(1, 4) << 3.5, 5.5, 35, 55).finished();
  EXPECT_EQ(transformed({"pool2"}, image, {2, 4, 2}), expected);
  ThreadPool pool(1);
  const auto fitted = fit_transforms({"pool2"}, as_source(image, {2, 4, 2}), 1, pool);
  EXPECT_EQ(fitted.train->image_shape(), (ImageShape{1, 2, 2}));
  EXPECT_EQ(fitted.train->dimension(), 4);
}

TEST(Transforms, GrayAveragesChannels) {
  const Matrix image = (Matrix(1, 6) << 1, 2, 3, 4, 5, 9).finished();
  EXPECT_EQ(transformed({"gray"}, image, {1, 2, 3}), (Matrix(1, 2) << 3, 5).finished());
  EXPECT_EQ(transformed({"gray"}, image, {1, 3, 2}), (Matrix(1, 3) << 2.5, 3.5, 6).finished());
}

// Two images of two channels of 4×5 pixels; pixel (i, j) of channel c of image k is k c i j.
Matrix numbered_images() {
  Matrix images(2, 40);
  for (Index k = 0; k < 2; ++k) {
    for (Index e = 0; e < 40; ++e) {
      const Index c = e / 20, i = e % 20 / 5, j = e % 5;
      images(k, e) = static_cast<double>(1000 * k + 100 * c + 10 * i + j);
    }
  }
  return images;
}

TEST(Transforms, PatchesGoLeftToRightThenDownThenToTheNextImage) {
  ThreadPool pool(1);
  const auto images = as_source(numbered_images(), {4, 5, 2});
  const auto fitted = fit_transforms({"patches:2"}, images, 1, pool);
  EXPECT_TRUE(fitted.cuts_rows);
  EXPECT_EQ(fitted.train->image_shape(), (ImageShape{2, 2, 2}));
  Matrix expected(4, 8);                         // column 4 of each image fills no patch
  expected << 0, 1, 10, 11, 100, 101, 110, 111,  //
      2, 3, 12, 13, 102, 103, 112, 113,          //
      20, 21, 30, 31, 120, 121, 130, 131,        //
      22, 23, 32, 33, 122, 123, 132, 133;
  const Matrix cut = all_rows(*fitted.train);
  ASSERT_EQ(cut.rows(), 8);
  EXPECT_EQ(cut.topRows(4), expected);
  EXPECT_EQ(cut.bottomRows(4), (expected.array() + 1000.0).matrix());
  EXPECT_EQ(all_rows<float>(*fitted.train), cut.cast<float>());
  EXPECT_EQ(all_rows(*fitted.apply(images)), cut);
  // Any order of asking gives the same rows.
  Matrix three(3, 8);
  const std::array<std::uint64_t, 3> some{5, 0, 6};
  fitted.train->gather(some, View<double>(three));
  for (Index k = 0; k < 3; ++k) {
    EXPECT_EQ(three.row(k), cut.row(static_cast<Index>(some[static_cast<std::size_t>(k)])));
  }
}

TEST(Transforms, PatchesAndSubsetsFollowTheirOrder) {
  const Matrix images = numbered_images();
  EXPECT_EQ(transformed({"subset:1", "patches:4"}, images, {4, 5, 2}).rows(), 1);
  EXPECT_EQ(transformed({"patches:2", "subset:3", "patches:1"}, images, {4, 5, 2}).rows(), 12);
}

// Rows that are all the same show the moments of the mask alone. 5 standard errors each, which
// follow from P(ξ = 1) = p; false alarm 6e-7.
TEST(Transforms, AMaskKeepsSecondMomentsAndShrinksTheRest) {
  const double p = 0.3;
  const Index n = 20'000;
  const Eigen::RowVector3d x(1.0, -2.0, 0.5);
  const Matrix out = transformed({"mask:0.3"}, x.replicate(n, 1));
  const double root_n = std::sqrt(static_cast<double>(n));
  for (Index j = 0; j < 3; ++j) {
    const double size = std::abs(x[j]);
    EXPECT_NEAR(out.col(j).mean(), std::sqrt(p) * x[j], 5 * size * std::sqrt(1 - p) / root_n);
    EXPECT_NEAR(out.col(j).squaredNorm() / static_cast<double>(n), size * size,
                5 * size * size * std::sqrt(1 / p - 1) / root_n);
    const Index k = (j + 1) % 3;
    EXPECT_NEAR(out.col(j).dot(out.col(k)) / static_cast<double>(n), p * x[j] * x[k],
                5 * std::abs(x[j] * x[k]) * std::sqrt(1 - p * p) / root_n);
    // The mask of a row says nothing about that of the next.
    const auto lagged = out.col(j).head(n - 1).dot(out.col(j).tail(n - 1));
    EXPECT_NEAR(lagged / static_cast<double>(n - 1), p * x[j] * x[j],
                5 * size * size * std::sqrt((1 - p * p) + 2 * p * (1 - p)) / root_n);
  }
  // What is kept is x/√p and nothing else.
  EXPECT_TRUE(((out.array() == 0.0) || (out.array().abs() >= 0.5 / std::sqrt(p))).all());
  EXPECT_EQ(transformed({"mask:1"}, some_rows()), some_rows());
}

TEST(Transforms, AMaskBelongsToSeedSplitRowAndPlace) {
  ThreadPool pool(2);
  const auto ones = as_source(Matrix::Ones(400, 50));
  const auto with_seed = [&](std::uint64_t seed) {
    return fit_transforms({"mask:0.5"}, ones, seed, pool);
  };
  const Matrix train = all_rows(*with_seed(1).train);
  // Once more, part of it, and in single precision.
  EXPECT_EQ(all_rows(*with_seed(1).train), train);
  EXPECT_EQ(rows_of(*with_seed(1).train, 7, 300), train.middleRows(300, 7));
  EXPECT_EQ(all_rows<float>(*with_seed(1).train), train.cast<float>());
  // 20 000 elements; independent masks of 1/2 agree in half of them, standard error 0.0035.
  const auto agreement = [&](const Matrix& other) {
    return (train.array() == other.array()).cast<double>().mean();
  };
  const double tolerance = 5 * 0.5 / std::sqrt(20'000.0);
  EXPECT_NEAR(agreement(all_rows(*with_seed(2).train)), 0.5, tolerance);
  EXPECT_NEAR(agreement(all_rows(*with_seed(1).apply(ones))), 0.5, tolerance);
  // A second mask keeps half of what the first one kept.
  const auto twice = fit_transforms({"mask:0.5", "mask:0.5"}, ones, 1, pool);
  EXPECT_NEAR((all_rows(*twice.train).array() > 0.0).cast<double>().mean(), 0.25, tolerance);
}

TEST(Transforms, WhatFollowsAMaskIsFittedOnMaskedRows) {
  const Matrix out = transformed({"mask:0.5", "center", "unit_variance"}, some_rows());
  // Rounding of a mean of order 5, and of n d additions.
  EXPECT_LT(out.colwise().mean().cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_NEAR(out.squaredNorm() / static_cast<double>(out.size()), 1.0, 1e-13);
}

TEST(Transforms, AreAppliedInTheirOrder) {
  const Matrix rows = (Matrix(2, 1) << 1, 3).finished();
  EXPECT_EQ(transformed({"scale:2", "center"}, rows), (Matrix(2, 1) << -2, 2).finished());
  EXPECT_EQ(transformed({"subset:1", "center"}, rows), Matrix::Zero(1, 1));
  EXPECT_EQ(transformed({"center", "subset:1"}, rows), Matrix::Constant(1, 1, -1.0));
}

TEST(Transforms, AreFittedOnTrainAndAppliedToTest) {
  ThreadPool pool(1);
  const auto fitted = fit_transforms({"subset:2", "center", "random_signs", "mirrored"},
                                     as_source((Matrix(3, 1) << 1, 3, 50).finished()), 1, pool);
  const auto test = fitted.apply(as_source((Matrix(3, 1) << 2, 4, 6).finished()));
  EXPECT_EQ(all_rows(*test), (Matrix(3, 1) << 0, 2, 4).finished());
  EXPECT_TRUE(fitted.random_signs);
  EXPECT_TRUE(fitted.mirrored);
}

TEST(Transforms, HaveTheSameBitsForAnyPoolAndAnyGather) {
  const auto rows = as_source(some_rows(1500));
  const Names names{"mask:0.8", "center", "whiten", "unit_trace"};
  ThreadPool one(1);
  const auto reference = fit_transforms(names, rows, 1, one).train;
  const Matrix expected = all_rows(*reference);
  EXPECT_EQ(rows_of(*reference, 7, 300), expected.middleRows(300, 7));
  EXPECT_EQ(all_rows<float>(*reference), expected.cast<float>());
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(all_rows(*fit_transforms(names, rows, 1, pool).train), expected);
  }
}

TEST(Transforms, AGenerativeSourceNeedsASubsetToBeFitted) {
  ThreadPool pool(1);
  const auto source = std::make_shared<Gaussian>(Gaussian::with_spectrum(Vector::Ones(2), 1));
  expect_throw<InvalidArgument>([&] { (void)fit_transforms({"center"}, source, 1, pool); },
                                {"'center'", "no end", "subset:n"});
  const auto fitted = fit_transforms({"subset:100", "center"}, source, 1, pool);
  EXPECT_EQ(fitted.train->size(), 100u);
  EXPECT_EQ(fitted.apply(source)->size(), kUnlimited);
}

TEST(Transforms, RefuseBadNamesAndArguments) {
  const Matrix rows = some_rows(4);
  const auto with = [&](std::string name) { return [&, name] { transformed({name}, rows); }; };
  expect_throw<InvalidArgument>(with("centre"), {"'centre'", "did you mean 'center'", "pool2"});
  expect_throw<InvalidArgument>(with("xyz"), {"unknown transform 'xyz'; known: center"});
  expect_throw<InvalidArgument>(with("center:2"), {"takes no argument"});
  expect_throw<InvalidArgument>(with("scale"), {"needs a number", "scale:2"});
  expect_throw<InvalidArgument>(with("scale:abc"), {"'scale:abc'"});
  expect_throw<InvalidArgument>(with("scale:0"), {"all rows 0"});
  expect_throw<InvalidArgument>(with("scale:nan"), {"'scale:nan'"});
  expect_throw<InvalidArgument>(with("whiten:-1"), {"'whiten:-1'", "> 0"});
  expect_throw<InvalidArgument>(with("subset:0"), {"'subset:0'", ">= 1"});
  expect_throw<InvalidArgument>(with("subset:1.5"), {"integer"});
  expect_throw<InvalidArgument>(with("subset:5"), {"5 rows", "has 4"});
  expect_throw<InvalidArgument>(with("pool2"), {"needs images"});
  expect_throw<InvalidArgument>(with("gray"), {"needs images"});
  expect_throw<InvalidArgument>(with("patches:2"), {"needs images"});
  expect_throw<InvalidArgument>(with("mask"), {"needs a number (in (0, 1])", "mask:0.5"});
  expect_throw<InvalidArgument>(with("mask:0"), {"'mask:0'"});
  expect_throw<InvalidArgument>(with("mask:1.5"), {"'mask:1.5'"});
  expect_throw<InvalidArgument>(
      [] {
        transformed({"pool2"}, Matrix::Ones(1, 6), {3, 2, 1});
      },
      {"even sides", "3 x 2"});
}

TEST(Transforms, RefusePatchesThatDoNotFit) {
  const auto cut = [](std::string name) {
    return [name] { transformed({name}, Matrix::Ones(1, 12), {3, 4, 1}); };
  };
  expect_throw<InvalidArgument>(cut("patches:4"), {"'patches:4'", "3 x 4"});
  expect_throw<InvalidArgument>(cut("patches:0"), {">= 1", "patches:8"});
  expect_throw<InvalidArgument>(cut("patches:1.5"), {"side of a patch must be an integer"});
  expect_throw<InvalidArgument>(cut("patches"), {"needs a number"});
  // The test rows must be images as well.
  ThreadPool pool(1);
  const auto fitted =
      fit_transforms({"patches:2"}, as_source(Matrix::Ones(1, 12), {3, 4, 1}), 1, pool);
  expect_throw<InvalidArgument>([&] { (void)fitted.apply(as_source(Matrix::Ones(1, 12))); },
                                {"not known to hold any"});
}

TEST(Transforms, RefuseDataThatDoNotVary) {
  expect_throw<DataError>([] { transformed({"unit_variance"}, Matrix::Zero(3, 2)); },
                          {"all numbers are 0", "'unit_variance'"});
  expect_throw<DataError>([] { transformed({"unit_trace"}, Matrix::Zero(3, 2)); },
                          {"all numbers are 0"});
  expect_throw<DataError>([] { transformed({"whiten"}, Matrix::Ones(3, 2)); }, {"nothing varies"});
}

TEST(Transforms, RefuseSquaresThatOverflow) {
  expect_throw<DataError>([] { transformed({"unit_trace"}, Matrix::Constant(3, 2, 1e200)); },
                          {"overflows", "scale:"});
}

TEST(Transforms, ListTheirNames) {
  EXPECT_THAT(transform_names(), testing::IsSupersetOf({"center", "whiten", "random_signs"}));
}

TEST(Transforms, RestoredOnesGiveTheSameBits) {
  const Names names{"scale:3",  "gray",      "pool2", "center",        "unit_trace",
                    "whiten:1", "patches:2", "norm",  "unit_variance", "unit_norm"};
  const ImageShape image{8, 8, 3};
  const Matrix rows = rows_of(Gaussian::with_spectrum(Vector::Ones(192), 3), 50);
  const Matrix other = rows_of(Gaussian::with_spectrum(Vector::Ones(192), 4), 20);
  ThreadPool pool(2);
  const FittedTransforms fitted = fit_transforms(names, as_source(rows, image), 1, pool);
  ASSERT_EQ(fitted.kept.size(), names.size());
  auto restored = as_source(other, image);
  for (std::size_t k = 0; k < names.size(); ++k) {
    EXPECT_EQ(fitted.kept[k].name, names[k]);
    restored = restore_transform(fitted.kept[k])(restored, "test");
  }
  EXPECT_EQ(restored->image_shape(), (ImageShape{2, 2, 1}));
  EXPECT_EQ(all_rows(*restored), all_rows(*fitted.apply(as_source(other, image))));
}

TEST(Transforms, WhatCannotBeKeptOrDoesNotFitIsRefused) {
  for (const char* name : {"mask:0.5", "subset:10", "random_signs", "mirrored"}) {
    expect_throw<InvalidArgument>([&] { (void)restore_transform({.name = name}); },
                                  {name, "leave it out"});
  }
  expect_throw<InvalidArgument>([] { (void)restore_transform({.name = "whitten"}); },
                                {"whitten", "whiten"});
  ThreadPool pool(1);
  const auto kept = fit_transforms({"center"}, as_source(some_rows()), 1, pool).kept;
  const auto narrow = as_source(Matrix::Ones(5, 2));
  expect_throw<InvalidArgument>([&] { (void)restore_transform(kept[0])(narrow, "test"); },
                                {"center", "dimension 3", "has 2"});
  for (const char* name : {"gray", "pool2", "patches:2"}) {
    const Transform step = restore_transform({.name = name, .number = 2.0});
    expect_throw<InvalidArgument>([&] { (void)step(narrow, "test"); }, {"images"});
  }
}

}  // namespace
}  // namespace twofold::data
