// NumPy's .npz: a zip archive of .npy arrays.
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of one array of a .npz file, stored (memory-mapped) or deflated (inflated into
/// memory); else as open_npy.
/// @param member  name of the array, without ".npy"; may be empty if there is only one.
/// @throws DataError  as open_npy; if the archive is damaged (its checksum is compared when a
///         member is inflated) or has no such array: the message lists those it has.
[[nodiscard]] std::shared_ptr<const Source> open_npz(const std::filesystem::path& path,
                                                     std::string_view member = "");

}  // namespace twofold::data
