// What a Workspace holds.
#pragma once

#include <memory>

#include "twofold/ops/workspace.hpp"

namespace twofold::ops {

struct ActiveBuffers;

// Codes and slopes are stored neuron by neuron (n×m for m samples): a block of neurons is then
// contiguous, and its products with X, E and the weights read and write whole rows.
template <std::floating_point Scalar>
struct Workspace<Scalar>::Buffers {
  Index batch, d, neurons, chunk;
  FloatProducts products;
  VectorOf<Scalar> codes;   // n×m: z, then h = σ(z)
  VectorOf<Scalar> slopes;  // n×m: σ'(z)
  VectorOf<Scalar> strips;  // one m×d sum of scale·h_i a_i a strip; the first becomes the residual
  VectorOf<Scalar> back;    // one block (kNeurons×m) of ⟨a_i, e_s⟩ σ'(z_si) a strip
  VectorOf<Scalar> rows;    // three rows of n codes a strip, for activations that need whole rows
  Vector squares;           // m: ‖e_s‖²
  std::unique_ptr<ActiveBuffers> active = nullptr;  // made when first wanted
};

}  // namespace twofold::ops
