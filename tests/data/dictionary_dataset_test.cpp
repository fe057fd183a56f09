// Sources with a known dictionary, opened by the keys of a spec.
#include <cmath>
#include <limits>

#include "support.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/data/npy.hpp"

namespace twofold::data {
namespace {

SourceOptions sparse_options() {
  SourceOptions options;
  options.source = "sparse_coding";
  options.dimension = 6;
  options.atoms = 9;
  options.sparsity = 2;
  options.noise = 0.1;
  return options;
}

Dataset open(const SourceOptions& options, int threads = 2) {
  ThreadPool pool(threads);
  return open_dataset(options, 9, pool);
}

void refuse(const SourceOptions& options, std::initializer_list<std::string_view> parts) {
  expect_throw<InvalidArgument>([&] { (void)open(options); }, parts);
}

TEST(DictionaryDataset, KeysDescribeTheModel) {
  SourceOptions options = sparse_options();
  const DictionaryModel sparse = open(options).truth->model();
  EXPECT_EQ(sparse.law, CodeLaw::Sparse);
  EXPECT_EQ(sparse.atoms, make_dictionary("random", 9, 6, 9));
  EXPECT_EQ(sparse.sparsity, 2);
  EXPECT_EQ(sparse.noise, 0.1);
  EXPECT_EQ(sparse.low, 1.0);
  EXPECT_EQ(sparse.high, 1.0);

  options.source = "nonnegative_sparse_coding";
  options.dictionary = "tight_frame";
  const DictionaryModel positive = open(options).truth->model();
  EXPECT_EQ(positive.law, CodeLaw::Nonnegative);
  EXPECT_EQ(positive.atoms, make_dictionary("tight_frame", 9, 6, 9));
  EXPECT_EQ(positive.low, 1.0);
  EXPECT_EQ(positive.high, 2.0);
  options.amplitude = {0.5, 0.75};
  EXPECT_EQ(open(options).truth->model().low, 0.5);
  EXPECT_EQ(open(options).truth->model().high, 0.75);
}

TEST(DictionaryDataset, MixturesTakeWeightsAndMeansOfAnyNorm) {
  const TemporaryFolder folder;
  const Matrix means{{3.0, 0.0}, {0.0, 0.0}, {0.0, -2.0}};
  write_npy(folder.path() / "means.npy", means);
  SourceOptions options;  // sparsity stays at its default: a mixture has k = 1
  options.source = "mixture_of_gaussians";
  options.dimension = 2;
  options.atoms = 3;
  options.dictionary = (folder.path() / "means.npy").string();
  EXPECT_EQ(open(options).truth->model().weights, Vector::Constant(3, 1.0 / 3.0));
  EXPECT_EQ(open(options).truth->model().atoms, means);
  options.weights = {0.333333, 0.333333, 0.333333};  // decimals are brought to sum 1
  // One division and a sum of three, each rounded.
  EXPECT_NEAR(open(options).truth->model().weights.sum(), 1.0, 1e-15);
  options.weights = {0.5, 0.3, 0.3};
  refuse(options, {"weights add up to 1.1"});
  options.weights = {0.5, 0.5};
  refuse(options, {"weights has 2 values", "atoms = 3"});
  options.weights = {0.5, 0.5, 0.0};
  refuse(options, {"weights must be > 0", "[0.5, 0.5, 0]"});
  options.weights.clear();
  options.amplitude = {1.0, 2.0};
  refuse(options, {"amplitude", "sparse codes"});
}

TEST(DictionaryDataset, SplitsShareTheDictionaryAndNothingElse) {
  const SourceOptions options = sparse_options();
  const Dataset set = open(options);
  EXPECT_EQ(set.train->size(), kUnlimited);
  EXPECT_EQ(set.test->size(), kUnlimited);
  EXPECT_EQ(rows_of(*set.train, 20), rows_of(DictionarySource(set.truth->model(), 9), 20));
  EXPECT_EQ(rows_of(*set.test, 20), rows_of(DictionarySource(set.truth->model(), 9, "test"), 20));
  EXPECT_NE(rows_of(*set.test, 20), rows_of(*set.train, 20));
}

TEST(DictionaryDataset, AFixedBatchIsTheFirstSamplesInDoublePrecision) {
  SourceOptions options = sparse_options();
  const Matrix fresh = rows_of(*open(options).train, 500);
  options.samples = 500;
  for (const int threads : {1, 2, 3}) {
    const Dataset set = open(options, threads);
    ASSERT_EQ(set.train->size(), 500u);
    EXPECT_EQ(all_rows(*set.train), fresh);
    EXPECT_FALSE(set.train->exact_in_float());
    EXPECT_EQ(set.test->size(), kUnlimited);
    // The truth still numbers the rows.
    EXPECT_EQ(rows_of(*set.truth, 500), fresh);
  }
  options.transforms = {"subset:100"};
  EXPECT_EQ(all_rows(*open(options).train), fresh.topRows(100));
  EXPECT_NE(open(options).truth, nullptr);
}

TEST(DictionaryDataset, TheTruthDoesNotOutliveATransform) {
  SourceOptions options = sparse_options();
  options.transforms = {"scale:2"};
  EXPECT_EQ(open(options).truth, nullptr);
  options.transforms = {"random_signs"};
  EXPECT_NE(open(options).truth, nullptr);
  SourceOptions gaussian;
  gaussian.dimension = 3;
  EXPECT_EQ(open(gaussian).truth, nullptr);
}

TEST(DictionaryDataset, BadKeysAreRefusedWithTheRemedy) {
  const auto with = [](auto change) {
    SourceOptions options = sparse_options();
    change(options);
    return options;
  };
  refuse(with([](auto& o) { o.sparsity = 10; }), {"sparsity", "atoms = 9", "got 10"});
  refuse(with([](auto& o) { o.sparsity = 0.1; }), {"whole number", "0.1"});
  refuse(with([](auto& o) { o.atoms = 0; }), {"sparse_coding needs atoms >= 1"});
  refuse(with([](auto& o) { o.dimension = 0; }), {"sparse_coding needs dimension >= 1"});
  refuse(with([](auto& o) { o.dictionary = "orthonormal"; }), {"orthonormal", "d = 6", "9"});
  refuse(with([](auto& o) {
           o.dictionary = "tight_frame";
           o.atoms = 5;
         }),
         {"tight frame", "d = 6", "5"});
  refuse(with([](auto& o) { o.dictionary = "dct"; }), {"unknown dictionary 'dct'"});
  refuse(with([](auto& o) { o.weights = {0.5, 0.5}; }), {"weights", "sparse_coding"});
  refuse(with([](auto& o) { o.amplitude = {2.0, 1.0}; }), {"amplitude", "[2, 1]"});
  refuse(with([](auto& o) { o.amplitude = {1.0}; }), {"[low, high]"});
  refuse(with([](auto& o) { o.amplitude = {0.0, 1.0}; }), {"[0, 1]"});
  refuse(with([](auto& o) { o.noise = -1.0; }), {"noise", "-1"});
  refuse(with([](auto& o) { o.noise = std::numeric_limits<double>::infinity(); }),
         {"noise", "inf"});
  refuse(with([](auto& o) { o.samples = -1; }), {"samples", "-1"});
}

TEST(DictionaryDataset, KeysOfADictionaryAreForTheseSourcesOnly) {
  const auto refuse_beside_gaussian = [](auto change, std::string_view key) {
    SourceOptions options;
    options.dimension = 6;
    change(options);
    refuse(options, {key, "applies to mixture_of_gaussians", "not to gaussian"});
  };
  refuse_beside_gaussian([](auto& o) { o.atoms = 4; }, "atoms");
  refuse_beside_gaussian([](auto& o) { o.dictionary = "orthonormal"; }, "dictionary");
  refuse_beside_gaussian([](auto& o) { o.weights = {1.0}; }, "weights");
  refuse_beside_gaussian([](auto& o) { o.amplitude = {1.0, 1.0}; }, "amplitude");
}

}  // namespace
}  // namespace twofold::data
