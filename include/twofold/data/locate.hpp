// Where image sets are on this machine.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// A known image set.
struct DataSet {
  std::string name;                          ///< mnist | fashion-mnist | cifar10
  std::filesystem::path path;                ///< its folder; empty if not found
  std::vector<std::filesystem::path> files;  ///< what is read, in this order
  bool found = false;
  std::string how_to_get;  ///< one sentence
};

/// All known sets, found or not. Looked for in $TWOFOLD_DATA/NAME, then (fashion-mnist) where
/// Debian's package dataset-fashion-mnist puts it.
///
/// mnist and fashion-mnist are the training images where present, else the test images
/// (t10k); cifar10 is all of data_batch_1 ... 5 and test_batch that are present.
[[nodiscard]] std::vector<DataSet> known_datasets();

/// @throws InvalidArgument  if the name is none of them.
[[nodiscard]] DataSet locate_dataset(std::string_view name);

/// Opens a known set: located if `path` is empty, else in that folder or from that file.
/// @throws DataError  if it is not found (the message says how to get it) or unreadable.
[[nodiscard]] std::shared_ptr<const Source> open_dataset_images(
    std::string_view name, const std::filesystem::path& path = {});

}  // namespace twofold::data
