// Sparse codes of the weight-tied autoencoder x̂ = Wᵀ σ(W x + b): encode, decode, gradient.
//
// Only active units cost in decoding and in the gradient. W is m×d, one atom a row; X is N×d.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "twofold/core/parallel.hpp"
#include "twofold/linalg/matrix.hpp"
#include "twofold/model/activation.hpp"

namespace twofold::ops {

/// Rows of codes in compressed form (CSR): the codes of sample s are entries
/// [offset[s], offset[s+1]), with increasing index.
template <std::floating_point Scalar>
struct SparseCodes {
  std::vector<std::int64_t> offset{0};  ///< N + 1
  std::vector<std::int32_t> index;      ///< atom, in [0, m)
  std::vector<Scalar> value;
  Index atoms = 0;  ///< m

  [[nodiscard]] Index rows() const noexcept { return static_cast<Index>(offset.size()) - 1; }
  [[nodiscard]] std::int64_t size() const noexcept {
    return static_cast<std::int64_t>(index.size());
  }
};

/// Which units of a sample fire, and with what value; v = z + bias, z = W x:
///   relu            v > 0           hard_threshold  |z| >= λ
///   jump_relu       z > t           top_k           the k largest |z|, ties to the lowest index
/// `bias` is <= 0, and 0 for all but relu. `positive`: top_k takes the k largest z > 0 instead;
/// hard_threshold refuses it. A NaN fires in all of them, so that the loss shows it.
struct Gate {
  model::Activation activation = model::HardThreshold{};
  double bias = 0.0;
  bool positive = false;
};

/// Codes of the rows of X (any number, also 0). `codes` is overwritten; its memory is used again.
/// @throws InvalidArgument  if shapes disagree or the gate is outside its domain.
/// Cost 2Nmd flops, then the active entries: at the speed of gemm; for float, where few units fire
/// and the processor multiplies bfloat16, at up to twice that. Bitwise the same for any pool.
/// Accuracy: z within d eps ‖x‖ ‖w‖ and the gate applied to that z. Defined by reference::encode.
template <std::floating_point Scalar>
void encode(std::type_identity_t<ConstView<Scalar>> X, std::type_identity_t<ConstView<Scalar>> W,
            const Gate& gate, SparseCodes<Scalar>& codes, ThreadPool& pool);

/// x̂_s = Σ active value·w: N×d, overwritten. Bitwise the same for any pool.
/// @throws InvalidArgument  if shapes disagree or the codes are not well formed.
template <std::floating_point Scalar>
void decode(const SparseCodes<Scalar>& codes, std::type_identity_t<ConstView<Scalar>> W,
            std::type_identity_t<View<Scalar>> Xhat, ThreadPool& pool);

/// What moves the atoms; codes C (N×m), D = 1[active], residual R = X − C W, all of one batch:
///   Approximate  G = −(1/N) [ Cᵀ R + (D ∘ (R Wᵀ))ᵀ X ]   exact for relu; drops the jumps of a gate
///   DecoderOnly  G = −(1/N) Cᵀ R
///   Sign         G = −(1/N) sign(C)ᵀ R
enum class TiedGradient { Approximate, DecoderOnly, Sign };

/// Loss 1/(2N) Σ ‖x − x̂‖² of given codes, and G (m×d, overwritten).
///
/// @param codes  of X at W by `encode`, or on a support of the caller's.
/// @throws InvalidArgument  for an empty batch, and as decode.
/// Cost 4d to 8d flops an active entry. Bitwise the same for any pool. Defined by
/// reference::tied_gradient.
template <std::floating_point Scalar>
double tied_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     std::type_identity_t<ConstView<Scalar>> W, const SparseCodes<Scalar>& codes,
                     TiedGradient kind, std::type_identity_t<View<Scalar>> G, ThreadPool& pool);

/// Values z + bias on a given support (the codes' indices): the codes an oracle gate would let
/// through. Overwrites codes.value. Bitwise the same for any pool.
/// @throws InvalidArgument  as decode.
template <std::floating_point Scalar>
void encode_on_support(std::type_identity_t<ConstView<Scalar>> X,
                       std::type_identity_t<ConstView<Scalar>> W, double bias,
                       SparseCodes<Scalar>& codes, ThreadPool& pool);

/// Least-squares values on the support of `codes`: argmin ‖x − Σ_active v w‖², by the Gram matrix
/// in double; where that is singular, to 1e-10 of its diagonal, with a ridge of 1e-10. Overwrites
/// codes.value. Bitwise the same for any pool. Cost 2dk² + k³/3 a sample.
/// @throws InvalidArgument  as decode.
template <std::floating_point Scalar>
void least_squares_codes(std::type_identity_t<ConstView<Scalar>> X,
                         std::type_identity_t<ConstView<Scalar>> W, SparseCodes<Scalar>& codes,
                         ThreadPool& pool);

/// How often each atom fires: count of its entries (m).
/// @throws InvalidArgument  if the codes are not well formed.
template <std::floating_point Scalar>
[[nodiscard]] std::vector<std::int64_t> usage(const SparseCodes<Scalar>& codes);

namespace reference {

/// As ops::encode, by plain loops; sums in double.
template <std::floating_point Scalar>
void encode(std::type_identity_t<ConstView<Scalar>> X, std::type_identity_t<ConstView<Scalar>> W,
            const Gate& gate, SparseCodes<Scalar>& codes);

/// As ops::tied_gradient.
template <std::floating_point Scalar>
double tied_gradient(std::type_identity_t<ConstView<Scalar>> X,
                     std::type_identity_t<ConstView<Scalar>> W, const SparseCodes<Scalar>& codes,
                     TiedGradient kind, std::type_identity_t<View<Scalar>> G);

}  // namespace reference
}  // namespace twofold::ops
