// The inside of .npy, for files and for members of .npz.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bytes.hpp"
#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of an array in .npy format; `name` is for messages. @throws DataError as open_npy.
[[nodiscard]] std::shared_ptr<const Source> npy_rows(Bytes bytes, const std::string& name);

/// What stands before the data of a C-ordered array (format 1.0).
/// @param shape  as Python writes it, "(3, 4)".
/// @param type   as NumPy writes it, "<f4".
[[nodiscard]] std::string npy_header(const std::string& shape, std::string_view type);

/// The same for little-endian floats.
/// @param element_size  4 or 8.
[[nodiscard]] std::string npy_header(const std::string& shape, std::size_t element_size);

}  // namespace twofold::data
