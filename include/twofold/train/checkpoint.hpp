// A run that was stopped, on disk: complete, and recognisable as its own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "twofold/linalg/split_product.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::train {

/// Everything a run needs to go on. Batches need nothing: batch k is a function of (seed, k).
template <std::floating_point Scalar>
struct Checkpoint {
  std::int64_t step = 0;           ///< updates made
  model::Weights<Scalar> weights;  ///< after those updates; tied or not, without bias
  MatrixOf<Scalar> velocity;       ///< V of the heavy ball; empty without momentum
  double initial_loss = 0;         ///< what divergence is measured against
  std::string payload;             ///< what the caller wants back: its records so far
  Matrix averages;                 ///< running averages a method carries along, any shape; or empty
};

/// Whether the folder holds a checkpoint.
[[nodiscard]] bool has_checkpoint(const std::filesystem::path& folder);

/// Writes `checkpoint.safetensors`, which is all that is read back, and `checkpoint.json` for
/// people. Written beside and renamed: an interrupted write leaves the last checkpoint whole.
/// @param fingerprint  names the run: data, options, seed; asked for again by load_checkpoint.
/// @param products     of the run's matrices; SplitBf16 is a precision of its own.
/// @throws OutputError  with the system's reason.
template <std::floating_point Scalar>
void save_checkpoint(const std::filesystem::path& folder, const Checkpoint<Scalar>& checkpoint,
                     std::string_view fingerprint, FloatProducts products = FloatProducts::Float);

/// Reads it back, bit for bit.
/// @param like  weights of the run that wants to go on: their shape and scale must agree.
/// @throws DataError  if there is none, it is damaged, or it belongs to another run: another
///         fingerprint, precision, shape or scale, tied or not; says which and what to do.
template <std::floating_point Scalar>
[[nodiscard]] Checkpoint<Scalar> load_checkpoint(const std::filesystem::path& folder,
                                                 std::string_view fingerprint,
                                                 const model::Weights<Scalar>& like,
                                                 FloatProducts products = FloatProducts::Float);

}  // namespace twofold::train
