// Training of the encoder B of y = sign(Bx), rows of unit norm, with the best linear decoder.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/train/population_loss.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::train {

/// Options common to both methods. Step k = 0 .. K−1 is
///   B <- rows of (B − η_k G) divided by their norms,   η_k = η_0 (η_{K−1}/η_0)^{k/(K−1)},
/// with G = d ∂R/∂B tangent to the spheres of the rows: d times the gradient of R, because R is an
/// average over d coordinates.
struct SignEncoderOptions {
  std::int64_t steps = 400;                     ///< K >= 0 updates
  double first_step = 0.5;                      ///< η_0, finite and > 0
  double last_step = 0.01;                      ///< η_{K−1}, finite and > 0
  std::vector<std::int64_t> record_steps = {};  ///< increasing, within [0, K]
  std::string stage = "train";                  ///< name in progress reports
  CheckpointPolicy checkpoint = {};             ///< stopped and resumed gives the same bits
};

/// What the caller wants to see; an empty function is not called.
struct SignEncoderHooks {
  /// At each of `record_steps`, before the update of that step (k = 0: the start, k = K: the end),
  /// with the training estimate of R at these weights.
  std::function<void(std::int64_t k, const Matrix& B, double loss)> on_record;

  /// As in SgdHooks: text kept in each checkpoint, handed back when a run goes on from step k.
  std::function<std::string()> on_save;
  std::function<void(std::int64_t k, const std::string&)> on_resume;
};

/// How a run ended. Status: Finished, Interrupted or NonFinite; unit rows cannot diverge.
struct [[nodiscard]] SignEncoderResult {
  Matrix encoder;  ///< B, n×d, rows of unit norm
  SgdStatus status = SgdStatus::Finished;
  std::int64_t steps = 0;                ///< updates made
  std::int64_t first_step = 0;           ///< > 0 if it went on from a checkpoint
  double loss = 0;                       ///< the last training estimate of R
  StopRequest stop = StopRequest::None;  ///< the reason, if Interrupted
};

/// Descent along the exact gradient of R (population_loss.hpp) on problem.masks fresh masks per
/// step. No samples, no surrogate for the derivative of the sign.
///
/// The loss reported is R on the masks of that step and scatters accordingly: standard deviation
/// .017 for 48 masks (d = 64, p = .3). Judge the result by population_loss on some thousand masks.
///
/// @param start  B(0), n×d, finite, no zero row; its rows are divided by their norms first.
/// @param seed   of the masks.
/// @throws InvalidArgument  if a number or shape is outside its domain; DataError if a checkpoint
///         does not belong to this run; OutputError if one cannot be written.
/// Cost per step: twice that of population_loss. Bitwise the same for any pool size, and for a run
/// that was stopped and resumed. A stop is noticed within one step.
/// Source  docs/theory/one_bit.md#training.
SignEncoderResult population_descent(Matrix start, const PopulationProblem& problem,
                                     const SignEncoderOptions& options, std::uint64_t seed,
                                     const SignEncoderHooks& hooks, ThreadPool& pool,
                                     Observer& observer = no_observer());

/// Options of surrogate_descent.
struct SurrogateOptions {
  double width = 0.1;         ///< τ > 0, relative to the standard deviation of a coordinate
  double memory = 0.95;       ///< in [0, 1): weight the running C and K keep at each step
  double ridge = 1e-3;        ///< > 0, added to the diagonal of K, which is 1
  bool leave_one_out = true;  ///< a bit's own term is left out of its residual; false to compare
};

/// Stochastic gradient descent on batch number k of the sampler, for data of any law.
///
/// The step of sign at 0 is spread into (1/τ) sech²(z/τ). Per batch: Z = X Bᵀ, Y = sign(Z) with
/// sign(0) = +1; running averages C of xyᵀ, K of yyᵀ and P of ‖x‖²/d; A = C (K + ridge I)⁻¹;
///
///   G = −(2/P) mean (h ∘ (1/τ) sech²(z/τ)) xᵀ,   h = Aᵀ(x − A y) + y ∘ diag(AᵀA),
///
/// h_i being the residual without bit i. With it τ hardly matters. sech² is computed to a relative
/// 0.4 % up to z = 3τ.
///
/// The loss reported is Σ‖x − Ay‖²/Σ‖x‖² over that batch, with the A it helped to fit: it is too
/// low by about 2 n (1 − memory)/batch of itself, 0.6 % for n = 64, batch 1000. Judge the result by
/// a fresh fit on other samples.
///
/// @param sampler  of centred data: R is relative to E‖x‖². Batches are drawn in single precision.
/// @param start    B(0), n×d, finite, no zero row; its rows are divided by their norms first.
/// @return         NonFinite if a batch is, or is all zeros.
/// @throws InvalidArgument  if a number or shape is outside its domain; DataError from the source,
///         or if a checkpoint does not belong to this run; OutputError if one cannot be written.
/// Cost per step: drawing the batch, batch·n (8 d + 4 n) flops in single precision, and
/// n³/3 + 3 n² d in double. Bitwise the same for any pool size, and for a run that was stopped and
/// resumed. A stop is noticed within one step.
/// Source  docs/theory/one_bit.md#training.
SignEncoderResult surrogate_descent(const data::BatchSampler& sampler, Matrix start,
                                    const SurrogateOptions& surrogate,
                                    const SignEncoderOptions& options,
                                    const SignEncoderHooks& hooks, ThreadPool& pool,
                                    Observer& observer = no_observer());

}  // namespace twofold::train
