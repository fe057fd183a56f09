#include "twofold/data/transforms.hpp"

#include <Eigen/Eigenvalues>

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
  return all_rows(*fit_transforms(names, as_source(rows, image), pool).train);
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
    return moments(*fit_transforms(names, as_source(rows), pool).train, pool).covariance();
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

TEST(Transforms, Pool2AveragesSquaresPerChannel) {
  // Two channels of 2×4 pixels.
  Matrix image(1, 16);
  image << 1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 50, 60, 70, 80;
  const Matrix expected = (Matrix(1, 4) << 3.5, 5.5, 35, 55).finished();
  EXPECT_EQ(transformed({"pool2"}, image, {2, 4, 2}), expected);
  ThreadPool pool(1);
  const auto fitted = fit_transforms({"pool2"}, as_source(image, {2, 4, 2}), pool);
  EXPECT_EQ(fitted.train->image_shape(), (ImageShape{1, 2, 2}));
  EXPECT_EQ(fitted.train->dimension(), 4);
}

TEST(Transforms, GrayAveragesChannels) {
  const Matrix image = (Matrix(1, 6) << 1, 2, 3, 4, 5, 9).finished();
  EXPECT_EQ(transformed({"gray"}, image, {1, 2, 3}), (Matrix(1, 2) << 3, 5).finished());
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
                                     as_source((Matrix(3, 1) << 1, 3, 50).finished()), pool);
  const auto test = fitted.apply(as_source((Matrix(3, 1) << 2, 4, 6).finished()));
  EXPECT_EQ(all_rows(*test), (Matrix(3, 1) << 0, 2, 4).finished());
  EXPECT_TRUE(fitted.random_signs);
  EXPECT_TRUE(fitted.mirrored);
}

TEST(Transforms, HaveTheSameBitsForAnyPoolAndAnyGather) {
  const auto rows = as_source(some_rows(1500));
  const Names names{"center", "whiten", "unit_trace"};
  ThreadPool one(1);
  const auto reference = fit_transforms(names, rows, one).train;
  const Matrix expected = all_rows(*reference);
  EXPECT_EQ(rows_of(*reference, 7, 300), expected.middleRows(300, 7));
  EXPECT_EQ(all_rows<float>(*reference), expected.cast<float>());
  for (const int threads : {2, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(all_rows(*fit_transforms(names, rows, pool).train), expected);
  }
}

TEST(Transforms, AGenerativeSourceNeedsASubsetToBeFitted) {
  ThreadPool pool(1);
  const auto source = std::make_shared<Gaussian>(Gaussian::with_spectrum(Vector::Ones(2), 1));
  expect_throw<InvalidArgument>([&] { (void)fit_transforms({"center"}, source, pool); },
                                {"'center'", "no end", "subset:n"});
  const auto fitted = fit_transforms({"subset:100", "center"}, source, pool);
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
  expect_throw<InvalidArgument>(
      [] {
        transformed({"pool2"}, Matrix::Ones(1, 6), {3, 2, 1});
      },
      {"even sides", "3 x 2"});
}

TEST(Transforms, RefuseDataThatDoNotVary) {
  expect_throw<DataError>([] { transformed({"unit_trace"}, Matrix::Zero(3, 2)); },
                          {"all numbers are 0"});
  expect_throw<DataError>([] { transformed({"whiten"}, Matrix::Ones(3, 2)); }, {"nothing varies"});
}

TEST(Transforms, ListTheirNames) {
  EXPECT_THAT(transform_names(), testing::IsSupersetOf({"center", "whiten", "random_signs"}));
}

}  // namespace
}  // namespace twofold::data
