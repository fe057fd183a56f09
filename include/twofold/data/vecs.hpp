// Vector files of the nearest-neighbour community: .fvecs, .bvecs, .ivecs.
#pragma once

#include <filesystem>
#include <memory>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of such a file, memory-mapped: each row is its dimension (int32) and then its
/// numbers, all little-endian; float32, uint8 or int32.
/// @throws DataError  if it is missing, empty, or its length is not a multiple of a row.
///         A row of another dimension, or with a number that is not finite, throws when it
///         is gathered, so that opening a file of any size is free.
[[nodiscard]] std::shared_ptr<const Source> open_fvecs(const std::filesystem::path& path);
[[nodiscard]] std::shared_ptr<const Source> open_bvecs(const std::filesystem::path& path);
[[nodiscard]] std::shared_ptr<const Source> open_ivecs(const std::filesystem::path& path);

}  // namespace twofold::data
