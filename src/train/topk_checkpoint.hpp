// A stopped run of topk_training, on disk.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "twofold/ops/topk_step.hpp"

namespace twofold::train {

template <std::floating_point Scalar>
struct TopKCheckpoint {
  ops::TopKState<Scalar> state;
  double first_loss = 0;  ///< what divergence is measured against
  std::string payload;    ///< what the caller wants back
};

/// Writes `checkpoint.safetensors`, whole or not at all, and `checkpoint.json` for people.
/// @throws OutputError  with the system's reason.
template <std::floating_point Scalar>
void save_topk_checkpoint(const std::filesystem::path& folder,
                          const TopKCheckpoint<Scalar>& checkpoint, std::string_view fingerprint);

/// Reads it back, bit for bit.
/// @param like  the state this run would start from: its shapes must agree.
/// @throws DataError  if there is none, it is damaged, or belongs to another run.
template <std::floating_point Scalar>
[[nodiscard]] TopKCheckpoint<Scalar> load_topk_checkpoint(const std::filesystem::path& folder,
                                                          std::string_view fingerprint,
                                                          const ops::TopKState<Scalar>& like);

}  // namespace twofold::train
