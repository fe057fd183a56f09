// A learned dictionary on disk: a folder that says how its codes are made.
#pragma once

#include <filesystem>

#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

/// Writes into an existing folder
///
///   dictionary.npy         atoms, m×d, float64, in the units of the (transformed) rows
///   mean.npy               1×d
///   transform_I_*.npy      numbers of transform I, where it has any
///   dictionary.json        gate, shapes, transforms, fingerprint of the training rows, and a
///                          checksum of each of the files above; written last
///
/// but a k-sparse autoencoder instead of the first two, all float32,
///
///   sae_weights.safetensors  W_enc d×m, b_enc m, W_dec m×d (atoms), b_dec d (mean); activation, k,
///                            normalisation and how it was trained in the metadata
///   cfg.json                 the same for SAELens
///
/// @throws OutputError  with the system's reason.
void save_dictionary(const std::filesystem::path& folder, const LearnedDictionary& dictionary);

/// Reads it back, bit for bit (a k-sparse autoencoder: what its floats hold).
/// @param folder  or the sae_weights.safetensors alone, if the rows have no transforms.
/// @throws DataError  if the folder is no dictionary, a file is missing or was changed (by its
///         checksum), a number does not fit, or it was made by a later version.
[[nodiscard]] LearnedDictionary load_dictionary(const std::filesystem::path& folder);

/// Whether the folder holds a dictionary.json.
[[nodiscard]] bool is_dictionary_folder(const std::filesystem::path& folder);

/// 64-bit FNV-1a over the shape and 4096 evenly spaced rows, 16 hexadecimal digits.
[[nodiscard]] std::string fingerprint(const data::Source& rows);

}  // namespace twofold::estimators
