// A training step of the k-sparse autoencoder: codes, loss, gradient, update.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/model/topk_autoencoder.hpp"
#include "twofold/ops/sparse_codes.hpp"

namespace twofold::ops {

/// Codes z of the rows of X (any number, also 0): CSR, index ascending, values > 0. Overwritten;
/// its memory is used again. A NaN pre-activation fires, above every number.
/// @throws InvalidArgument  if shapes disagree or k < 1.
/// Cost 2Nmd flops; for float and k << m, where the processor multiplies bfloat16 or bytes, at two
/// to four times the speed of gemm: such products tell which units cannot be among the k largest.
/// Accuracy as ops::encode: u within (d + 2) eps (‖x − c‖ ‖e_j‖ + |b_j|), the rule applied to that
/// u exactly. Bitwise the same for any pool.
template <std::floating_point Scalar>
void topk_encode(const model::TopKAutoencoder<Scalar>& weights, Index k,
                 std::type_identity_t<ConstView<Scalar>> X, SparseCodes<Scalar>& codes,
                 ThreadPool& pool);

/// x̂ = Dᵀ z + c: N×d, overwritten. Bitwise the same for any pool.
/// @throws InvalidArgument  if shapes disagree or the codes are not well formed.
template <std::floating_point Scalar>
void topk_decode(const model::TopKAutoencoder<Scalar>& weights, const SparseCodes<Scalar>& codes,
                 std::type_identity_t<View<Scalar>> Xhat, ThreadPool& pool);

/// How the weights move along the gradient G with step η.
///   sgd   w <- w − η G
///   adam  p <- β₁ p + (1 − β₁) G,  q <- β₂ q + (1 − β₂) G²,
///         w <- w − η p̂/(√q̂ + ε),  p̂ = p/(1 − β₁ᵗ),  q̂ = q/(1 − β₂ᵗ)       [kingma2015]
/// Adam is dense: a unit that did not fire goes on by its moments.
enum class TopKOptimizer { Sgd, Adam };

/// Options of a step; the defaults are those of [gao2024] where it gives one.
struct TopKStepOptions {
  Index k = 32;  ///< >= 1
  TopKOptimizer optimizer = TopKOptimizer::Adam;
  double beta1 = 0.9, beta2 = 0.999;  ///< in [0, 1)
  /// > 0. With a loss per sample, not per entry, gradients are d times those of [gao2024].
  double epsilon = 1e-8;

  /// Rows of D (of E = D if tied) stay at norm 1: G loses its part along the row before the
  /// optimizer sees it, and the row is normalised after the update. It costs the model nothing,
  /// E scales the codes, and makes them comparable. A row that is 0 or not finite stays as it is.
  bool unit_decoder = true;

