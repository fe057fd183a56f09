// Trains the atoms of a dictionary_recovery case and follows them on the way.
#pragma once

#include <cstdint>
#include <string>

#include "experiment/dictionary_recovery_case.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::experiment {

/// What training left behind.
struct RecoveryTrained {
  RunStatus status = RunStatus::Finished;
  std::int64_t stopped_at = -1;  ///< iteration of a divergence
  ops::Gate gate;                ///< at the end
  RecoveryMeasured measured;     ///< records, atoms; "loss", "rejected", "reseeded", "idle"
};

/// The gate of the spec before any schedule.
[[nodiscard]] ops::Gate start_gate(const RecoverySetting& setting);

/// The start that the spec asks for, units×d with unit rows.
/// @param X  training samples, one a row.
[[nodiscard]] Matrix start_atoms(const RecoverySetting& setting, const data::Dataset& dataset,
                                 const Matrix& X, std::uint64_t seed, ThreadPool& pool);

/// Rows of the truth, scaled to norm 1.
[[nodiscard]] Matrix unit_atoms(const data::DictionaryModel& truth);

/// The true codes of the first `count` training samples.
template <std::floating_point Scalar>
[[nodiscard]] ops::SparseCodes<Scalar> true_codes(const data::DictionarySource& truth, Index count);

/// Trains from `start`. Training that was stopped goes on from its checkpoint.
/// @param X   training samples; the batch if the spec's is fixed.
/// @param id  of case and repeat, for files and progress.
[[nodiscard]] RecoveryTrained train_atoms(const RecoverySetting& setting,
                                          const data::Dataset& dataset, const Matrix& X,
                                          const Matrix& start, std::uint64_t seed,
                                          const std::string& id, const RunFolder& folder,
                                          RunContext context);

}  // namespace twofold::experiment
