// Verdicts as plain text, for a terminal.
#pragma once

#include <filesystem>
#include <span>
#include <string>

namespace twofold::report {

struct TextTableOptions {
  bool colour = false;  ///< ANSI colours for the verdicts; for terminals only
};

/// The claims of the runs as a table with aligned columns, UTF-8, ending in a line of counts:
///
///   mean_field/phases: Which direction is learned when
///     claim          predicted  measured ± s.e.   tolerance  verdict
///     block_gain[0]     0.8944  0.8921 ± 0.0013        0.02  holds
///
/// A claim that fails or is not applicable is followed by a line that says what or why.
/// @throws InvalidArgument  if no folder is given.
/// @throws DataError        if a record.json is missing or broken.
[[nodiscard]] std::string verdict_table(std::span<const std::filesystem::path> run_folders,
                                        const TextTableOptions& options = {});

}  // namespace twofold::report
