// A matrix as a picture.
#pragma once

#include <filesystem>

#include "twofold/linalg/matrix.hpp"

namespace twofold::experiment {

/// Writes a PNG: one square of pixels per entry, white for 0 to dark blue for 1; values outside
/// [0, 1] are cut. The picture is about 512 pixels wide, or one pixel per column where that is
/// more.
/// @throws InvalidArgument  if the matrix is empty; OutputError if the file cannot be written.
void write_heat_map(const std::filesystem::path& file, const Matrix& values);

}  // namespace twofold::experiment
