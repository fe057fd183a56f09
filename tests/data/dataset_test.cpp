#include "twofold/data/dataset.hpp"

#include "support.hpp"
#include "twofold/data/formats.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::data {
namespace {

class DatasetTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  ThreadPool pool_{2};

  std::string save(const Matrix& rows, const std::string& name = "x.npy") {
    write_npy(folder_.path() / name, rows);
    return (folder_.path() / name).string();
  }
  Dataset open(const SourceOptions& options) { return open_dataset(options, 1, pool_); }
  void expect_refused(const SourceOptions& options, std::initializer_list<std::string_view> parts) {
    expect_throw<InvalidArgument>([&] { (void)open(options); }, parts);
  }
};

Matrix numbered(Index n) {
  return Vector::LinSpaced(n, 0.0, static_cast<double>(n - 1));
}

TEST_F(DatasetTest, GaussianKeepsItsCleanSpectrum) {
  SourceOptions options;
  options.spectrum = {1.0, 0.25};
  options.noise = 0.5;
  const Dataset set = open(options);
  EXPECT_EQ(set.spectrum, (Vector{{1.5, 0.75}}));
  EXPECT_EQ(set.clean_spectrum, (Vector{{1.0, 0.25}}));
  EXPECT_EQ(set.train->size(), kUnlimited);
  EXPECT_NE(rows_of(*set.train, 5), rows_of(*set.test, 5));
}

TEST_F(DatasetTest, SamplesAreTheFirstTrainingRowsInDoublePrecision) {
  SourceOptions options;
  options.dimension = 3;
  const Matrix fresh = rows_of(*open(options).train, 7);
  options.samples = 7;
  const Dataset set = open(options);
  EXPECT_EQ(all_rows(*set.train), fresh);
  EXPECT_EQ(set.test->size(), kUnlimited);
  // The law of the population is not that of seven samples.
  EXPECT_EQ(set.spectrum.size(), 0);
  EXPECT_FALSE(set.prior.has_value());
  options.samples = -1;
  expect_refused(options, {"samples", "-1"});
}

TEST_F(DatasetTest, TransformsAreFittedOnTheSamplesAndPrepareOtherRows) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(numbered(20));
  options.split = {10, 10};
  options.samples = 5;
  options.transforms = {"center"};
  const Dataset set = open(options);
  EXPECT_EQ(all_rows(*set.train), (Vector{{-2.0, -1.0, 0.0, 1.0, 2.0}}));
  EXPECT_EQ(all_rows(*set.test)(0, 0), 8.0);
  EXPECT_EQ(rows_of(*set.prepare(open_npy(options.path)), 1)(0, 0), -2.0);
  options.samples = 11;
  expect_refused(options, {"samples = 11", "10 training rows"});
}

TEST_F(DatasetTest, BlocksAreTheCompactFormOfASpectrum) {
  SourceOptions options;
  options.spectrum_blocks = {2.0, 0.5};
  options.block_sizes = {1, 3};
  EXPECT_EQ(open(options).spectrum, (Vector{{2.0, 0.5, 0.5, 0.5}}));
  options.block_sizes = {1};
  expect_refused(options, {"2 values", "block_sizes has 1"});
  options.block_sizes = {1, 0};
  expect_refused(options, {"block_sizes", "0"});
}

TEST_F(DatasetTest, CovarianceComesFromAFile) {
  SourceOptions options;
  options.covariance = save((Matrix(2, 2) << 2, 1, 1, 2).finished());
  // Eigenvalues of [[2, 1], [1, 2]] are 3 and 1; rounding.
  EXPECT_LT((open(options).spectrum - Vector{{3.0, 1.0}}).cwiseAbs().maxCoeff(), 1e-14);
  options.covariance = save((Matrix(2, 2) << 1, 2, 2, 1).finished());
  options.noise = 10.0;  // hides the eigenvalue -1, but it is still none of a covariance
  expect_refused(options, {"without noise", "-1"});
}

TEST_F(DatasetTest, UnitSphereKnowsItsSpectrum) {
  SourceOptions options;
  options.source = "unit_sphere";
  expect_refused(options, {"dimension >= 1", "0"});
  options.dimension = 4;
  EXPECT_EQ(open(options).spectrum, Vector::Constant(4, 0.25));
}

