// Trains the encoder of a one_bit case and measures it on the way.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/one_bit_simulation.hpp"

namespace twofold::experiment {

/// Trains from independent Gaussian rows; at each record the loss with a refitted linear decoder,
/// at the end what the rows look like:
///   "trained"     the loss
///   "axis_rows"   share of rows with one entry above 0.8 in size
///   "row_fourth"  mean over rows of Σ_j B_ij⁴
///   "energies"    unequal variances: root mean square deviation of the column energies Σ_i B_ij²
///   v_j
///                 from λ_j
/// @param id  of case and repeat, for files and progress.
[[nodiscard]] OneBitSimulated train_and_measure(const OneBitSetting& setting,
                                                const data::Dataset& dataset, std::uint64_t seed,
                                                const std::string& id, const RunFolder& folder,
                                                RunContext context);

void write_encoder(const std::filesystem::path& file, const Matrix& encoder);
[[nodiscard]] Matrix read_encoder(const std::filesystem::path& file);

}  // namespace twofold::experiment
