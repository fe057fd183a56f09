// Gradient descent on the weight-tied autoencoder x̂ = Wᵀ σ(W x + b), rows of W kept at unit norm.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "twofold/core/observer.hpp"
#include "twofold/data/sampler.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/ops/sparse_codes.hpp"
#include "twofold/train/sgd.hpp"

namespace twofold::train {

/// Options of a run; a step is
///
///   W <- W − ζ_t G,  w_i <- w_i/‖w_i‖,  ζ_t = τ_t · step_unit,
///
/// G as in ops::TiedGradient on the whole batch or on batch number t.
struct DictionaryDescentOptions {
  ops::Gate gate;  ///< at the start
  ops::TiedGradient gradient = ops::TiedGradient::Approximate;
  double step = 1.0;       ///< τ_0 > 0
  double last_step = 0.0;  ///< τ at the last iteration, geometric in between; 0: constant τ_0
  double step_unit = 1.0;  ///< > 0: 1/max_i p_i (mixture), m/(k κ₂) (sparse), ...
  std::int64_t iterations = 30;
  bool normalise = true;

  /// relu: after each step bias <- −max(|bias|/bias_shrink, bias_floor), with bias_floor at most
  /// |bias|. 1: constant.
  double bias_shrink = 1.0;
  double bias_floor = 0.0;
  /// jump_relu, hard_threshold: threshold at the last iteration, geometric in between; 0: constant.
  double last_threshold = 0.0;

  /// A step is taken only if the loss does not rise by more than 1e-3 of itself; else τ is halved
  /// and the same gradient tried again; after a success τ <- min(1.2 τ, τ_t). A rise that rounding
  /// explains counts for nothing. Whole batch only.
  bool backtrack = false;
  std::int64_t most_halvings = 20;  ///< of one iteration; then the run has collapsed: Diverged

  /// Every so many iterations, in the first half of them, units are replaced by the samples of the
  /// batch that the dictionary explains worst: those that fired less than `reseed_below` or
  /// more than 3 times the expected rate, and one of two with |cos| > 0.9. 0: never. Small batches
  /// are counted together in between: then reseed_every · batch · expected_rate should be 20 or
  /// more (100 for reseed_below = 0.5), or chance replaces good units.
  std::int64_t reseed_every = 0;
  double expected_rate = 0.0;  ///< k/m, needed for reseeding
  /// In [0, 1). 0.5 finds more where all atoms are as frequent, but takes units from rare ones.
  double reseed_below = 0.3;

  /// After the last iteration: so many steps with least-squares codes on the detected support and
  /// G = −(1/N) CᵀR, at the last τ; their fixed point is A itself whatever its coherence.
  std::int64_t polish = 0;

  /// Diverged when the loss exceeds this (> 1) times ½ mean ‖x‖², the loss of empty codes. Rows of
  /// unit norm hide a blow-up; this is where it shows.
  double divergence_limit = 10;
  std::vector<std::int64_t> record_steps = {};  ///< increasing, within [0, iterations + polish]
  std::string stage = "train";
  CheckpointPolicy checkpoint = {};
};

/// State at a recorded iteration, before its step.
template <std::floating_point Scalar>
struct DictionaryState {
  std::int64_t iteration = 0;
  const MatrixOf<Scalar>& atoms;
  double loss = 0;    ///< ½ mean ‖r‖² over the batch: the witness of a collapse
  double active = 0;  ///< mean number of active units a sample
  double step = 0;    ///< τ
  double bias = 0;
};

template <std::floating_point Scalar>
struct DictionaryHooks {
  std::function<void(const DictionaryState<Scalar>&)> on_record;
  std::function<std::string()> on_save;  ///< as in SgdHooks
  std::function<void(std::int64_t k, const std::string&)> on_resume;
};

/// How a run ended.
template <std::floating_point Scalar>
struct [[nodiscard]] DictionaryResult {
  MatrixOf<Scalar> atoms;  ///< W, m×d; at a collapse the last accepted one
  SgdStatus status = SgdStatus::Finished;
  std::int64_t iterations = 0;
  std::int64_t first_iteration = 0;  ///< > 0 if it went on from a checkpoint
  double loss = 0;                   ///< at the end
  ops::Gate gate;                    ///< at the end: bias and threshold after their schedules
  std::int64_t rejected = 0;         ///< steps that backtracking refused
  std::int64_t reseeded = 0;         ///< units replaced
  std::vector<std::int64_t> usage;   ///< m: how often each unit fires on the (last) batch; empty if
                                     ///< none was looked at
  StopRequest stop = StopRequest::None;
};

/// Descent on the fixed batch X (N×d).
///
/// @param start   m×d, finite; rows are normalised first if options.normalise, and none may be 0.
/// @param oracle  if not null: the support that every step uses instead of the gate's (N rows).
/// @return        status Finished, Interrupted, NonFinite, or Diverged: a collapse is a status, and
///                its weights are saved if there is a checkpoint folder.
/// @throws InvalidArgument  if shapes or options are outside their domain; DataError if a
///         checkpoint does not belong to this run; OutputError if one cannot be written.
/// Cost of an iteration: ops::encode and ops::tied_gradient once, with backtracking once per trial.
/// Bitwise the same for any pool size, and for a run that was stopped and resumed.
/// Source  [nguyen2019]; docs/theory/dictionary_recovery.md.
template <std::floating_point Scalar>
DictionaryResult<Scalar> dictionary_descent(const MatrixOf<Scalar>& X, MatrixOf<Scalar> start,
                                            const DictionaryDescentOptions& options,
                                            const DictionaryHooks<Scalar>& hooks, ThreadPool& pool,
                                            Observer& observer = no_observer(),
                                            const ops::SparseCodes<Scalar>* oracle = nullptr);

/// The same with batch number t of the sampler at iteration t: fresh samples of a generative
/// source, or passes over a file. No backtracking.
template <std::floating_point Scalar>
DictionaryResult<Scalar> dictionary_descent(const data::BatchSampler& sampler,
                                            MatrixOf<Scalar> start,
                                            const DictionaryDescentOptions& options,
                                            const DictionaryHooks<Scalar>& hooks, ThreadPool& pool,
                                            Observer& observer = no_observer());

}  // namespace twofold::train
