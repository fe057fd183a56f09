// What a Workspace holds.
#pragma once

#include <algorithm>
#include <memory>

#include "twofold/ops/workspace.hpp"

namespace twofold::ops {

struct ActiveBuffers;
struct SplitBuffers;

// Codes and slopes are stored neuron by neuron (n×m for m samples): a block of neurons is then
// contiguous, and its products with X, E and the weights read and write whole rows.
template <std::floating_point Scalar>
struct Workspace<Scalar>::Buffers {
  Index batch, d, neurons, chunk;
  Index block;              // neurons of a block
  VectorOf<Scalar> codes;   // n×m: z, then h = σ(z)
  VectorOf<Scalar> slopes;  // n×m: σ'(z)
  VectorOf<Scalar> strips;  // one m×d sum of scale·h_i a_i a strip; the first becomes the residual
  VectorOf<Scalar> back;    // one block (kNeurons×m) of ⟨a_i, e_s⟩ σ'(z_si) a strip
  VectorOf<Scalar> rows;    // three rows of n codes a strip, for activations that need whole rows
  Vector squares;           // m: ‖e_s‖²
  std::unique_ptr<ActiveBuffers> active = nullptr;  // made when first wanted
  std::unique_ptr<SplitBuffers> split = nullptr;    // null unless products are split

  [[nodiscard]] Index block_strips() const noexcept {
    return std::min(Blocking::kStrips, num_blocks(neurons, block));
  }
};

}  // namespace twofold::ops
