#include "twofold/data/locate.hpp"

#include <fmt/ranges.h>

#include <array>
#include <cstdlib>

#include "data_error.hpp"
#include "twofold/core/fields.hpp"
#include "twofold/data/cifar10.hpp"
#include "twofold/data/idx.hpp"

namespace twofold::data {
namespace {

namespace fs = std::filesystem;
constexpr auto kDebianFashion = "/usr/share/datasets/fashion-mnist";
constexpr std::array<std::string_view, 3> kNames{"mnist", "fashion-mnist", "cifar10"};

std::string how_to_get(std::string_view name) {
  if (name == "fashion-mnist") {
    return "install Debian's package dataset-fashion-mnist, or put train-images-idx3-ubyte.gz "
           "into $TWOFOLD_DATA/fashion-mnist";
  }
  if (name == "mnist") {
    return "put train-images-idx3-ubyte.gz or t10k-images-idx3-ubyte.gz into $TWOFOLD_DATA/mnist";
  }
  return "put test_batch.bin (and data_batch_1.bin to data_batch_5.bin) of the binary version "
         "into $TWOFOLD_DATA/cifar10";
}

std::vector<fs::path> files_in(std::string_view name, const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  if (name == "cifar10") {
    for (const std::string_view batch : {"data_batch_1", "data_batch_2", "data_batch_3",
                                         "data_batch_4", "data_batch_5", "test_batch"}) {
      const fs::path file = folder / fmt::format("{}.bin", batch);
      if (fs::exists(file, ignored)) files.push_back(file);
    }
    return files;
  }
  for (const std::string_view part : {"train", "t10k"}) {
    for (const std::string_view ending : {"-idx3-ubyte.gz", "-idx3-ubyte", ".idx3-ubyte"}) {
      const fs::path file = folder / fmt::format("{}-images{}", part, ending);
      if (fs::exists(file, ignored)) return {file};
    }
  }
  return files;
}

}  // namespace

DataSet locate_dataset(std::string_view name) {
  require(std::ranges::find(kNames, name) != kNames.end(), "data::locate_dataset",
          fmt::format("unknown set '{}'; known: {}", name, fmt::join(kNames, ", ")));
  DataSet set{std::string(name), {}, {}, false, how_to_get(name)};
  std::vector<fs::path> folders;
  if (const char* root = std::getenv("TWOFOLD_DATA")) folders.push_back(fs::path(root) / name);
  if (name == "fashion-mnist") folders.emplace_back(kDebianFashion);
  for (const fs::path& folder : folders) {
    set.files = files_in(name, folder);
    if (set.files.empty()) continue;
    set.path = folder;
    set.found = true;
    break;
  }
  return set;
}

std::vector<DataSet> known_datasets() {
  std::vector<DataSet> sets;
  sets.reserve(kNames.size());
  for (const std::string_view name : kNames) sets.push_back(locate_dataset(name));
  return sets;
}

std::shared_ptr<const Source> open_dataset_images(std::string_view name, const fs::path& path) {
  DataSet set = locate_dataset(name);
  std::error_code ignored;
  if (!path.empty()) {
    set.files = fs::is_directory(path, ignored) ? files_in(name, path) : std::vector{path};
  }
  if (set.files.empty()) {
    fail("data::open_dataset_images", path.empty() ? name : path.string(),
         "the image set is not there", set.how_to_get);
  }
  return name == "cifar10" ? open_cifar10(set.files) : open_idx(set.files.front());
}

}  // namespace twofold::data
