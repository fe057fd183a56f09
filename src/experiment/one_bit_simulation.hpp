// Encodes and decodes the vectors of a one_bit case, after training the encoder if it is learned.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/one_bit_case.hpp"
#include "twofold/experiment/run_folder.hpp"
#include "twofold/experiment/system.hpp"
#include "twofold/model/encoder.hpp"
#include "twofold/ops/encoder_operator.hpp"

namespace twofold::experiment {

/// How the simulation of one repeat ended.
struct OneBitSimulated {
  RunStatus status = RunStatus::Finished;
  std::int64_t stopped_at = -1;  ///< step of a divergence
  OneBitMeasured measured;
};

/// One repeat, with seed setting.seed + repeat for vectors and encoder. A finished one found in the
/// folder is read back; training that was stopped goes on from its checkpoint. A learned encoder is
/// left in arrays/.
/// @param name  of the case, for files.
/// @throws DataError  if what is found in the folder is damaged.
[[nodiscard]] OneBitSimulated simulate(const OneBitSetting& setting, std::int64_t repeat,
                                       const std::string& name, const RunFolder& folder,
                                       RunContext context);

/// The test vectors of one repeat and their codes, X: k×d, Y: k×n of ±1.
struct CodedRows {
  model::Encoder encoder;
  ops::EncoderOperator<float> B;
  MatrixF X, Y;
};

/// The encoder a spec asks for by name, other than a learned one.
[[nodiscard]] model::Encoder fixed_encoder(const OneBitSetting& setting, std::uint64_t seed);

/// Mean and standard error over vectors of ‖x − x̂‖²/d, rows of X and Xhat.
[[nodiscard]] numerics::MeanAndError row_error(const MatrixF& X, const MatrixF& Xhat);

}  // namespace twofold::experiment
