// Tables of numbers as text.
#pragma once

#include <filesystem>
#include <memory>

#include "twofold/data/source.hpp"

namespace twofold::data {

/// Rows of a text file of numbers, one sample per line, read into memory.
///
/// The delimiter (comma, semicolon, tab, or blanks) is the first of these found in the first
/// line. A first line without any number is a header. Blank lines and lines that begin with
/// '#' are skipped. Decimal point only.
/// @throws DataError  naming line and column (from 1) of a cell that is not a finite number,
///         or the line whose number of cells differs; a first line that counts the columns (of
///         eight or more) or leaves only the first one without a name, as where row numbers were
///         saved; if it is missing, or holds no number.
[[nodiscard]] std::shared_ptr<const Source> open_csv(const std::filesystem::path& path);

}  // namespace twofold::data