  /// A unit is dead when it has not fired on more samples than this, > 0.
  std::int64_t dead_after = 10'000'000;
  /// Auxiliary loss, see TopKStep; its weight α >= 0. 0: none.
  double aux_weight = 1.0 / 32;
  Index aux_k = 0;  ///< dead units a sample that it may use; 0: d/2, but 1 at least
};

/// What a run of steps carries along.
template <std::floating_point Scalar>
struct TopKState {
  model::TopKAutoencoder<Scalar> weights;
  model::TopKAutoencoder<Scalar> first, second;  ///< p, q of Adam; empty without
  std::int64_t steps = 0;                        ///< t, updates made
  std::vector<std::int64_t> silent;              ///< samples since each unit fired (m)
};

/// The state before the first step: moments and counters 0.
/// @param start  rows of D are normalised first if options.unit_decoder; of E too where it equals D
///   before that.
/// @throws InvalidArgument  if shapes or options are outside their domain.
template <std::floating_point Scalar>
[[nodiscard]] TopKState<Scalar> topk_state(model::TopKAutoencoder<Scalar> start,
                                           const TopKStepOptions& options);

/// A batch at the weights before its update. Sums over the samples are in double, those of ‖x − x̂‖²
/// over the entries of a sample in Scalar.
struct TopKBatch {
  double loss = 0;                ///< 1/(2N) Σ ‖x − x̂‖²
  double aux_loss = 0;            ///< the auxiliary loss without its weight α; 0 if there is none
  double explained_variance = 0;  ///< 1 − Σ‖x − x̂‖² / Σ‖x − x̄‖²; 0 for constant samples
  double active = 0;              ///< mean number of units that fire on a sample, L0
  Index dead = 0;                 ///< dead units, after this batch
};

/// Steps of the k-sparse autoencoder on the loss L + α L_aux,
///
///   L = 1/(2N) Σ ‖x − x̂‖²,    L_aux = (S_x/S_e) 1/(2N) Σ ‖e − ê‖²,    e = x − x̂,  ê = Dᵀ z′,
///
/// z′: the pre-activations of the dead units, of which the aux_k largest that are positive. S_x and
/// S_e are Σ‖x − x̄‖² and Σ‖e − ē‖² over the batch, so that L_aux stays of one size while e shrinks:
/// divided by S_x/2N the two are the normalised errors of [gao2024]'s code. e, S_x and S_e count as
/// constants in the gradient of L_aux; there is none where S_e = 0 or no unit is dead. With
/// g_sj = ⟨d_j, r⟩ where unit j fires on s (r = −(x − x̂)/N, for z′ −α S_x/S_e (e − ê)/N):
///
///   dD_j = Σ_s z_sj r_s,  dE_j = Σ_s g_sj (x_s − c),  db_j = Σ_s g_sj,  dc = Σ_s r_s − Eᵀ db;
///
/// Σ_s r_s of L only. Tied: dD + dE. The choice of units counts as constant; L is not
/// differentiable where it changes.
///
/// Work space grows with the first steps; then nothing is allocated inside one. Bitwise the same
/// for any number of threads. Defined by reference::topk_gradient and reference::topk_update.
template <std::floating_point Scalar>
class TopKStep {
 public:
  /// @throws InvalidArgument  if an option is outside its domain.
  explicit TopKStep(const TopKStepOptions& options);
  ~TopKStep();
  TopKStep(TopKStep&&) noexcept;
  TopKStep& operator=(TopKStep&&) noexcept;

  /// Codes and loss of the rows of X. The state is not changed: whoever finds the loss not finite
  /// still has the weights.
  /// @param X  N×d, N >= 1; must live until update or gradient.
  /// @throws InvalidArgument  if shapes disagree or the batch is empty.
  /// Cost 2Nmd flops, then 4d an active entry; with dead units 2N·dead·d for L_aux.
  TopKBatch forward(const TopKState<Scalar>& state, std::type_identity_t<ConstView<Scalar>> X,
                    ThreadPool& pool);

  /// One update with the batch of the last forward, at the same state.
  /// @param step  η, finite and >= 0.
  /// @throws InvalidArgument  if there was no forward, or shapes disagree.
  /// Cost 4d flops an active entry, and one pass over weights and moments.
  void update(TopKState<Scalar>& state, double step, ThreadPool& pool);

  /// The gradient of L + α L_aux that update would use, before the projection of unit_decoder.
  /// @throws InvalidArgument  as update.
  void gradient(const TopKState<Scalar>& state, model::TopKAutoencoder<Scalar>& out,
                ThreadPool& pool);

  /// Codes of the last forward.
  [[nodiscard]] const SparseCodes<Scalar>& codes() const noexcept;

 private:
  struct Work;
  std::unique_ptr<Work> work_;
};

namespace reference {

/// TopKStep::forward and gradient by plain loops; sums in double.
template <std::floating_point Scalar>
TopKBatch topk_gradient(const TopKState<Scalar>& state, const TopKStepOptions& options,
                        std::type_identity_t<ConstView<Scalar>> X, SparseCodes<Scalar>& codes,
                        model::TopKAutoencoder<Scalar>& gradient);

/// TopKStep::update with the codes and gradient of topk_gradient.
template <std::floating_point Scalar>
void topk_update(TopKState<Scalar>& state, const TopKStepOptions& options,
                 const SparseCodes<Scalar>& codes, const model::TopKAutoencoder<Scalar>& gradient,
                 double step);

}  // namespace reference
}  // namespace twofold::ops
