// Full-batch gradient descent of wide ReLU autoencoders in the tangent-kernel scaling.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/train/sgd.hpp"
#include "twofold/train/weight_movement.hpp"

namespace twofold::train {

/// Which weights are trained.
enum class TangentMode {
  Weak,     ///< the encoder
  Joint,    ///< both layers, from the same residual
  Decoder,  ///< the decoder: a linear least-squares problem
  Tied,     ///< one matrix in both roles
};

/// "weak", "joint", "decoder" or "tied".
[[nodiscard]] std::string_view to_string(TangentMode mode) noexcept;

/// The inverse. @throws InvalidArgument  listing the names.
[[nodiscard]] TangentMode parse_tangent_mode(std::string_view name);

struct TangentDescentOptions {
  TangentMode mode = TangentMode::Joint;
  std::optional<double> step = {};  ///< η > 0 of the sum of squares; nothing: 1.8/λ_max
  double decoder_ratio = 1;         ///< η_A/η_B > 0 of Joint, where η is η_B
  bool halve = false;               ///< halve the step after each update that raised the loss
  std::int64_t steps = 0;           ///< K >= 0, most updates
  double target = 0;                ///< in [0, 1): end when L <= target·L_0; 0: never
  double divergence_limit = 1e6;    ///< > 1: stop when L exceeds this times L_0
  FloatProducts products = FloatProducts::Float;  ///< of the steps; SplitBf16 for float only
  std::vector<std::int64_t> record_steps = {};    ///< increasing, within [0, K]
  std::string stage = "train";                    ///< name in progress reports
  CheckpointPolicy checkpoint = {};
};

enum class TangentDescentStatus {
  Finished,     ///< all updates made
  Reached,      ///< the loss reached the target
  Interrupted,  ///< the observer asked to stop; a checkpoint was written if there is a folder
  Diverged,     ///< loss above divergence_limit times the first; weights as they were then
  NonFinite,    ///< loss NaN or infinite; weights as they were then
};

[[nodiscard]] std::string_view to_string(TangentDescentStatus status) noexcept;

/// The loss rose and fell below where it was: a move to a region where the step is stable.
struct Catapult {
  std::int64_t start = 0;  ///< first step with a loss above the one before
  std::int64_t end = -1;   ///< first step below `before`; -1 if that did not come
  double before = 0;       ///< loss at start - 1
  double peak = 0;         ///< largest loss from start on
};

/// How a run ended.
template <std::floating_point Scalar>
struct [[nodiscard]] TangentDescentResult {
  model::Weights<Scalar> weights;
  TangentDescentStatus status = TangentDescentStatus::Finished;
  std::int64_t steps = 0;           ///< updates made
  std::int64_t first_step = 0;      ///< where this call began: > 0 if it went on from a checkpoint
  double initial_loss = 0;          ///< L_0
  double loss = 0;                  ///< of `weights`
  double step = 0;                  ///< η at the end: of Joint, η_B
  double largest_eigenvalue = 0;    ///< λ_max behind an automatic step; 0 if it was given
  WeightMovement movement;          ///< from the start to `weights`
  std::vector<Catapult> catapults;  ///< the first 32; one that is not over may be the last
  std::int64_t catapult_count = 0;  ///< of those that ended
  StopRequest stop = StopRequest::None;  ///< the reason, if Interrupted
  std::string arithmetic;                ///< what computed the steps: ops::JointStep::arithmetic
};

/// What the caller wants to see; an empty function is not called. As SgdHooks, with the loss of the
/// weights shown.
template <std::floating_point Scalar>
struct TangentDescentHooks {
  std::function<void(std::int64_t k, const model::Weights<Scalar>&, double loss)> on_record;
  std::function<void(std::int64_t k, const model::Weights<Scalar>&, double loss)> on_step;
  std::function<std::string()> on_save;
  std::function<void(std::int64_t k, const std::string&)> on_resume;
};

/// K steps of gradient descent on L = ½‖X - X̂‖²_F, x̂ = scale Σ_r a_r max(⟨b_r, x⟩, 0):
///
///   B <- B - η ∂L/∂B,   A <- A - η decoder_ratio ∂L/∂A,
///
/// both from the same weights. L is a sum over samples and coordinates, not a mean: steps and
/// kernels are those of docs/theory/tangent_kernel.md. The automatic step is 1.8/λ_max with λ_max
/// of the tangent kernel of `start` (tangent_power), in the mode and ratio of the run, the same for
/// any `products`.
///
/// A rise of the loss is one above the rounding of X - X̂: from a loss above (64ε)²‖X‖²_F/2.
///
/// @param X      n×d, one sample per row.
/// @param start  without bias, any scale; tied if and only if the mode is Tied.
/// @return       the weights and how the run ended; a divergence is a status, not an exception.
/// @throws InvalidArgument  if shapes or options are outside their domain, or the step is automatic
///         and the kernel is zero; DataError if a checkpoint does not belong to this run;
///         OutputError if one cannot be written.
/// Cost of a step and memory as ops::JointStep; nothing is allocated inside a step. Bitwise the
/// same for any pool size, and for a run that was stopped and resumed with the same `start`. A stop
/// is noticed within one step.
template <std::floating_point Scalar>
TangentDescentResult<Scalar> tangent_descent(const MatrixOf<Scalar>& X,
                                             const model::Weights<Scalar>& start,
                                             const TangentDescentOptions& options,
                                             const TangentDescentHooks<Scalar>& hooks,
                                             ThreadPool& pool, Observer& observer = no_observer());

}  // namespace twofold::train
