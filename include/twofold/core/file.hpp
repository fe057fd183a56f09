// Files that are complete or absent.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

namespace twofold {

/// Writes a file beside its place and renames it, so that a reader sees the old file or
/// the whole new one, never a part; on failure the temporary is removed. A link stays and its
/// target is written; a device or a pipe is written as it is.
/// @throws OutputError  with the path and the system's reason (full disk, read-only, ...).
void write_file(const std::filesystem::path& path, std::string_view content);

/// The same for content produced piece by piece into a stream.
void write_file(const std::filesystem::path& path,
                const std::function<void(std::ostream&)>& produce);

/// Before content is computed: throws what write_file will throw for want of a folder, or of the
/// permission to write into it.
void check_place(const std::filesystem::path& path);

/// Whole content of a small file.
/// @throws DataError  if it is missing or unreadable.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Creates a folder and its parents. @throws OutputError with the system's reason.
void create_folder(const std::filesystem::path& path);

}  // namespace twofold
