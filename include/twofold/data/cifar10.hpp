// CIFAR-10, binary version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Images of one binary batch, memory-mapped: records of 3073 bytes, a label and 32×32 pixels
/// of red, green and blue. Rows of dimension 3072, values 0 ... 255.
/// @throws DataError  if it is missing, empty, or its length is not a multiple of 3073.
[[nodiscard]] std::shared_ptr<const Source> open_cifar10(const std::filesystem::path& batch);

/// Several batches, one after the other.
[[nodiscard]] std::shared_ptr<const Source> open_cifar10(
    const std::vector<std::filesystem::path>& batches);

}  // namespace twofold::data
