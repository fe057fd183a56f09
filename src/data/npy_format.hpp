// The inside of .npy, for files and for members of .npz.
#pragma once

#include <memory>
#include <string>

#include "bytes.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of an array in .npy format; `name` is for messages. @throws DataError as open_npy.
[[nodiscard]] std::shared_ptr<const Source> npy_rows(Bytes bytes, const std::string& name);

}  // namespace twofold::data
