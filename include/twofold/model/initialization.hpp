// Where training starts: the cloud of neurons w_i at time 0.
#pragma once

#include <cstdint>
#include <string_view>

#include "twofold/linalg/matrix.hpp"

namespace twofold::model {

/// How the neurons are drawn, with r0 = scale.
enum class Initialization {
  Iid,       ///< w_i ~ N(0, r0² I) independently
  Paired,    ///< the first half iid, then w_{i+N/2} = -w_i
  Balanced,  ///< N = 2dk: ±r0√d times the rows of k Haar orthogonal matrices
};

/// "iid", "paired" or "balanced".
[[nodiscard]] std::string_view initialization_name(Initialization kind);

/// The inverse of initialization_name. @throws InvalidArgument  listing the names.
[[nodiscard]] Initialization parse_initialization(std::string_view name);

/// Neurons w_i as the rows of an N×d matrix, in the units of the weights.
///
/// Second moment C_0 = (1/N) Σ w_i w_iᵀ: r0² I on average for Iid and Paired, exactly (to rounding)
/// for Balanced, which makes N = 2d neurons reproduce the limit N = ∞ (docs/theory/mean_field.md).
/// Paired and Balanced are symmetric under w -> -w; the mirror of row i is row i + N/2.
/// Random numbers: RandomStream(seed, "neurons"), one index per row (Balanced: per frame), so that
/// the first rows of a wider network are those of a narrower one (Iid).
/// @throws InvalidArgument  if N or d < 1, scale is not finite or <= 0, N is odd (Paired), or not a
///   multiple of 2d (Balanced).
[[nodiscard]] Matrix initial_neurons(Initialization kind, Index neurons, Index d, double scale,
                                     std::uint64_t seed);

}  // namespace twofold::model
