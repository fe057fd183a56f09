// Atoms as a sheet of pictures.
#pragma once

#include <filesystem>

#include "twofold/data/source.hpp"
#include "twofold/linalg/matrix.hpp"

namespace twofold::experiment {

/// Writes a PNG: one tile an atom, left to right, then down, in a sheet as nearly square as it
/// gets, tiles parted by a white line. Grey is 0; each atom is scaled to its largest |value|. Tiles
/// are magnified to about 32 pixels. Images of three channels are red, green and blue, others show
/// the mean of their channels.
/// @param atoms  m×d, d = shape.size().
/// @throws InvalidArgument  if there is no atom or the shape does not fit; OutputError.
void write_tile_sheet(const std::filesystem::path& file, const Matrix& atoms,
                      const data::ImageShape& shape);

}  // namespace twofold::experiment
