// Pictures as PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace twofold {

/// Writes an 8-bit RGB picture, whole or not at all.
///
/// @param width, height  in pixels, each in [1, 2^31).
/// @param rgb            3 bytes a pixel, left to right, then down: 3·width·height of them.
/// @throws InvalidArgument  if a size is outside its domain or the bytes do not fit; OutputError
///         with the system's reason.
/// The same pixels give the same bytes with the same zlib. Source: PNG specification (ISO 15948).
void write_png(const std::filesystem::path& file, std::int64_t width, std::int64_t height,
               std::span<const std::uint8_t> rgb);

}  // namespace twofold
