// Records of finished runs, read from disk and checked.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

namespace twofold::report {

/// FOLDER/record.json with everything the report relies on present and of the right type:
///   system, experiment (text); title (default: the experiment); status (default "ok");
///   claims: name, title (default: the name), predicted, measured, standard_error and
///           tolerance (number, or null for none), verdict (holds | fails | not applicable);
///   figures, images: arrays.
/// @throws DataError  with the file, the place in it and the remedy.
[[nodiscard]] nlohmann::json read_record(const std::filesystem::path& folder);

/// Adds to each figure of a record its "table" (read_number_table) and to each image its
/// "uri" (the PNG as data URI). Files are looked for inside `folder` only.
/// @throws DataError  as above.
void attach_files(nlohmann::json& record, const std::filesystem::path& folder);

}  // namespace twofold::report
