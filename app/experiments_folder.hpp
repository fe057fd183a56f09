// Where the collection of experiments is.
#pragma once

#include <filesystem>

namespace twofold::app {

/// `given`, or $TWOFOLD_EXPERIMENTS, or share/twofold/experiments beside an installed tool,
/// or experiments/ of the source tree it was built from.
[[nodiscard]] std::filesystem::path experiments_folder(const std::filesystem::path& given);

}  // namespace twofold::app
