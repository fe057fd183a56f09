// One case of dictionary_recovery: what is trained, and what came out of theory and simulation.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/data/dataset.hpp"
#include "twofold/data/dictionary_model.hpp"
#include "twofold/experiment/dictionary_recovery_spec.hpp"
#include "twofold/experiment/record.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/numerics/statistics.hpp"
#include "twofold/theory/dictionary_recovery.hpp"

namespace twofold::experiment {

/// A spec with its data opened.
struct RecoverySetting {
  RecoverySpec spec;
  std::int64_t seed = 1;
  data::Dataset dataset;
  Index d = 0;             ///< length of a sample
  Index units = 0;         ///< rows of W
  Index active = 1;        ///< units that fire in a sample, where top_k says so
  double step_unit = 1.0;  ///< of train.step

  /// Whether the dictionary behind the samples is known.
  [[nodiscard]] bool known() const { return dataset.truth != nullptr; }
  [[nodiscard]] const data::DictionaryModel& truth() const { return dataset.truth->model(); }
  /// Whether atoms are known only up to sign.
  [[nodiscard]] bool signed_codes() const;
  [[nodiscard]] bool oracle() const { return spec.train.support == "oracle"; }
  /// As in a record.
  [[nodiscard]] std::string arithmetic() const {
    return spec.train.precision + ", units that fire";
  }
  /// Samples of the fixed batch, or all that a file has; 0 for fresh ones without end.
  [[nodiscard]] std::uint64_t samples() const;
};

/// Opens the data.
/// @param previous  a setting whose data are taken over if they are the same; may be null.
/// @throws InvalidArgument, DataError with what to change.
[[nodiscard]] RecoverySetting make_setting(RecoverySpec spec, std::int64_t seed, ThreadPool& pool,
                                           const RecoverySetting* previous = nullptr);

/// What theory says of a known dictionary.
struct RecoveryTheory {
  theory::RecoveryPrediction run;
  double final_error = 0.0;        ///< where this run ends
  double start_consistency = 0.0;  ///< P(all codes of a sample are right) before training
  Vector atom_floors;              ///< mixture: ‖w_j − a_j‖² at the end, each; else empty
  double off_diagonal = 0.0;       ///< non-negative codes behind a bias: mean of w_i·a_j, i ≠ j
};

/// What one repeat measured.
struct RecoveryMeasured {
  /// "error", "recovered", "explained", "em error", ... and their standard errors, if any.
  std::map<std::string, numerics::MeanAndError> values;
  std::vector<double> iteration, loss;  ///< of the records
  Matrix distance;  ///< records × true atoms: ‖w − a‖² of matched pairs; empty without truth
  Matrix atoms;     ///< W at the end

  /// ‖W − A‖_F² at record i.
  [[nodiscard]] double error(Index i) const { return distance.row(i).sum(); }
};

/// Theory and simulation of one case.
struct RecoveryResult {
  std::string label;
  double value = 0.0;
  RecoverySetting setting;
  std::optional<RecoveryTheory> predicted;  ///< empty without a known dictionary
  std::vector<RecoveryMeasured> measured;   ///< one per repeat
  std::vector<TrustEntry> trust;
  std::vector<std::string> arithmetic;  ///< of the repeats, each kind once
  std::int64_t diverged_at = -1;
  double simulate_s = 0.0, predict_s = 0.0;
};

/// Mean over the repeats of a measured value; empty if no repeat has it. The standard error is that
/// of the repeats, or of the value itself if there is one repeat.
[[nodiscard]] std::optional<numerics::MeanAndError> measured_value(const RecoveryResult& result,
                                                                   const std::string& name);

/// The same of ‖W − A‖_F² at a recorded iteration; empty if that iteration was not recorded.
[[nodiscard]] std::optional<numerics::MeanAndError> measured_error(const RecoveryResult& result,
                                                                   double iteration);

}  // namespace twofold::experiment
