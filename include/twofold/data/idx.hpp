// IDX, the format of MNIST.
#pragma once

#include <filesystem>
#include <memory>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of an IDX file, plain or gzip-compressed; read into memory as stored.
///
/// Elements: uint8, int8, int16, int32, float32, float64, big-endian, taken as they are
/// (a pixel is 0 ... 255). The first axis counts samples, the others are flattened; three
/// axes are images. One axis (labels) gives rows of dimension 1.
/// @throws DataError  if it is missing, empty, of another format, truncated, longer than its
///         header says, or the header claims more than the file can hold.
[[nodiscard]] std::shared_ptr<const Source> open_idx(const std::filesystem::path& path);

}  // namespace twofold::data