TEST_F(DatasetTest, FilesAreSplitInOrder) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(numbered(10));
  Dataset set = open(options);
  EXPECT_EQ(all_rows(*set.train), numbered(10).topRows(8));
  EXPECT_EQ(all_rows(*set.test), numbered(10).bottomRows(2));
  EXPECT_EQ(set.spectrum.size(), 0);
  options.split = {3, 2};
  set = open(options);
  EXPECT_EQ(all_rows(*set.train), numbered(10).topRows(3));
  EXPECT_EQ(all_rows(*set.test), numbered(10).middleRows(3, 2));
  options.split = {0.7, 0.3};  // 0.7 · 10 is less than 7 in binary
  EXPECT_EQ(open(options).train->size(), 7u);
  options.split = {1.0, 0.0};
  EXPECT_EQ(open(options).test, nullptr);
  options.split = {4, 0.5};  // a count and a fraction
  EXPECT_EQ(open(options).train->size(), 4u);
  EXPECT_EQ(open(options).test->size(), 5u);
  options.split = {1.0, 0.0};
  options.subset = 5;
  EXPECT_EQ(open(options).train->size(), 5u);
}

TEST_F(DatasetTest, BadSplitsAreRefused) {
  SourceOptions options;
  options.source = "file";
  options.path = save(numbered(10));
  options.split = {8, 3};
  expect_refused(options, {"split = [8, 3]", "there are 10"});
  options.split = {0.0, 0.5};
  expect_refused(options, {"split = [0, 0.5]", "no row of 10 to train on"});
  options.split = {-1.0, 0.5};
  expect_refused(options, {">= 0", "-1"});
  options.split = {2.5, 1};
  expect_refused(options, {"whole", "2.5"});
  options.split = {0.5};
  expect_refused(options, {"[train, test]", "1 values"});
  options.split = {0.8, 0.2};
  options.subset = 11;
  expect_refused(options, {"11 rows", "has 10"});
  options.subset = -1;
  expect_refused(options, {"subset", "-1"});
}

TEST_F(DatasetTest, TransformsAreFittedOnTrain) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(numbered(4));
  options.split = {3, 1};
  options.transforms = {"center", "random_signs"};
  const Dataset set = open(options);
  EXPECT_EQ(all_rows(*set.train), (Matrix(3, 1) << -1, 0, 1).finished());
  EXPECT_EQ(all_rows(*set.test), (Matrix(1, 1) << 2).finished());
  EXPECT_TRUE(set.random_signs);
  EXPECT_FALSE(set.mirrored);
  EXPECT_THAT(set.description, testing::HasSubstr("x.npy"));
}

TEST_F(DatasetTest, LabelsFollowTheSplit) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(numbered(4));
  options.labels = save((Matrix(4, 1) << 7, 8, 9, 5).finished(), "labels.npy");
  options.split = {2, 1};
  const Dataset set = open(options);
  EXPECT_THAT(set.train_labels, testing::ElementsAre(7, 8));
  EXPECT_THAT(set.test_labels, testing::ElementsAre(9));
  options.labels = save(numbered(3), "labels.npy");
  expect_throw<DataError>([&] { (void)open(options); }, {"labels.npy", "3 rows", "4 samples"});
}

TEST_F(DatasetTest, PatchesHaveNoLabels) {
  const auto images = FileBytes()
                          .big<std::uint32_t>(0x00000803)
                          .big<std::uint32_t>(2)
                          .big<std::uint32_t>(2)
                          .big<std::uint32_t>(2)
                          .text(std::string(8, 'x'))
                          .save(folder_.path() / "images.idx");
  SourceOptions options;
  options.source = "idx";
  options.path = images.string();
  options.labels = save((Matrix(2, 1) << 7, 8).finished(), "labels.npy");
  options.split = {0.5, 0.5};
  EXPECT_EQ(open(options).train_labels.size(), 1u);
  options.transforms = {"patches:1"};
  const Dataset set = open(options);
  EXPECT_EQ(set.train->size(), 4u);
  EXPECT_EQ(set.test->size(), 4u);
  EXPECT_EQ(set.image, (ImageShape{1, 1, 1}));
  EXPECT_TRUE(set.train_labels.empty());
  EXPECT_TRUE(set.test_labels.empty());
}

