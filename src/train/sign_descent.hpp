// The loop that both methods of train/sign_encoder.hpp share.
#pragma once

#include <cstdint>

#include "twofold/train/sign_encoder.hpp"

namespace twofold::train {

/// What a method does at step k.
class EncoderGradient {
 public:
  virtual ~EncoderGradient() = default;

  /// Training estimate of R at B on the data of step k; if it is finite, also G = d ∂R/∂B, whose
  /// part along the rows of B does not matter.
  virtual double evaluate(std::int64_t k, const Matrix& B, Matrix& G, ThreadPool& pool) = 0;

  /// What it carries from step to step, for checkpoints, and back; false if it does not fit.
  [[nodiscard]] virtual Matrix averages() const { return {}; }
  [[nodiscard]] virtual bool restore(const Matrix& averages) { return averages.size() == 0; }
};

/// Runs options.steps steps from `start`.
/// @throws InvalidArgument(where, ...)  if options or start are outside their domain.
SignEncoderResult descend(std::string_view where, Matrix start, EncoderGradient& method,
                          const SignEncoderOptions& options, const SignEncoderHooks& hooks,
                          ThreadPool& pool, Observer& observer);

}  // namespace twofold::train
