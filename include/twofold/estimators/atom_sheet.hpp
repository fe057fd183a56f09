// Atoms as pictures, side by side on one sheet.
#pragma once

#include <filesystem>
#include <vector>

#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// Writes a PNG of at most 1024 atoms, in the order given, left to right and then down.
///
/// Each atom has its own scale: grey is 0, white its largest |number|, black minus that (in colour
/// likewise for images of three channels; the first channel of others). Centres of mixtures go from
/// black, their least number, to white, their largest.
/// @param order  numbers of atoms, each in [0, m).
/// @throws InvalidArgument  if the dictionary has no image shape or the order is empty or does not
///         fit; OutputError if the file cannot be written.
void write_atom_sheet(const std::filesystem::path& file, const LearnedDictionary& dictionary,
                      const std::vector<Index>& order);

}  // namespace twofold::estimators