TEST_F(DatasetTest, MasksFollowTheSeedAndTheSplit) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(Matrix::Ones(200, 20));
  options.split = {100, 100};
  options.transforms = {"mask:0.5"};
  const Dataset set = open(options);
  const MatrixF train = all_rows<float>(*set.train);
  EXPECT_EQ(all_rows<float>(*open(options).train), train);
  EXPECT_NE(all_rows<float>(*open_dataset(options, 2, pool_).train), train);
  EXPECT_NE(all_rows<float>(*set.test), train);
}

TEST_F(DatasetTest, AMaskHidesTheLawOfAGenerativeSource) {
  SourceOptions options;
  options.dimension = 4;
  EXPECT_TRUE(open(options).prior.has_value());
  options.transforms = {"mask:0.5"};
  const Dataset set = open(options);
  EXPECT_EQ(set.train->size(), kUnlimited);
  EXPECT_FALSE(set.prior.has_value());
  EXPECT_EQ(set.spectrum.size(), 0);
}

TEST_F(DatasetTest, WrongOptionsAreNamed) {
  SourceOptions options;
  expect_refused(options, {"exactly one of spectrum"});
  options.spectrum = {1.0};
  options.dimension = 2;
  expect_refused(options, {"dimension = 2", "have 1"});
  options.dimension = 0;
  options.noise = -1.0;
  expect_refused(options, {"noise", "-1"});
  options.noise = 0.5;
  options.spectrum = {1.0, -0.1};
  expect_refused(options, {"negative", "-0.1"});
  options.spectrum = {0.0, 0.0};
  expect_refused(options, {"one must be > 0"});
  options.source = "gausian";
  expect_refused(options, {"'gausian'", "did you mean 'gaussian'", "fvecs"});
  options.source = "npy";
  expect_refused(options, {"noise applies to source gaussian", "npy"});
  options.noise = 0.0;
  expect_refused(options, {"'npy' needs the path"});
}

TEST_F(DatasetTest, NonFiniteRowsAreNamedWhenOpened) {
  SourceOptions options;
  options.source = "npy";
  Matrix rows = numbered(10);
  rows(6, 0) = std::numeric_limits<double>::infinity();
  options.path = save(rows);
  expect_throw<DataError>([&] { (void)open(options); }, {"x.npy", "row 6, column 0", "inf"});
}

TEST_F(DatasetTest, BitsDoNotDependOnThePool) {
  SourceOptions options;
  options.source = "npy";
  options.path = save(Matrix::Random(500, 6));
  options.transforms = {"center", "whiten", "unit_trace"};
  const MatrixF expected = all_rows<float>(*open(options).train);
  for (const int threads : {1, 3, 8}) {
    ThreadPool pool(threads);
    EXPECT_EQ(all_rows<float>(*open_dataset(options, 1, pool).train), expected);
  }
}

TEST_F(DatasetTest, TheFieldListCoversTheOptions) {
  std::vector<std::string_view> names;
  for_each_field<SourceOptions>([&](const auto& f) { names.push_back(f.name); });
  EXPECT_THAT(names,
              testing::ElementsAre("source", "path", "labels", "spectrum", "spectrum_blocks",
                                   "block_sizes", "covariance", "dimension", "noise", "sparsity",
                                   "mixture", "beta", "atoms", "dictionary", "weights", "amplitude",
                                   "samples", "transforms", "split", "subset"));
}

TEST_F(DatasetTest, FormatsAreToldByTheEnding) {
  const std::string path = save(numbered(3));
  EXPECT_EQ(open_file(path)->size(), 3u);
  expect_throw<InvalidArgument>([] { (void)open_file("x.jpg"); }, {"x.jpg", "npy, npz"});
  expect_throw<InvalidArgument>([] { (void)open_file("x.npy", "jpg"); }, {"'jpg'"});
  expect_throw<DataError>([&] { (void)open_file(path + ".npz:a"); }, {"No such file"});
}

}  // namespace
}  // namespace twofold::data
