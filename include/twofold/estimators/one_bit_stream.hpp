// Encodes and decodes files of any size, a block at a time.
#pragma once

#include <cstdint>
#include <filesystem>

#include "twofold/core/observer.hpp"
#include "twofold/core/parallel.hpp"
#include "twofold/data/source.hpp"
#include "twofold/estimators/one_bit_codec.hpp"

namespace twofold::estimators {

/// What a pass over a file did.
struct StreamReport {
  std::uint64_t vectors = 0;
  std::uint64_t cut_norms = 0;  ///< encode: norms beyond the largest half, stored as that
  double seconds = 0.0;         ///< reading and computing, without writing
};

/// Encodes all rows of a source into a file of codes, which is complete or absent.
/// @throws DataError        if a row cannot be read or is not finite.
/// @throws InvalidArgument  if the dimension is not the codec's, or the source is unlimited.
/// @throws OutputError; Stopped (one_bit_prediction.hpp) if the observer asks for it.
/// Memory: a chunk of about 2 million numbers.
StreamReport encode_file(const OneBitCodec& codec, const data::Source& source,
                         const std::filesystem::path& codes, ThreadPool& pool,
                         Observer& observer = no_observer());

/// Decodes a file of codes into .npy or .fvecs, complete or absent.
/// @throws DataError  if the codes are damaged or were made by another codec; else as encode_file.
StreamReport decode_file(const OneBitCodec& codec, const std::filesystem::path& codes,
                         const std::filesystem::path& vectors, Reconstruction output,
                         ThreadPool& pool, Observer& observer = no_observer());

}  // namespace twofold::estimators
