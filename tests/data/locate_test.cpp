#include "twofold/data/locate.hpp"

#include <cstdlib>
#include <optional>

#include "support.hpp"
#include "twofold/data/dataset.hpp"

namespace twofold::data {
namespace {

// Sets $TWOFOLD_DATA for one test and puts it back.
class DataFolder {
 public:
  explicit DataFolder(const std::filesystem::path& path) {
    if (const char* before = std::getenv("TWOFOLD_DATA")) before_ = before;
    ::setenv("TWOFOLD_DATA", path.c_str(), 1);
  }
  ~DataFolder() {
    before_ ? ::setenv("TWOFOLD_DATA", before_->c_str(), 1) : ::unsetenv("TWOFOLD_DATA");
  }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

 private:
  std::optional<std::string> before_;
};

std::filesystem::path one_image(const std::filesystem::path& path, char pixel) {
  std::filesystem::create_directories(path.parent_path());
  FileBytes file;
  file.little('\0').little('\0').little('\x08').little('\x03');
  return file.big(1).big(1).big(1).little(pixel).save(path);
}

TEST(Locate, PrefersTrainingImages) {
  const TemporaryFolder folder;
  const DataFolder here(folder.path());
  EXPECT_FALSE(locate_dataset("mnist").found);
  expect_throw<DataError>([] { (void)open_dataset_images("mnist"); },
                          {"mnist", "not there", "$TWOFOLD_DATA/mnist"});
  one_image(folder.path() / "mnist/t10k-images-idx3-ubyte", 4);
  EXPECT_EQ(all_rows(*open_dataset_images("mnist"))(0, 0), 4.0);
  one_image(folder.path() / "mnist/train-images.idx3-ubyte", 6);
  EXPECT_EQ(all_rows(*open_dataset_images("mnist"))(0, 0), 6.0);
  EXPECT_EQ(locate_dataset("mnist").path, folder.path() / "mnist");
}

TEST(Locate, AGivenPathIsAFolderOrAFile) {
  const TemporaryFolder folder;
  const auto file = one_image(folder.path() / "t10k-images-idx3-ubyte", 9);
  EXPECT_EQ(all_rows(*open_dataset_images("mnist", folder.path()))(0, 0), 9.0);
  EXPECT_EQ(all_rows(*open_dataset_images("fashion-mnist", file))(0, 0), 9.0);
  expect_throw<DataError>([&] { (void)open_dataset_images("cifar10", folder.path()); },
                          {folder.path().string(), "test_batch.bin"});
}

TEST(Locate, CifarReadsItsBatchesInOrder) {
  const TemporaryFolder folder;
  const DataFolder here(folder.path());
  std::filesystem::create_directories(folder.path() / "cifar10");
  for (const auto& [name, pixel] : {std::pair{"test_batch", 't'}, {"data_batch_2", '2'}}) {
    FileBytes()
        .text(std::string(3073, pixel))
        .save(folder.path() / "cifar10" / (std::string(name) + ".bin"));
  }
  const auto source = open_dataset_images("cifar10");
  EXPECT_EQ(all_rows(*source).col(0), (Vector{{'2', 't'}}));
}

TEST(Locate, ListsEverySetWithTheWayToGetIt) {
  std::vector<std::string> names;
  for (const DataSet& set : known_datasets()) {
    names.push_back(set.name);
    EXPECT_FALSE(set.how_to_get.empty());
    EXPECT_EQ(set.found, !set.files.empty());
  }
  EXPECT_THAT(names, testing::ElementsAre("mnist", "fashion-mnist", "cifar10"));
  expect_throw<InvalidArgument>([] { (void)locate_dataset("imagenet"); }, {"'imagenet'", "mnist"});
}

// Real sets: sizes and shapes are those their authors publish; a pixel is a byte.
class RealImages : public testing::TestWithParam<std::string> {};

TEST_P(RealImages, AreReadWhole) {
  const DataSet set = locate_dataset(GetParam());
  if (!set.found) GTEST_SKIP() << set.name << " is not here: " << set.how_to_get;
  const auto source = open_dataset_images(set.name);
  const bool color = set.name == "cifar10";
  EXPECT_EQ(source->image_shape(), color ? (ImageShape{32, 32, 3}) : (ImageShape{28, 28, 1}));
  EXPECT_EQ(source->size() % 10'000, 0u);  // batches of 10 000, 60 000 or 10 000 images
  EXPECT_TRUE(source->exact_in_float());
  const Matrix rows = rows_of(*source, 1000);
  EXPECT_EQ(rows.minCoeff(), 0.0);
  EXPECT_EQ(rows.maxCoeff(), 255.0);
}

TEST_P(RealImages, MakeADataset) {
  const DataSet set = locate_dataset(GetParam());
  if (!set.found) GTEST_SKIP() << set.name << " is not here: " << set.how_to_get;
  SourceOptions options;
  options.source = set.name;
  options.subset = 2500;
  options.split = {2000, 500};
  options.transforms = {"gray", "pool2", "center", "unit_trace", "random_signs"};
  ThreadPool pool(2);
  const Dataset data = open_dataset(options, 1, pool);
  const bool color = set.name == "cifar10";
  EXPECT_EQ(data.image, color ? (ImageShape{16, 16, 1}) : (ImageShape{14, 14, 1}));
  const Matrix rows = all_rows(*data.train);
  EXPECT_EQ(rows.rows(), 2000);
  // Stored in float: 2^-24 per element.
  EXPECT_NEAR(rows.squaredNorm() / 2000.0, 1.0, 1e-6);
  EXPECT_LT(rows.colwise().mean().cwiseAbs().maxCoeff(), 1e-7);
}

INSTANTIATE_TEST_SUITE_P(All, RealImages, testing::Values("mnist", "fashion-mnist", "cifar10"),
                         [](const auto& param_info) {
                           std::string name = param_info.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace twofold::data
