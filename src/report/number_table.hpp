// The long-form CSV tables that figures are drawn from.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

namespace twofold::report {

/// Reads a CSV file with a header line into {"columns": [...], "rows": [[...], ...]}.
///
/// Cells of the columns in `numeric` become numbers of 7 significant digits (a figure shows
/// four); empty, NaN and infinite cells become null. All other cells stay text. Cells may be
/// quoted ("a, b"; a quote inside is doubled) but do not span lines.
/// @param required  columns that must be there.
/// @throws DataError  with file, line and remedy.
[[nodiscard]] nlohmann::json read_number_table(const std::filesystem::path& file,
                                               std::span<const std::string> required,
                                               std::span<const std::string> numeric);

}  // namespace twofold::report
