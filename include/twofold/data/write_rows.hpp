// Writes rows piece by piece to .npy or .fvecs, for results larger than memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "twofold/linalg/matrix.hpp"

namespace twofold::data {

/// Takes the next rows of a file; the pieces may have any number of rows.
using AppendRows = std::function<void(const ConstView<float>&)>;

/// Writes a file of `rows` × `columns` float32 numbers, little-endian, whole or not at all.
///
/// @param path     its ending chooses the format: .npy (1.0, C order) or .fvecs.
/// @param produce  is called once and appends all rows in order; if it throws, nothing is left.
/// @throws InvalidArgument  for another ending, rows of another length, more or fewer rows than
///                          announced, or columns outside [1, 2^31).
/// @throws OutputError      with the system's reason.
void write_rows(const std::filesystem::path& path, std::uint64_t rows, Index columns,
                const std::function<void(const AppendRows&)>& produce);

}  // namespace twofold::data
