// The file of a k-sparse autoencoder: sae_weights.safetensors, with cfg.json beside it.
#pragma once

#include <filesystem>

#include "twofold/estimators/learned_dictionary.hpp"

namespace twofold::estimators {

inline constexpr auto kTopKWeights = "sae_weights.safetensors";
inline constexpr auto kTopKConfig = "cfg.json";

/// Writes both files into a folder.
void write_topk_weights(const std::filesystem::path& folder, const LearnedDictionary& dictionary);

/// Kind, atoms, encoder, biases, gate, notes; what the file does not hold stays at its default.
/// @param alone  without its folder; then there must be no transforms.
/// @throws DataError  if it is no such file, was written by a later version, or needs its folder.
[[nodiscard]] LearnedDictionary read_topk_weights(const std::filesystem::path& file, bool alone);

}  // namespace twofold::estimators
