// The memory of the compute kernels, made once.
#pragma once

#include <memory>
#include <string_view>

#include "twofold/linalg/matrix.hpp"
#include "twofold/linalg/split_product.hpp"
#include "twofold/model/activation.hpp"
#include "twofold/model/weights.hpp"

namespace twofold::ops {

/// Sizes of the fixed pieces a batch is computed in. They depend on the shapes of the problem only,
/// never on the number of threads: that makes every result bitwise the same for any pool.
struct Blocking {
  static constexpr Index kNeurons = 256;  ///< neurons per block: its rows stay in the L2 cache
  static constexpr Index kStrips = 16;    ///< strips of consecutive blocks, one accumulator each
  static constexpr Index kSamples = 16;   ///< samples per block where the strips are added up

  /// Samples per chunk, at most 1024: larger batches are computed chunk by chunk, so that the
  /// memory is bounded (about 2^24 scalars a buffer) whatever the batch.
  [[nodiscard]] static Index chunk(Index d, Index neurons) noexcept;
};

/// Scratch memory of loss_gradient, reconstruct and loss, which allocate nothing.
///
/// For d inputs, n neurons, and chunks of c <= batch samples it holds 2nc + 16cd + 4096c + 48n
/// scalars; the first call with a ReLU may make further (16cd + 3cd, and 16 blocks), and split
/// products need 4cd + 2048(c + d) more, with top_k 48n numbers in double. One call at a time may
/// use it; its contents mean nothing between calls.
///
/// Split products are off by about 5e-6 of each gradient (split_error bounds them); no code is on
/// the wrong side of a jump of σ or σ', or wrongly kept by top_k, for it.
template <std::floating_point Scalar>
class Workspace {
 public:
  /// @param batch    largest number of samples of a call, >= 1.
  /// @param d        dimension of the samples, >= 1.
  /// @param neurons  number of neurons, >= 1.
  /// @param products  SplitBf16 for float only.
  /// @throws InvalidArgument  otherwise.
  Workspace(Index batch, Index d, Index neurons, FloatProducts products = FloatProducts::Float);
  ~Workspace();
  Workspace(Workspace&&) noexcept;
  Workspace& operator=(Workspace&&) noexcept;

  /// What computes the products of this network on this machine, such as "float (BLAS)",
  /// "float, pairs that fire (AVX-512)" or "split_bf16 (amx_bf16)".
  [[nodiscard]] std::string_view arithmetic(const model::Weights<Scalar>& weights,
                                            const model::Activation& activation) const noexcept;

  struct Buffers;  // private to src/ops
  [[nodiscard]] Buffers& buffers() noexcept { return *buffers_; }

 private:
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace twofold::ops
